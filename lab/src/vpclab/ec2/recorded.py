# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that keep the records made of them, so that a thousand of them are not recorded anew with each call."""

from __future__ import annotations

from typing import Any

RECORDS = ("told", "noted")


class Recorded:
    """Keeps the snapshot's record of it (``told``) and the history's (``noted``) until any attribute is assigned.

    So its attributes are assigned, never changed in place.
    """

    told: Any = None
    noted: dict[str, Any] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign, and forget the records."""
        super().__setattr__(name, value)
        if name not in RECORDS:
            for record in RECORDS:
                super().__setattr__(record, None)
