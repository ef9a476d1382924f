# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did or would do, as the module tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._plan.changes import Change
from .._plan.model import GATEWAY, Allocation, Interface, Subnet


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


def describe_host(allocation: Allocation, interface: Interface | None, subnet: Subnet) -> dict[str, Any]:
    """What the playbooks know of a host; ``interface`` is ``None`` while it is only planned."""
    return {
        "eni_id": interface.id if interface else None,
        "mac_address": interface.mac if interface else None,
        **allocation.to_dict(),
        "container_mode": allocation.mode,
        "container_count": allocation.container_count,
        "assign": allocation.assign,
        "subnet_id": subnet.id,
        "subnet_cidr": str(subnet.block),
        "gateway": GATEWAY,
        "instance_id": interface.instance_id if interface else None,
        "vpc_id": subnet.vpc_id or None,
        "availability_zone": subnet.zone or None,
    }
