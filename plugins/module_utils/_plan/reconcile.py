# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired and observed to a plan: who gets what, and the changes that make it so.

All refusals at once, before any write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .addresses import Block
from .allocate import allocate
from .attach import attachments, is_detached, live_instances
from .changes import Change
from .diff import interfaces_after, render, reservations_after
from .errors import Problems
from .guard import check_desired, check_groups, check_limits, check_request
from .model import MODE_BLOCK, Allocation, Desired, Held, Interface, Observed, Request, Subnet, Taken
from .ownership import Owned, by_host, check_ours, held_of, owned_by, owned_of, taken_in
from .parse import parse_hosts
from .places import Places
from .reservations import Settled, of_fleet, settle
from .steps import Surplus, changes_of, surplus_of
from .targets import Rules, kept_larger, mode_wanted


@dataclass(frozen=True)
class Plan:
    """What will be.

    ``subnets``: those of the hosts. ``interfaces``: the hosts' existing ones. ``notes``: what is kept though nobody
    asked for it. ``reservations``: the fleet's, by subnet.
    """

    subnets: Mapping[str, Subnet]
    allocations: Mapping[str, Allocation]
    interfaces: Mapping[str, Interface]
    changes: tuple[Change, ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()
    reservations: Mapping[str, Block] = field(default_factory=dict)


def plan_present(desired: Desired, observed: Observed, avoid: Iterable[Block] = ()) -> Plan:
    """The plan that gives every desired host its interface.

    ``avoid``: ranges that EC2 refused in this run although nobody is seen to have them. Subnets whose id begins with
    ``new:`` need not be observed: they stand for empty ones that are yet to be made.

    :raises PlanError: everything that stands in the way.
    """
    problems = Problems()
    check_desired(desired, problems)
    ours = owned_by(desired.fleet, observed)
    places = Places(desired, observed.subnets, by_host(ours), problems)
    requests = parse_hosts(desired.hosts, places.locate, problems, desired.assign)
    vpc_id = places.vpc(requests)
    check_ours(ours, problems, vpc_id)
    check_groups(desired.groups, observed.groups, vpc_id, problems)
    _check_moves(desired, requests, problems)
    owned = owned_of(requests, by_host(ours), observed, problems, desired.move)
    for request in requests:
        check_request(request, places.subnets.get(request.subnet_id), observed.types, problems)
    live = live_instances(desired.fleet, observed)
    attached = attachments(requests, owned, live, places.subnets, observed.types, problems)
    held = {
        host: held_of(entry, desired, awaited=is_detached(entry) and bool(live.get(host)))
        for host, entry in owned.items()
    }

    settled: dict[str, Settled] = {}
    allocations: dict[str, Allocation] = {}
    taken = taken_in(observed, owned, held)
    refused = [Taken(block, "in use, says EC2") for block in avoid]
    for subnet, members in _by_subnet(requests, places.subnets):
        settled[subnet.id] = _settle(desired, observed, subnet, members, held, ours, problems)
        rules = Rules(desired.assign, settled[subnet.id].block, frozenset(desired.move))
        others = [*taken.get(subnet.id, ()), *refused]
        kept_off = settled[subnet.id].kept_off
        allocations.update(allocate(_network(subnet), members, held, others, problems, rules, kept_off))
    surplus = {
        host: surplus_of(desired, allocation, owned[host]) for host, allocation in allocations.items() if host in owned
    }
    for request in requests:
        if request.host in allocations:
            kept = surplus.get(request.host, Surplus()).kept
            check_limits(request, allocations[request.host], kept, observed.types, problems)
    problems.raise_if_any()

    changes = [change for entry in settled.values() for change in entry.changes]
    changes += attached.values()
    for host, allocation in allocations.items():
        changes += changes_of(desired, allocation, owned.get(host), surplus.get(host, Surplus()))
    changes.sort()
    before = {host: [entry.interface] for host, entry in owned.items()}
    reserved = {
        subnet_id: [item.block for item in of_fleet(desired.fleet, subnet_id, observed)] for subnet_id in settled
    }
    return Plan(
        subnets={request.subnet_id: places.subnets[request.subnet_id] for request in requests},
        allocations=dict(sorted(allocations.items())),
        interfaces={host: entry.interface for host, entry in owned.items()},
        changes=tuple(changes),
        before=render(before, reserved),
        after=render(interfaces_after(before, changes), reservations_after(reserved, changes)),
        notes=tuple(_notes(requests, allocations, owned, surplus)),
        reservations={subnet_id: entry.block for subnet_id, entry in settled.items() if entry.block is not None},
    )


def _check_moves(desired: Desired, requests: Iterable[Request], problems: Problems) -> None:
    names = {request.host for request in requests}
    for host in desired.move:
        if host not in names:
            problems.add("move", "must name hosts of this run", host)


def _by_subnet(requests: Iterable[Request], subnets: Mapping[str, Subnet]) -> Iterable[tuple[Subnet, list[Request]]]:
    """The subnets that can be planned, by id, each with its hosts."""
    members: dict[str, list[Request]] = {}
    for request in requests:
        members.setdefault(request.subnet_id, []).append(request)
    for subnet_id in sorted(members):
        subnet = subnets.get(subnet_id)
        if subnet is not None and subnet.block is not None:
            yield subnet, members[subnet_id]


def _network(subnet: Subnet) -> Block:
    if subnet.block is None:
        raise AssertionError("a subnet without a network is a problem already")
    return subnet.block


def _settle(
    desired: Desired,
    observed: Observed,
    subnet: Subnet,
    members: Iterable[Request],
    held: Mapping[str, Held],
    ours: Iterable[Owned],
    problems: Problems,
) -> Settled:
    names = {request.host for request in members}
    others = [entry for entry in ours if entry.interface.subnet_id == subnet.id and entry.claim.host not in names]
    blocks = {host: entry.block for host, entry in held.items()}
    has_blocks = any(mode_wanted(request, blocks.get(request.host)) == MODE_BLOCK for request in members)
    return settle(desired, observed, subnet, has_blocks, others, problems)


def _notes(
    requests: Iterable[Request],
    allocations: Mapping[str, Allocation],
    owned: Mapping[str, Owned],
    surplus: Mapping[str, Surplus],
) -> Iterable[str]:
    for request in sorted(requests, key=lambda item: item.host):
        kept = surplus.get(request.host, Surplus()).kept
        if kept:
            listed, eni_id = ", ".join(map(str, kept)), owned[request.host].interface.id
            yield f"{request.host}: {eni_id} has {listed} besides its allocation; left as it is"
        larger = kept_larger(request, allocations[request.host])
        if larger:
            yield larger
