# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a mirror answers over IPv6: asked by TCP connections from the host itself."""

from __future__ import annotations

from .._host import reach
from .sources import Mirror


def silent(mirror: Mirror) -> str | None:
    """Why the mirror can't be reached over IPv6; None when it can. Every address that it has is tried."""
    return reach.silent(mirror.host, mirror.port)
