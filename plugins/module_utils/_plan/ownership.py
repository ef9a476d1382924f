# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose an interface is: the fleet's interfaces by host, and what nobody else may use because others have it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from .addresses import Block, single
from .claims import Claim, claim_of, claimed_of, count_in
from .errors import Problems
from .intervals import IntervalSet
from .model import MODE_PREFIX, Desired, Held, Instance, Interface, Observed, Request, Taken, length_for, mode_of
from .tags import CONTAINER_PREFIX, HOST_ADDRESS, SCHEMA, SCHEMA_VERSION, description_owner, owner_of


@dataclass(frozen=True)
class Owned:
    """An interface of a fleet together with what its tags say."""

    interface: Interface
    claim: Claim

    def use(self, instances: Mapping[str, Instance]) -> str:
        """Who uses it, for a message: ``eni-1 (used by i-1, which is running)``."""
        interface = self.interface
        instance = instances.get(interface.instance_id or "")
        if instance is not None:
            return f"{interface.id} (used by {instance.id}, which is {instance.state})"
        user = f"used by {interface.instance_id}" if interface.instance_id else interface.status
        return f"{interface.id} ({user})"


def owned_by(fleet: str, observed: Observed) -> list[Owned]:
    """Every interface of the fleet, by id, wherever it is."""
    found = []
    for interface in observed.interfaces:
        owner = owner_of(interface)
        claim = claim_of(interface, network_of(interface, observed)) if owner and owner[0] == fleet else None
        if claim is not None:
            found.append(Owned(interface, claim))
    return sorted(found, key=lambda entry: entry.interface.id)


def network_of(interface: Interface, observed: Observed) -> Block | None:
    """The network of the subnet that an interface is in; ``None``: not known."""
    subnet = observed.subnets.get(interface.subnet_id)
    return None if subnet is None else subnet.block


def by_host(owned: Iterable[Owned]) -> dict[str, list[Owned]]:
    """The same by the host that they are of."""
    found: dict[str, list[Owned]] = {}
    for entry in owned:
        found.setdefault(entry.claim.host, []).append(entry)
    return found


def disowned(entry: Owned) -> str | None:
    """Why an interface that carries the fleet's tag may not be the fleet's; ``None``: it is."""
    made = description_owner(entry.interface)
    if made is not None and made[0] != entry.claim.fleet:
        return f"was made for fleet {made[0]}, as its description says"
    schema = entry.interface.tags.get(SCHEMA)
    if schema not in (None, SCHEMA_VERSION):
        return f"has tags of schema {schema}, and this release knows {SCHEMA_VERSION}"
    return None


def check_ours(owned: Iterable[Owned], problems: Problems, vpc_id: str = "") -> None:
    """A fleet's name must not take over what is another fleet's.

    ``vpc_id``: where all of the fleet has to be (empty: not known).
    """
    for entry in owned:
        interface = entry.interface
        why = disowned(entry)
        if why is None and vpc_id and interface.vpc_id not in ("", vpc_id):
            why = f"is in {interface.vpc_id}, and this run is about {vpc_id}"
        if why is not None:
            rule = "must be a name that no other fleet of this region has"
            problems.add("fleet", rule, f"{entry.claim.fleet}, and {interface.id} of {entry.claim.host} {why}")


def owned_of(
    requests: Iterable[Request],
    hosts: Mapping[str, list[Owned]],
    observed: Observed,
    problems: Problems,
    move: Container[str] = (),
) -> dict[str, Owned]:
    """The interface of each host asked for that has one; two for one host are a problem.

    ``move``: the hosts that may move.
    """
    owned = {}
    for request in requests:
        entries = hosts.get(request.host, [])
        if len(entries) > 1:
            names = " and ".join(entry.use(observed.instances) for entry in entries)
            fleet = entries[0].claim.fleet
            rule = f"must have one interface in fleet {fleet}: delete the one that is not wanted"
            problems.add(request.path, rule, f"{names} for {request.host}")
        elif entries:
            owned[request.host] = _told(request, entries[0], request.host in move, problems)
    return owned


