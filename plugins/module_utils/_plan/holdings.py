# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds what in a subnet once a plan is carried out, and what is given up for it: what the map draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from .addresses import BITS, Block, single
from .changes import DELETE, RELEASE, UNASSIGN_ADDRESSES, UNASSIGN_PREFIXES
from .claims import claim_of
from .intervals import IntervalSet, aligned_sizes
from .model import Allocation, Interface, Observed, Subnet, reserved
from .reconcile import Plan

# what it is
HOST, CONTAINERS, EXTRA, OTHER, AWS, RESERVED = "host", "containers", "extra", "other", "aws", "reserved"
# and when: before and after the plan, only after, only before
HELD, NEW, LEAVING = "held", "new", "leaving"


@dataclass(frozen=True)
class Holding:
    """A block of a subnet and who has it.

    ``host``: the fleet's host, empty for others. ``name``: what to call the holder. ``where``: the id of the
    interface or reservation, empty where there is none yet. ``idle``: first and last addresses of the stretches in it
    that no interface has.
    """

    block: Block
    kind: str
    state: str = HELD
    host: str = ""
    name: str = ""
    where: str = ""
    idle: tuple[tuple[int, int], ...] = ()

    @property
    def position(self) -> tuple[int, int, str, str, str]:
        """A sort key: by place, the larger first."""
        return self.block.first, self.block.length, self.kind, self.state, self.where

    @property
    def others(self) -> bool:
        """Whether neither the fleet nor AWS itself has it."""
        return self.kind == OTHER or (self.kind == RESERVED and not self.host)


def holdings_in(subnet: Subnet, fleet: str, plan: Plan, observed: Observed) -> tuple[Holding, ...]:
    """Everything that somebody has in the subnet. Of the fleet: also hosts that the plan was not asked about."""
    if subnet.block is None:
        return ()
    given = {
        interface.id: plan.allocations[host] for host, interface in plan.interfaces.items() if host in plan.allocations
    }
    gone = {change.eni_id for change in plan.changes if change.action == DELETE}
    freed = {
        (change.eni_id, block)
        for change in plan.changes
        if change.action in (UNASSIGN_ADDRESSES, UNASSIGN_PREFIXES)
        for block in (*map(single, change.addresses), *change.prefixes)
    }
    found = [Holding(block, AWS, name="AWS") for block in reserved(subnet.block)]
    found += _reservations(subnet, fleet, plan, observed)
    for host, allocation in plan.allocations.items():
        if allocation.subnet_id == subnet.id:
            found += _allocated(allocation, plan.interfaces.get(host), freed)
    for interface in observed.interfaces:
        if interface.subnet_id != subnet.id:
            continue
        leaving = {block for block in interface.blocks if interface.id in gone or (interface.id, block) in freed}
        found += _had(interface, subnet, fleet, given.get(interface.id), leaving)
    # Of an interface, a description made by hand may say anything.
    found = [holding for holding in found if subnet.block.covers(holding.block)]
    return tuple(_without_reused(found))


def _without_reused(holdings: Iterable[Holding]) -> Iterator[Holding]:
    """What is given up, less what another has by then: a new host may take the block of one that moves."""
    listed = list(holdings)
    staying = IntervalSet(
        [(each.block.first, each.block.last) for each in listed if each.state != LEAVING and each.kind != RESERVED]
    )
    for holding in listed:
        block = holding.block
        if holding.state != LEAVING or holding.kind == RESERVED or not staying.overlaps(block.first, block.last):
            yield holding
            continue
        for first, last in staying.gaps(block.first, block.last):
            start = first
            for size in aligned_sizes(first, last):
                yield replace(holding, block=Block(start, BITS + 1 - size.bit_length()))
                start += size


def _reservations(subnet: Subnet, fleet: str, plan: Plan, observed: Observed) -> Iterator[Holding]:
    released = {change.reservation_id for change in plan.changes if change.action == RELEASE}
    own = plan.reservations.get(subnet.id)
    for entry in observed.reservations:
        if entry.subnet_id != subnet.id:
            continue
        state = LEAVING if entry.id in released else HELD
        if entry.fleet == fleet:
            own = None if entry.block == own else own
            yield Holding(entry.block, RESERVED, state, fleet, f"fleet {fleet}", entry.id)
        else:
            owner = f"fleet {entry.fleet}" if entry.fleet else "others"
            yield Holding(entry.block, RESERVED, state, "", owner, entry.id)
    if own is not None:
        yield Holding(own, RESERVED, NEW, fleet, f"fleet {fleet}")


def _allocated(
    allocation: Allocation, interface: Interface | None, freed: Collection[tuple[str | None, Block]]
) -> Iterator[Holding]:
    """A host's address and its container prefix; what it does not have entirely is new."""
    had = set(interface.blocks) if interface else set()
    where = interface.id if interface else ""
    address = single(allocation.address)
    containers = {*map(single, allocation.addresses), *allocation.prefixes} - {address}
    staying = containers | {block for block in had if (where, block) not in freed}
    for kind, block, parts in ((HOST, address, {address}), (CONTAINERS, allocation.block, containers)):
        state = HELD if parts <= had else NEW
        idle = _idle(block, staying) if kind == CONTAINERS else ()
        yield Holding(block, kind, state, allocation.host, allocation.host, where, idle)


def _idle(block: Block, assigned: Iterable[Block]) -> tuple[tuple[int, int], ...]:
    """What of the block is in none of those that are assigned."""
    return tuple(IntervalSet([(each.first, each.last) for each in assigned]).gaps(block.first, block.last))


def _had(
    interface: Interface, subnet: Subnet, fleet: str, allocation: Allocation | None, leaving: set[Block]
) -> Iterator[Holding]:
    """What an interface has and no allocation names: a host's surplus, a host that nobody asked about, others'."""
    claim = claim_of(interface, subnet.block)
    ours = claim is not None and claim.fleet == fleet
    host = claim.host if claim is not None and ours else ""
    name = host or (f"{claim.fleet}/{claim.host}" if claim else interface.description or interface.id)
    rest = list(interface.blocks)
    if allocation is not None:
        wanted = (single(allocation.address), allocation.block)
        rest = [block for block in rest if not any(part.covers(block) for part in wanted)]
    if claim is not None and claim.block is not None and not (allocation and allocation.block.overlaps(claim.block)):
        inside = [block for block in rest if claim.block.covers(block)]
        if inside:
            rest = [block for block in rest if not claim.block.covers(block)]
            kind = CONTAINERS if ours else OTHER
            state = _state(inside, leaving)
            idle = _idle(claim.block, inside) if state == HELD else ()
            yield Holding(claim.block, kind, state, host, name, interface.id, idle)
    for block in rest:
        kind = OTHER
        if ours:
            named = allocation is None and claim is not None and single(claim.address or 0) == block
            kind = HOST if named else EXTRA
        yield Holding(block, kind, _state([block], leaving), host, name, interface.id)


def _state(blocks: Iterable[Block], leaving: set[Block]) -> str:
    return LEAVING if leaving.issuperset(blocks) else HELD
