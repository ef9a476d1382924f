# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired and observed to a plan: who gets what, and the changes that make it so.

All refusals at once, before any write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .addresses import Block, single
from .allocate import allocate, grown
from .changes import ASSIGN_ADDRESSES, ASSIGN_PREFIXES, CLAIM, CREATE, GROUPS, TAG, Change
from .diff import interfaces_after, render
from .errors import Problems
from .guard import check_desired, check_limits, check_type_exists
from .intervals import IntervalSet
from .model import MODE_PREFIX, Allocation, Desired, Held, Interface, Observed, Request, Subnet, Taken, mode_of
from .parse import parse_hosts
from .tags import CONTAINER_PREFIX, HOST_ADDRESS, Claim, claim_of, description_of, tags_of


@dataclass(frozen=True)
class Plan:
    """What will be.

    ``interfaces``: the hosts' existing ones. ``notes``: what is kept though nobody asked for it.
    """

    subnets: Mapping[str, Subnet]
    allocations: Mapping[str, Allocation]
    interfaces: Mapping[str, Interface]
    changes: tuple[Change, ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()


def plan_present(desired: Desired, observed: Observed, avoid: Iterable[Block] = ()) -> Plan:
    """The plan that gives every desired host its interface.

    ``avoid``: ranges that EC2 refused in this run although nobody is seen to have them.

    :raises PlanError: everything that stands in the way.
    """
    problems = Problems()
    check_desired(desired, observed, problems)
    subnet = observed.subnets.get(desired.subnet_id)
    requests = parse_hosts(desired.hosts, subnet, problems)
    for request in requests:
        check_type_exists(request, observed.types, problems)
    if subnet is None or subnet.block is None:
        problems.raise_if_any()
        raise AssertionError("a subnet without a network is a problem already")

    owned = _owned(desired, requests, observed, problems)
    held = {host: _held(entry) for host, entry in owned.items()}
    taken = [*_taken(desired, subnet, owned, observed), *(Taken(block, "in use, says EC2") for block in avoid)]
    allocations = allocate(subnet.block, requests, held, taken, problems)
    for request in requests:
        if request.host in allocations:
            kept = len(_extra(allocations[request.host], owned[request.host])) if request.host in owned else 0
            check_limits(request, allocations[request.host], kept, observed.types, problems)
    problems.raise_if_any()

    changes = sorted(
        change for host, allocation in allocations.items() for change in _changes(desired, allocation, owned.get(host))
    )
    before = {host: [entry.interface] for host, entry in owned.items()}
    return Plan(
        subnets={subnet.id: subnet},
        allocations=allocations,
        interfaces={host: entry.interface for host, entry in owned.items()},
        changes=tuple(changes),
        before=render(before),
        after=render(interfaces_after(before, changes)),
        notes=tuple(note for host, entry in sorted(owned.items()) for note in _notes(allocations[host], entry)),
    )


@dataclass(frozen=True)
class _Owned:
    """A host's interface together with what its tags say; ``wanted`` is the block it may have grown to."""

    interface: Interface
    claim: Claim
    wanted: Block | None = None


def _owned(desired: Desired, requests: Iterable[Request], observed: Observed, problems: Problems) -> dict[str, _Owned]:
    """The fleet's interfaces by host, of the hosts asked for; two for one host, or one elsewhere, is a problem."""
    found: dict[str, list[_Owned]] = {}
    for interface in sorted(observed.interfaces, key=lambda item: item.id):
        claim = claim_of(interface)
        if claim is not None and claim.fleet == desired.fleet:
            found.setdefault(claim.host, []).append(_Owned(interface, claim))
    owned = {}
    for request in requests:
        entries = found.get(request.host, [])
        if len(entries) > 1:
            names = " and ".join(entry.interface.id for entry in entries)
            rule = f"must have one interface in fleet {desired.fleet}: delete the one that is not wanted"
            problems.add(request.path, rule, f"{names} for {request.host}")
        elif entries and entries[0].interface.subnet_id != desired.subnet_id:
            interface = entries[0].interface
            rule = (
                f"must stay in {interface.subnet_id}, where {interface.id} of {request.host} is: remove the host first"
            )
            problems.add(request.path, rule, desired.subnet_id)
        elif entries:
            owned[request.host] = _told(request, entries[0], problems)
    return owned


def _told(request: Request, owned: _Owned, problems: Problems) -> _Owned:
    """What the tags and addresses don't say, by the request's pins; a problem when these don't say it either."""
    claim, interface = owned.claim, owned.interface
    address = request.address if claim.address is None else claim.address
    block = request.block if claim.block is None else claim.block
    for tag, value in ((HOST_ADDRESS, address), (CONTAINER_PREFIX, block)):
        if value is None:
            has = ", ".join(map(str, interface.blocks)) or "nothing"
            rule = f"must be given: {interface.id} of {request.host} has lost its tag {tag}, and has {has}"
            problems.add(f"{request.path}.{tag.rpartition(':')[2]}", rule)
    return _Owned(interface, replace(claim, address=address, block=block), block and grown(request, block))


def _held(owned: _Owned) -> Held:
    """What the interface holds.

    A /80 that is only claimed, on an interface that no instance uses, may still be changed.
    """
    block, interface = owned.claim.block, owned.interface
    claimed_only = block is not None and mode_of(block.length) == MODE_PREFIX and block not in interface.prefixes
    movable = claimed_only and interface.instance_id is None
    return Held(owned.claim.host, owned.claim.address, block, where=interface.id, movable=movable)


def _taken(desired: Desired, subnet: Subnet, owned: Mapping[str, _Owned], observed: Observed) -> list[Taken]:
    """What others have or claim in the subnet, what hosts have besides their own, and others' reservations."""
    own = {entry.interface.id: entry for entry in owned.values()}
    had = IntervalSet((block.first, block.last) for entry in owned.values() for block in entry.interface.blocks)
    taken = []
    for interface in observed.interfaces:
        if interface.subnet_id != subnet.id:
            continue
        entry = own.get(interface.id)
        if entry is None:
            claim = claim_of(interface)
            taken += [Taken(block, interface.id) for block in interface.blocks]
            # A claim protects what was removed by hand from others' hosts, but never beats what one of ours really has.
            taken += [
                Taken(block, f"claimed by {interface.id}")
                for block in (_claimed(claim) if claim else [])
                if not had.overlaps(block.first, block.last)
            ]
        else:
            mine = [*_claimed(entry.claim), *([entry.wanted] if entry.wanted else [])]
            extra = (block for block in interface.blocks if not any(part.covers(block) for part in mine))
            taken += [Taken(block, interface.id) for block in extra]
    for reservation in observed.reservations:
        if reservation.subnet_id == subnet.id and reservation.fleet != desired.fleet:
            taken.append(Taken(reservation.block, f"reserved by {reservation.id}"))
    return taken


def _claimed(claim: Claim) -> list[Block]:
    address = [] if claim.address is None else [single(claim.address)]
    return address + ([] if claim.block is None else [claim.block])


def _changes(desired: Desired, allocation: Allocation, owned: _Owned | None) -> Iterable[Change]:
    host = allocation.host
    tags = tags_of(desired.fleet, allocation, desired.tags)
    if owned is None:
        yield Change(
            CREATE,
            host,
            subnet_id=desired.subnet_id,
            addresses=allocation.addresses,
            groups=desired.groups,
            tags=tags,
            description=description_of(desired.fleet, host),
        )
        if allocation.prefixes:
            yield Change(ASSIGN_PREFIXES, host, prefixes=allocation.prefixes)
        return
    interface = owned.interface
    wrong = {key: value for key, value in tags.items() if interface.tags.get(key) != value}
    if owned.claim.block not in (None, allocation.block) and not interface.prefixes and allocation.prefixes:
        claim = {key: wrong.pop(key) for key in (CONTAINER_PREFIX,) if key in wrong}
        yield Change(CLAIM, host, interface.id, tags=claim)
    addresses = tuple(value for value in allocation.addresses if value not in interface.addresses)
    if addresses:
        yield Change(ASSIGN_ADDRESSES, host, interface.id, addresses=addresses)
    prefixes = tuple(block for block in allocation.prefixes if block not in interface.prefixes)
    if prefixes:
        yield Change(ASSIGN_PREFIXES, host, interface.id, prefixes=prefixes)
    if desired.groups and set(desired.groups) != set(interface.groups):
        yield Change(GROUPS, host, interface.id, groups=desired.groups)
    if wrong:
        yield Change(TAG, host, interface.id, tags=wrong)


def _extra(allocation: Allocation, owned: _Owned) -> list[Block]:
    wanted = {*map(single, allocation.addresses), *allocation.prefixes}
    return [block for block in owned.interface.blocks if block not in wanted]


def _notes(allocation: Allocation, owned: _Owned) -> Iterable[str]:
    extra = _extra(allocation, owned)
    if extra:
        listed = ", ".join(map(str, extra))
        yield f"{allocation.host}: {owned.interface.id} has {listed} besides its allocation; left as it is"
