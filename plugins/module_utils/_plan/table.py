# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as lines of text for people: a line a host, what belongs to all of them, and what is left free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .addresses import Block, address_text
from .changes import (
    ASSIGN_ADDRESSES,
    ASSIGN_PREFIXES,
    ATTACH,
    CLAIM,
    CREATE,
    DELETE,
    GROUPS,
    TAG,
    UNASSIGN_ADDRESSES,
    UNASSIGN_PREFIXES,
    Change,
)
from .free import LENGTHS, Room
from .model import Subnet
from .reconcile import Plan
from .words import many, natural, quantity

WIDEST = 110  # columns, beyond which addresses are written relative to their subnets
_GAP = "  "
_SHORT = {
    DELETE: "delete {eni}",
    UNASSIGN_ADDRESSES: "-{addresses}",
    UNASSIGN_PREFIXES: "-{prefixes}",
    CREATE: "create",
    ASSIGN_ADDRESSES: "+{addresses}",
    ASSIGN_PREFIXES: "+{prefixes}",
    GROUPS: "groups",
    TAG: "tags",
    ATTACH: "attach to {instance}",
}


def table(plan: Plan, fleet: str, subnets: Mapping[str, Subnet], rooms: Mapping[str, Room]) -> list[str]:
    """The lines. ``rooms``: by subnet (``subnets`` has them all), what is free once the plan is carried out."""
    used = {allocation.subnet_id for allocation in plan.allocations.values()}
    head = f"fleet {fleet}: {many(len(plan.allocations), 'host')} in {many(len(used), 'subnet')}"
    lines = [f"{head}, {many(len(plan.changes), 'change') if plan.changes else 'nothing to change'}"]
    if plan.allocations:
        lines += ["", *_hosts(plan, len(used) > 1)]
    rest = [*_fleetwide(plan), *plan.notes]
    if rest:
        lines += ["", *rest]
    free = [["free once this is done", *(f"/{length}" for length in LENGTHS)]]
    for subnet_id, room in sorted(rooms.items()):
        free += _free(subnets[subnet_id], room)
    return lines if len(free) == 1 else [*lines, "", *_aligned(free)]


def _hosts(plan: Plan, several: bool) -> Iterator[str]:
    """Whole addresses where they have room, else without their subnet's network: which one it is, is in the line."""
    made: dict[str, list[Change]] = {}
    for change in plan.changes:
        made.setdefault(change.host, []).append(change)
    hosts = sorted(plan.allocations, key=natural)
    for relative in (False, True):
        head = ["host", "subnet", "host address", "container prefix", "containers", "interface", "changes"]
        rows = [head, *(_row(plan, host, made.get(host, ()), relative) for host in hosts)]
        if not several:
            rows = [[row[0], *row[2:]] for row in rows]
        lines = _aligned(rows)
        if max(map(len, lines)) <= WIDEST:
            break
    yield from lines
    if relative:
        yield "(addresses are relative to the networks of their subnets, which are below)"


def _row(plan: Plan, host: str, changes: Iterable[Change], relative: bool) -> list[str]:
    allocation = plan.allocations[host]
    interface = plan.interfaces.get(host)
    count = allocation.container_count
    base = 0
    network = plan.subnets[allocation.subnet_id].block
    if relative and network is not None:
        base = network.first
    return [
        host,
        allocation.subnet_id,
        address_text(allocation.address - base),
        str(Block(allocation.block.first - base, allocation.block.length)),
        "no limit" if count is None else str(count),
        interface.id if interface else "new",
        # What is claimed is assigned a moment later: one thing to people.
        ", ".join(_short(change) for change in changes if change.action != CLAIM) or "none",
    ]


def _short(change: Change) -> str:
    return _SHORT[change.action].format(
        eni=change.eni_id,
        addresses=many(len(change.addresses), "address"),
        prefixes=many(len(change.prefixes), "prefix"),
        instance=change.instance_id,
    )


def _fleetwide(plan: Plan) -> Iterator[str]:
    """What is done for no host in particular, or to the interface of a host that is not among these."""
    return (str(change) for change in plan.changes if change.host not in plan.allocations)


def _free(subnet: Subnet, room: Room) -> Iterator[list[str]]:
    notes = ", ".join(filter(None, (subnet.zone, "IPv6-only" if subnet.native else "")))
    where = f"{subnet.id} {subnet.block}{f' ({notes})' if notes else ''}"
    if room.reservation is not None:
        yield [f"{subnet.id} {room.reservation}, the fleet's reservation", *map(quantity, room.reserved.values())]
        where += ", outside of it"
    yield [where, *map(quantity, room.open.values())]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_GAP.join(cell.ljust(room) for cell, room in zip(row, wide, strict=True)).rstrip() for row in rows]
