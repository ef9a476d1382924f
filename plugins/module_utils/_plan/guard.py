# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 would refuse, found before the first write: limits of the type, prefixes off Nitro, what doesn't exist."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Problems
from .model import MODE_PREFIX, Allocation, Desired, InstanceType, Observed, Request
from .tags import NAME_RULE, PREFIX, is_name


def check_fleet_name(fleet: str, problems: Problems) -> None:
    """The fleet's name goes into tags and descriptions."""
    if not is_name(fleet):
        problems.add("fleet", NAME_RULE, repr(fleet))


def check_desired(desired: Desired, observed: Observed, problems: Problems) -> None:
    """The fleet's own settings: its name, its subnet, its security groups, its tags."""
    check_fleet_name(desired.fleet, problems)
    for key in sorted(desired.tags):
        if key.startswith(PREFIX):
            problems.add(
                f"tags[{key}]", f"must not begin with {PREFIX}, which carries the fleet's state", desired.tags[key]
            )
    subnet = observed.subnets.get(desired.subnet_id)
    if subnet is None:
        problems.add("subnet_id", "must be an existing subnet of this account and region", desired.subnet_id)
    elif subnet.block is None:
        problems.add("subnet_id", "must have an IPv6 network associated", desired.subnet_id)
    for index, group in enumerate(desired.groups):
        vpc = observed.groups.get(group)
        if vpc is None:
            problems.add(f"security_groups[{index}]", "must be an existing security group", group)
        elif subnet is not None and vpc != subnet.vpc_id:
            problems.add(
                f"security_groups[{index}]", f"must be of the subnet's VPC {subnet.vpc_id}", f"{group} of {vpc}"
            )


def check_type_exists(request: Request, types: Mapping[str, InstanceType], problems: Problems) -> None:
    """The instance type asked for must be one that this region has."""
    if request.instance_type is not None and request.instance_type not in types:
        problems.add(f"{request.path}.instance_type", "must be an instance type of this region", request.instance_type)


def check_limits(
    request: Request, allocation: Allocation, kept: int, types: Mapping[str, InstanceType], problems: Problems
) -> None:
    """The addresses and prefixes together must fit one interface of the host's type, ``kept`` others on it included."""
    kind = types.get(request.instance_type or "")
    if kind is None:
        return
    path = f"{request.path}.instance_type"
    if not kind.ipv6:
        problems.add(path, "must be a type that supports IPv6", kind.name)
        return
    if allocation.mode == MODE_PREFIX and not kind.nitro:
        problems.add(path, "must be a Nitro type for container_mode prefix (or use container_mode block)", kind.name)
    needed = len(allocation.addresses) + len(allocation.prefixes) + kept
    if needed > kind.addresses:
        parts = f"{allocation.block} and the host's own" + (f", beside {kept} more on the interface" if kept else "")
        way_out = (
            "a larger type"
            if allocation.mode == MODE_PREFIX
            else "a larger type, a smaller block or container_mode prefix"
        )
        rule = f"must allow {needed} IPv6 addresses per interface for {parts} ({way_out} does)"
        problems.add(path, rule, f"{kind.name} with {kind.addresses}")
