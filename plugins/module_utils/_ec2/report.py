# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did or would do, as the module tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._plan.changes import Change


@dataclass(frozen=True)
class Report:
    """The hosts by name, the changes in the order of work, the fleet before and after as text.

    ``notes``: what is kept though nobody asked for it. ``reservations``: the range that blocks come from, by subnet.
    """

    hosts: dict[str, dict[str, Any]]
    changes: tuple[Change, ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()
    reservations: Mapping[str, str] = field(default_factory=dict)
