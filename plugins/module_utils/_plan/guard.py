# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 would refuse, found before the first write: limits of the type, prefixes off Nitro, what doesn't exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .addresses import Block
from .errors import Problems
from .model import ASSIGN_CONTAINERS, ASSIGNS, MODE_PREFIX, Allocation, Desired, InstanceType, Request, Subnet
from .tags import NAME_RULE, PREFIX, is_name
from .words import some

_MOST_NAMED = 3  # addresses and prefixes in a message


def check_fleet_name(fleet: str, problems: Problems) -> None:
    """The fleet's name goes into tags and descriptions."""
    if not is_name(fleet):
        problems.add("fleet", NAME_RULE, repr(fleet))


def check_desired(desired: Desired, problems: Problems) -> None:
    """The fleet's own settings, by themselves: its name, its tags, its way of assigning."""
    check_fleet_name(desired.fleet, problems)
    for key in sorted(desired.tags):
        if key.startswith(PREFIX):
            problems.add(
                f"tags[{key}]", f"must not begin with {PREFIX}, which carries the fleet's state", desired.tags[key]
            )
    if not check_assign(desired.assign, problems):
        problems.raise_if_any()


def check_assign(assign: str, problems: Problems) -> bool:
    """Whether it is a way that there is; where it is none, nothing that depends on it can be judged."""
    if assign not in ASSIGNS:
        problems.add("assign", f"must be {' or '.join(ASSIGNS)}", assign)
    return assign in ASSIGNS


def check_groups(wanted: Iterable[str], groups: Mapping[str, str], vpc_id: str, problems: Problems) -> None:
    """The security groups must be there, and of the run's VPC (empty: it is yet to be made)."""
    for index, group in enumerate(wanted):
        vpc = groups.get(group)
        if vpc is None:
            problems.add(f"security_groups[{index}]", "must be an existing security group", group)
        elif vpc_id and vpc != vpc_id:
            problems.add(f"security_groups[{index}]", f"must be of the subnet's VPC {vpc_id}", f"{group} of {vpc}")


def check_request(
    request: Request, subnet: Subnet | None, types: Mapping[str, InstanceType], problems: Problems
) -> None:
    """The instance type must be one that this region has, and one that works where there is no IPv4."""
    name = request.instance_type
    if name is None:
        return
    kind = types.get(name)
    path = f"{request.path}.instance_type"
    if kind is None:
        problems.add(path, "must be an instance type of this region", name)
    elif subnet is not None and subnet.native and not kind.nitro:
        # EC2 user guide, "IPv6-only subnets": instances in them must be built on Nitro.
        problems.add(path, f"must be a Nitro type in {subnet.id}, which has IPv6 only", name)


def check_limits(
    request: Request,
    allocation: Allocation,
    kept: Sequence[Block],
    types: Mapping[str, InstanceType],
    problems: Problems,
) -> None:
    """The addresses and prefixes together must fit one interface of the host's type, with what is ``kept`` on it though
    nobody asked for it."""
    kind = types.get(request.instance_type or "")
    if kind is None:
        return
    path = f"{request.path}.instance_type"
    if not kind.ipv6:
        problems.add(path, "must be a type that supports IPv6", kind.name)
        return
    if allocation.mode == MODE_PREFIX and not kind.nitro:
        problems.add(path, "must be a Nitro type for container_mode prefix (or use container_mode block)", kind.name)
    needed = len(allocation.addresses) + len(allocation.prefixes) + len(kept)
    if needed > kind.addresses:
        what = str(allocation.block)
        way_out = "a larger type, a smaller block or container_mode prefix"
        if allocation.mode == MODE_PREFIX:
            way_out = "a larger type"
        elif allocation.assign == ASSIGN_CONTAINERS:
            what = f"{allocation.count} containers"
            way_out = "a larger type, a smaller container_count or container_mode prefix"
        parts = f"{what} and the host's own"
        if kept:
            parts += f", beside what nobody asked for: {some(kept, _MOST_NAMED)}"
        purge = "; purge takes away what nobody asked for" if kept else ""
        rule = f"must allow {needed} IPv6 addresses per interface for {parts} ({way_out} does{purge})"
        problems.add(path, rule, f"{kind.name} with {kind.addresses}")
