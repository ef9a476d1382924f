# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the playbooks know it."""

from __future__ import annotations

from typing import Any

from .model import GATEWAY, Allocation, Interface, Subnet


def describe_host(allocation: Allocation, interface: Interface | None, subnet: Subnet) -> dict[str, Any]:
    """Plain data; ``interface`` is ``None`` while it is only planned."""
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