def _told(request: Request, owned: Owned, moves: bool, problems: Problems) -> Owned:
    """What the tags and addresses don't say, by the request; a problem when it doesn't say it either."""
    claim, interface = owned.claim, owned.interface
    address = _address_told(request, owned, moves)
    block = _block_told(request, owned)
    for tag, value, asked in (
        (HOST_ADDRESS, address, None if request.address is None else single(request.address)),
        (CONTAINER_PREFIX, block, request.block),
    ):
        if value is None:
            has = ", ".join(map(str, interface.blocks)) or "nothing"
            said = interface.tags.get(tag)
            whose = f"{interface.id} of {request.host}"
            why = f"{whose} has lost its tag {tag}, and has {has}"
            if said is not None:
                why = f"the tag {tag} of {whose} says {said}, and it has {has}"
            rule = "must be given" if asked is None else "must be what is there"
            problems.add(f"{request.path}.{tag.rpartition(':')[2]}", f"{rule}: {why}", asked)
    if block != claim.block:
        claim = replace(claim, count=None if block is None else count_in(interface, block))
    return Owned(interface, replace(claim, address=address, block=block))


def _address_told(request: Request, owned: Owned, moves: bool) -> int | None:
    """The host's own address, if need be by its pin."""
    claim, interface, asked = owned.claim, owned.interface, request.address
    unused = interface.instance_id is None
    if claim.address is None:
        # One of those that are no container's, if there are any: the others may go, and this one may be in use.
        block = claim.block
        outside = [value for value in interface.addresses if block is None or not block.covers(single(value))]
        return asked if not outside or asked in outside or (unused and moves) else None
    if claim.tagged is not None and unused and moves and asked not in (None, claim.address):
        # On its way from the tagged one to the one asked for; what is there was added by hand.
        return claim.tagged
    return claim.address


def _block_told(request: Request, owned: Owned) -> Block | None:
    """The container prefix, if need be by its pin, or by the number of containers asked for."""
    claim = owned.claim
    if claim.block is not None or not claim.choices:
        return request.block if claim.block is None else claim.block
    if request.block is not None:
        around = all(request.block.covers(choice) for choice in claim.choices)
        return request.block if around or request.block in claim.choices else None
    fitting = [choice for choice in claim.choices if request.count and choice.length == length_for(request.count)]
    # A number that is too small must not cut a host's block in two.
    part = any(
        _there(owned, other) > _there(owned, choice)
        for choice in fitting
        for other in claim.choices
        if other.covers(choice)
    )
    return fitting[0] if len(fitting) == 1 and not part else None


def _there(owned: Owned, block: Block) -> int:
    """How many addresses and prefixes of the block the interface has."""
    return sum(block.covers(part) for part in owned.interface.blocks)


def held_of(owned: Owned, desired: Desired, awaited: bool) -> Held:
    """What the host holds.

    Where nothing of its block is on the interface, another choice takes nothing from anyone: for a host that may move,
    or with a /80 on an interface that no instance uses. ``awaited``: a live instance is to have the interface back.
    """
    claim, interface = owned.claim, owned.interface
    block = claim.block
    unused = interface.instance_id is None
    absent = tuple(given for given in claim.blocks if not any(given.covers(part) for part in interface.blocks))
    movable = False
    if block in absent:
        movable = claim.host in desired.move or (unused and mode_of(block.length) == MODE_PREFIX)
    return Held(
        claim.host,
        claim.address,
        block,
        claim.count,
        where=interface.id,
        attached=awaited or not unused or interface.status == "in-use",
        movable=movable,
        extra=() if desired.purge else tuple(extra_of(owned)),
        absent=absent,
    )


def extra_of(owned: Owned) -> Iterable[Block]:
    """What the interface has outside of what its tags say."""
    return (part for part in owned.interface.blocks if not any(block.covers(part) for block in owned.claim.blocks))


def taken_in(observed: Observed, asked: Mapping[str, Owned], held: Mapping[str, Held]) -> dict[str, list[Taken]]:
    """What others have or claim, and what the hosts ``asked`` for keep besides their own, by subnet."""
    own = {entry.interface.id: host for host, entry in asked.items()}
    had = IntervalSet((part.first, part.last) for entry in asked.values() for part in entry.interface.blocks)
    found: dict[str, list[Taken]] = {}
    for interface in observed.interfaces:
        taken = found.setdefault(interface.subnet_id, [])
        host = own.get(interface.id)
        if host is not None:
            taken += [Taken(block, interface.id) for block in held[host].extra]
            continue
        taken += [Taken(block, interface.id) for block in interface.blocks]
        # A claim protects what was removed by hand from others' hosts, but never beats what one of ours really has.
        for block in claimed_of(interface, network_of(interface, observed)):
            if not had.overlaps(block.first, block.last):
                taken.append(Taken(block, f"claimed by {interface.id}"))
    return found
