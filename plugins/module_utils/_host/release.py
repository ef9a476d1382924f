# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that says on which releases the host roles work; which engines is in ``_docker/engine``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._plan.errors import Problems

PATH = "/etc/os-release"
#: By the ID in os-release. A derivative has an ID, mirrors and package versions of its own, and is not tried.
OLDEST = {"debian": (12,), "ubuntu": (22, 4)}
RULE = "must be Debian 12 or later, or Ubuntu 22.04 or later"


@dataclass(frozen=True)
class Release:
    """A distribution (``debian``, ``ubuntu``) and its release's name (``trixie``, ``noble``; "" when it has none)."""

    distribution: str
    codename: str


def check(text: str | None, path: str = PATH) -> Release:
    """Refuse another release, by the text of its os-release; Debian's testing has no VERSION_ID. Raises PlanError."""
    found = dict(re.findall(r"""^(\w+)=["']?([^"'\n]*)["']?$""", text or "", re.MULTILINE))
    name, version = found.get("ID", ""), found.get("VERSION_ID", "")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    problems = Problems()
    if name not in OLDEST or (numbers and numbers < OLDEST[name]):
        problems.add(path, RULE, found.get("PRETTY_NAME") or f"{name} {version}".strip() or "none")
    problems.raise_if_any()
    return Release(name, found.get("VERSION_CODENAME", ""))
