# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error that the lab shows its user."""

from __future__ import annotations


class LabError(Exception):
    """What failed, why, and what to do about it; printed as it is, without a traceback."""

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.do = what, why, do

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append("  why: " + self.why.strip().replace("\n", "\n       "))
        if self.do:
            lines.append("  do:  " + self.do)
        return "\n".join(lines)
