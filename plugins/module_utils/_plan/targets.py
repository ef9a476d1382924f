# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host that holds a container prefix is to have: the same, more or less of it, or another.

Decided from the request and what is held alone; whether there is room is the allocator's to find out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .addresses import Block, block_around
from .errors import Problems
from .model import (
    ASSIGN_BLOCK,
    ASSIGN_CONTAINERS,
    BLOCK_OVERHEAD,
    DEFAULT_COUNT,
    MODE_BLOCK,
    SMALLEST_BLOCK_LENGTH,
    Allocation,
    Held,
    Request,
    largest_block_length,
    length_for,
    mode_of,
    room_in,
)

PREFIX = "container_prefix"

# What only a host listed in `move` may get.
ONLY_MOVED = "anything else means new addresses, which only hosts listed in move get"

KEEP, GROW, MOVE = "keep", "grow", "move"


@dataclass(frozen=True)
class Rules:
    """What holds for all the hosts of a fleet in one subnet.

    ``reservation``: unpinned blocks come from inside it, everything else from outside. ``move``: hosts that may get
    other container prefixes than they hold.
    """

    assign: str = ASSIGN_BLOCK
    reservation: Block | None = None
    move: frozenset[str] = field(default_factory=frozenset)

    def is_astray(self, block: Block) -> bool:
        """Whether a block has gaps between its assigned addresses that EC2 may give away."""
        return (
            self.assign == ASSIGN_CONTAINERS
            and mode_of(block.length) == MODE_BLOCK
            and self.reservation is not None
            and not self.reservation.covers(block)
        )


@dataclass(frozen=True)
class Target:
    """``how``: ``keep`` (``block`` lies in what is held), ``grow`` (it lies around it), ``move`` (elsewhere; ``None``:
    of that length, to be chosen). ``count``: as in :class:`Allocation`."""

    how: str
    length: int
    block: Block | None = None
    count: int | None = None


def mode_wanted(request: Request, held: Block | None) -> str:
    """The mode that a host is to have: as asked for, or else as held."""
    return request.mode or mode_of(request.length if held is None else held.length)


def count_of_new(request: Request, block: Block, rules: Rules) -> int | None:
    """How many container addresses of a new block are assigned; ``None``: all of the block, or a delegated one."""
    if rules.assign == ASSIGN_BLOCK or mode_of(block.length) != MODE_BLOCK:
        return None
    if request.count is not None:
        return request.count
    return room_in(block) if request.block is not None else DEFAULT_COUNT


def target_of(request: Request, held: Held, block: Block, rules: Rules, problems: Problems) -> Target:
    """What a host that holds ``block`` is to have.

    What would need another block is refused, unless the host is listed in ``move`` or its block is only claimed.
    """
    free = held.movable or request.host in rules.move
    keep = Target(KEEP, block.length, block, _count_kept(request, held, block, rules, free))

    def refuse(key: str, rule: str, value: object) -> Target:
        problems.add(f"{request.path}.{key}", rule, value)
        return keep

    holds = f"which {request.host} holds ({held.where})"
    mode = mode_of(block.length)
    if request.block is not None and request.block != block:
        pin = request.block
        if mode == mode_of(pin.length) == MODE_BLOCK and pin.covers(block):
            count = count_of_new(request, pin, rules)
            return Target(GROW, pin.length, pin, count and (count if free else max(count, keep.count or 0)))
        if free:
            return Target(MOVE, pin.length, pin, count_of_new(request, pin, rules))
        return refuse(PREFIX, f"must stay {block}, {holds}: {ONLY_MOVED}", pin)
    if request.mode not in (None, mode):
        if free:
            length = request.length
            return Target(MOVE, length, count=count_of_new(request, Block(0, length), rules))
        because = f"because {request.host} holds {block} ({held.where})"
        return refuse("container_mode", f"must stay {mode}, {because}: {ONLY_MOVED}", request.mode)
    if mode != MODE_BLOCK:
        return keep
    if request.block is None and request.count is not None:
        length = length_for(request.count)
        if length < largest_block_length(rules.assign):
            rule = f"{_must_fit(request, block)}: {block_around(block.first, length)} is too large a block"
            return refuse("container_count", rule, request.count)
        if length < block.length:
            return Target(
                GROW, length, block_around(block.first, length), _count_kept(request, held, block, rules, free)
            )
        if length > block.length and free:
            keep = Target(KEEP, length, Block(block.first, length), keep.count)
    return _lawful(request, held, keep, rules, free, problems)


def refuse_growth(request: Request, block: Block, wanted: Block, why: str, problems: Problems) -> None:
    """Say that a host can't have ``wanted`` around the block it holds."""
    key, shown = ("container_count", str(request.count)) if request.block is None else (PREFIX, str(request.block))
    problems.add(f"{request.path}.{key}", f"{_must_fit(request, block)}: {wanted} is {why}; {ONLY_MOVED}", shown)


def kept_larger(request: Request, allocation: Allocation) -> str | None:
    """A note where a host keeps more than is asked for, which nothing but ``move`` takes away."""
    block, wanted = allocation.block, request.count
    if wanted is None or request.block is not None or allocation.mode != MODE_BLOCK:
        return None
    if allocation.count is not None and allocation.count > wanted:
        has = f"{allocation.count} container addresses of {block}"
    elif length_for(wanted) > block.length:
        has = f"{block} with room for {block.size - BLOCK_OVERHEAD}"
    else:
        return None
    return f"{request.host}: keeps {has}, though container_count is {wanted}; listed in move it would give up the rest"


def _must_fit(request: Request, block: Block) -> str:
    room = block.size - BLOCK_OVERHEAD
    return f"must fit {block}, which {request.host} holds and which has room for {room}"


def _count_kept(request: Request, held: Held, block: Block, rules: Rules, free: bool) -> int | None:
    """How many container addresses a host has of the block it holds; never fewer than before, unless it may."""
    if rules.assign == ASSIGN_BLOCK or mode_of(block.length) != MODE_BLOCK:
        return None
    before = room_in(block) if held.count is None else held.count
    if request.count is None:
        return before
    return request.count if free else max(before, request.count)


def _lawful(request: Request, held: Held, keep: Target, rules: Rules, free: bool, problems: Problems) -> Target:
    """``keep``, or what has to be instead where the way of assigning has changed since the block was chosen."""
    block = keep.block
    if block is None:
        raise AssertionError("what is kept is known")
    if rules.is_astray(block):
        if free and request.block is None:
            return Target(MOVE, block.length, count=keep.count)
        rule = f"must lie in the fleet's reservation {rules.reservation} for assign {rules.assign}"
        problems.add(f"{request.path}.{PREFIX}", f"{rule}: {ONLY_MOVED}", f"{block} (held by {held.where})")
    elif block.length < largest_block_length(rules.assign):
        smaller = Block(block.first, largest_block_length(rules.assign))
        if free and request.block is None:
            return Target(KEEP, smaller.length, smaller, keep.count)
        rule = f"must be a /{smaller.length} to /{SMALLEST_BLOCK_LENGTH} for assign {rules.assign}"
        problems.add(f"{request.path}.{PREFIX}", f"{rule}: {ONLY_MOVED}", f"{block} (held by {held.where})")
    return keep
