# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's ``explicit`` subnet CIDR reservations: EC2's automatic assignment never lands in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .addresses import Block
from .changes import RELEASE, RESERVE, Change
from .errors import Problems
from .model import (
    ASSIGN_CONTAINERS,
    EXPLICIT,
    MODE_BLOCK,
    NO_RESERVATION,
    SMALLEST_BLOCK_LENGTH,
    Desired,
    Observed,
    Reservation,
    Subnet,
    Taken,
    mode_of,
)
from .ownership import Owned
from .parse import parse_range
from .tags import FLEET

PATH = "reservation"


@dataclass(frozen=True)
class Settled:
    """A subnet's reservations: the fleet's from now on, the changes to it, and where nothing new may go."""

    block: Block | None
    changes: tuple[Change, ...]
    kept_off: tuple[Taken, ...]


def of_fleet(fleet: str, subnet_id: str, observed: Observed) -> list[Reservation]:
    """The fleet's own reservations in a subnet, the lowest first; usually one."""
    found = [
        item
        for item in observed.reservations
        if item.fleet == fleet and item.kind == EXPLICIT and item.subnet_id == subnet_id
    ]
    return sorted(found, key=lambda item: (item.block, item.id))


def settle(
    desired: Desired,
    observed: Observed,
    subnet: Subnet,
    has_blocks: bool,
    others: Iterable[Owned],
    problems: Problems,
) -> Settled:
    """What the fleet's reservation in a subnet is to be.

    ``has_blocks``: whether any host there is to have a block. ``others``: the fleet's interfaces there of hosts that
    are not asked for; their blocks don't change.
    """
    own = of_fleet(desired.fleet, subnet.id, observed)
    foreign = [item for item in observed.reservations if item.subnet_id == subnet.id and item not in own]
    block = own[0].block if own else None
    if desired.reservation == NO_RESERVATION:
        block = None
    elif desired.reservation is not None and has_blocks:
        block = _asked(desired.reservation, subnet, foreign, problems) or block
    kept = tuple(Taken(item.block, f"reserved by {item.id}") for item in foreign)
    if desired.assign == ASSIGN_CONTAINERS and has_blocks and block is None:
        rule = f"must be given for assign {desired.assign}: {subnet.id} has none of the fleet's, and EC2 may give away"
        problems.add(PATH, f"{rule} what lies between the addresses that are assigned", desired.reservation)
    _check_others(desired, block, own, others, problems)
    if desired.reservation is None or (desired.reservation != NO_RESERVATION and not has_blocks):
        return Settled(block, (), kept)
    released = [release(item) for item in own if item.block != block]
    made = [_reserve(desired, subnet, block)] if block and block not in [item.block for item in own] else []
    return Settled(block, (*released, *made), kept)


def release(item: Reservation) -> Change:
    """The change that gives a reservation up."""
    return Change(RELEASE, "", subnet_id=item.subnet_id, prefixes=(item.block,), reservation_id=item.id)


def _reserve(desired: Desired, subnet: Subnet, block: Block) -> Change:
    return Change(
        RESERVE,
        "",
        subnet_id=subnet.id,
        prefixes=(block,),
        tags={**desired.tags, FLEET: desired.fleet},
        description=f"ipv6.aws_containers {desired.fleet}",
    )


def _asked(text: str, subnet: Subnet, foreign: Iterable[Reservation], problems: Problems) -> Block | None:
    block = parse_range(text, subnet, PATH, problems)
    if block is None:
        return None
    if block.length > SMALLEST_BLOCK_LENGTH:
        problems.add(PATH, f"must hold a block: a /{SMALLEST_BLOCK_LENGTH} or larger", text)
    for item in foreign:
        if item.block.overlaps(block):
            problems.add(PATH, f"must overlap no other reservation, and {item.block} ({item.id}) is one", block)
    return block


def _check_others(
    desired: Desired, block: Block | None, own: Iterable[Reservation], others: Iterable[Owned], problems: Problems
) -> None:
    """Hosts that are not asked for keep a reservation around what they have."""
    if desired.reservation is None or block in [item.block for item in own]:
        return
    for entry in others:
        held = entry.claim.block
        if held is None or entry.claim.count is None or mode_of(held.length) != MODE_BLOCK:
            continue
        if block is None or not block.covers(held):
            whose = f"{entry.claim.host} ({entry.interface.id})"
            rule = f"must cover {held}, of which {whose} has only the containers' addresses"
            problems.add(PATH, rule, block or desired.reservation)
