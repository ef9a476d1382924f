# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases this role has been made for: Debian from 11 and Ubuntu from 22.04, testing ones included."""

from __future__ import annotations

import re

from .._plan.errors import Problems

PATH = "/etc/os-release"
OLDEST = {"debian": (11, 0), "ubuntu": (22, 4)}


def check(text: str | None) -> None:
    """Refuse another release, by its /etc/os-release; Debian's testing has no VERSION_ID. Raises PlanError."""
    found = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text or "", re.MULTILINE))
    name, version = found.get("ID", ""), found.get("VERSION_ID", "")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    problems = Problems()
    if name not in OLDEST or (numbers and numbers < OLDEST[name]):
        got = found.get("PRETTY_NAME") or f"{name} {version}".strip() or "none"
        problems.add(PATH, "must be Debian 11 or later, or Ubuntu 22.04 or later", got)
    problems.raise_if_any()
