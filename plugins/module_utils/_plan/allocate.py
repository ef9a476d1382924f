# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets which addresses: what is held stays, pins are honoured, the rest is first fit from the low end.

The result depends on the values alone, never on the order in which they came; nor, for hosts that may move, on how many
of them have done so already: a run that was cut short and is started again ends where it would have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .addresses import BITS, Block, single
from .errors import Problems
from .model import MODE_PREFIX, Allocation, Held, Request, Taken, mode_of
from .shortage import Shortage
from .space import Ranges, Space, inside, outside
from .targets import GROW, KEEP, MOVE, PREFIX, Rules, Target, count_of_new, refuse_growth, target_of

ADDRESS = "host_address"


def allocate(
    subnet: Block,
    requests: Sequence[Request],
    held: Mapping[str, Held],
    taken: Iterable[Taken],
    problems: Problems,
    rules: Rules | None = None,
    kept_off: Iterable[Taken] = (),
) -> dict[str, Allocation]:
    """Allocations by host name, in name order; what can't be met is noted in ``problems`` and left out.

    ``held`` is what the requested hosts have, ``taken`` what everybody else has, ``kept_off`` where nothing new may go.
    Held values are placed first; then growth in place of hosts that must not move, pins, growth in place of those that
    may, blocks that are only claimed, the others that move, and new hosts: each in name order, a new host's own address
    before its block. What a moving host leaves is free for everybody but itself.
    """
    filling = _Filling(Space(subnet, taken), held, rules or Rules(), problems)
    ordered = sorted(requests, key=lambda request: request.host)
    filling.aim(ordered)
    _each(ordered, filling.keep)
    for entry in kept_off:
        filling.space.take(entry.block, entry.owner)
    steps = (filling.grow, filling.pin, filling.grow_or_move, filling.reclaim, filling.move, filling.choose)
    for step in steps:
        _each(ordered, step)
    filling.shortage.report(problems)
    return {request.host: filling.allocation(request) for request in ordered if filling.is_placed(request)}


def _each(requests: Iterable[Request], step: Callable[[Request], None]) -> None:
    for request in requests:
        step(request)


class _Filling:
    """The state between the steps: what each host got so far."""

    def __init__(self, space: Space, held: Mapping[str, Held], rules: Rules, problems: Problems) -> None:
        self.space = space
        self.held = held
        self.rules = rules
        self.problems = problems
        self.shortage = Shortage(space, rules.reservation)
        self.targets: dict[str, Target] = {}
        self.placed: dict[str, dict[str, Block]] = {ADDRESS: {}, PREFIX: {}}
        self._refused: set[tuple[str, str]] = set()
        anywhere = inside(space.subnet)
        reservation = rules.reservation
        self._for_blocks: Ranges = anywhere if reservation is None else inside(reservation)
        self._for_others: Ranges = anywhere if reservation is None else outside(reservation, space.subnet)

    def aim(self, requests: Iterable[Request]) -> None:
        """Decide what every host that holds a container prefix is to have."""
        for request in requests:
            held = self.held.get(request.host)
            if held is not None and held.block is not None:
                self.targets[request.host] = target_of(request, held, held.block, self.rules, self.problems)

    def keep(self, request: Request) -> None:
        """Place what stays where it is, and what hosts hold that may only grow in place."""
        held = self.held.get(request.host)
        if held is None:
            return
        if held.address is not None and self._address_stays(request, held, held.address):
            self._place(request, ADDRESS, single(held.address))
        target = self.targets.get(request.host)
        if target is None or held.block is None or held.movable:
            return
        if target.how == KEEP and target.block is not None:
            self._place(request, PREFIX, target.block)
        elif target.how == GROW and not self._may_move(held):
            self._place(request, PREFIX, held.block)

    def grow(self, request: Request) -> None:
        """Enlarge the blocks of hosts that must not move; what lies around them must be free."""
        held, target = self.held.get(request.host), self.targets.get(request.host)
        block = self.placed[PREFIX].get(request.host)
        if held is None or target is None or block is None or target.how != GROW or target.block is None:
            return
        wanted = target.block
        if self.rules.is_astray(wanted):
            why = f"not inside the fleet's reservation {self.rules.reservation}"
            refuse_growth(request, block, wanted, why, self.problems)
        elif self.space.is_free(wanted, (block, *held.extra)):
            self._take(request, PREFIX, wanted)
        else:
            around = [part for part in _halves(wanted, block) if not self.space.is_free(part, held.extra)]
            neighbour = self.space.holder(around[0], besides=held.where)
            refuse_growth(request, block, wanted, f"not free, {neighbour}", self.problems)

    def pin(self, request: Request) -> None:
        """Place the pins of new hosts and of those that move."""
        if request.address is not None and request.host not in self.placed[ADDRESS]:
            self._place(request, ADDRESS, single(request.address))
        if request.block is None or request.host in self.placed[PREFIX]:
            return
        target = self.targets.get(request.host)
        if target is not None and target.how != MOVE:
            return
        if self.rules.is_astray(request.block):
            rule = f"must lie in the fleet's reservation {self.rules.reservation} for assign {self.rules.assign}"
            self._refuse(request, PREFIX, rule, request.block)
        else:
            self._place(request, PREFIX, request.block)

    def grow_or_move(self, request: Request) -> None:
        """Enlarge in place what may move, where that is possible."""
        held, target = self.held.get(request.host), self.targets.get(request.host)
        if held is None or target is None or target.how != GROW or target.block is None or not self._may_move(held):
            return
        if request.block is not None:
            self._place(request, PREFIX, target.block)
        elif not self.rules.is_astray(target.block) and self.space.is_free(target.block, held.extra):
            self._take(request, PREFIX, target.block)

    def reclaim(self, request: Request) -> None:
        """Place a block that is only claimed, unless something else is asked for by now or somebody has it."""
        held, target = self.held.get(request.host), self.targets.get(request.host)
        if held is None or target is None or not held.movable or target.how != KEEP or target.block is None:
            return
        if self.space.is_free(target.block, _own(held, target.block)):
            self._take(request, PREFIX, target.block)
        elif request.block is not None:
            self._place(request, PREFIX, target.block)

    def move(self, request: Request) -> None:
        """First fit for what is left of those that hold something: never where a part of it is already."""
        target = self.targets.get(request.host)
        if target is not None:
            self._first_fit(request, PREFIX, target.length, self.held[request.host].block)

    def choose(self, request: Request) -> None:
        """First fit for what is still open."""
        self._first_fit(request, ADDRESS, BITS)
        self._first_fit(request, PREFIX, request.length)

    def is_placed(self, request: Request) -> bool:
        """Whether the host has both."""
        return request.host in self.placed[ADDRESS] and request.host in self.placed[PREFIX]

    def allocation(self, request: Request) -> Allocation:
        """What the host got."""
        block = self.placed[PREFIX][request.host]
        target = self.targets.get(request.host)
        count = count_of_new(request, block, self.rules) if target is None else target.count
        return Allocation(request.host, request.subnet_id, self.placed[ADDRESS][request.host].first, block, count)

    def _may_move(self, held: Held) -> bool:
        return held.movable or held.host in self.rules.move

    def _address_stays(self, request: Request, held: Held, address: int) -> bool:
        """Whether the host's own address is as asked for, or has to stay though another is asked for."""
        if request.address in (None, address):
            return True
        rule = f"must stay {single(address)}, which {request.host} holds ({held.where})"
        if held.attached:
            rule = f"{rule} and an instance uses: terminate the instance first"
        elif request.host in self.rules.move:
            return False
        else:
            rule = f"{rule}: only hosts listed in move get another"
        self.problems.add(f"{request.path}.{ADDRESS}", rule, single(request.address or 0))
        return True

    def _first_fit(self, request: Request, kind: str, length: int, avoid: Block | None = None) -> None:
        if request.host in self.placed[kind] or (request.host, kind) in self._refused:
            return
        others = kind == ADDRESS or mode_of(length) == MODE_PREFIX
        ranges = self._for_others if others else self._for_blocks
        block = self.space.first_free(length, ranges, avoid)
        if block is not None:
            self._take(request, kind, block)
            return
        self._refused.add((request.host, kind))
        self.shortage.add(f"{request.path}.{kind}", length, ranges)
        if avoid is not None and self.space.is_free(avoid):
            # It stays after all: what is said to be free leaves it out.
            self.space.take(avoid, f"{kind} of {request.host}")

    def _place(self, request: Request, kind: str, block: Block) -> None:
        held = self.held.get(request.host)
        if self.space.is_free(block, _own(held, block)):
            self._take(request, kind, block)
            return
        where = held.where if held and block in (held.block, held.address and single(held.address)) else ""
        rule = f"must overlap nothing in use, and {self.space.holder(block, held.where if held else '')} is"
        if where and kind == PREFIX and request.block is None:
            rule += ": only hosts listed in move get another"
        how = "claimed" if held and block in held.absent else "held"
        self._refuse(request, kind, rule, f"{block} ({how} by {where})" if where else block)

    def _take(self, request: Request, kind: str, block: Block) -> None:
        self.space.take(block, f"{kind} of {request.host}")
        self.placed[kind][request.host] = block

    def _refuse(self, request: Request, kind: str, rule: str, value: object) -> None:
        self._refused.add((request.host, kind))
        self.problems.add(f"{request.path}.{kind}", rule, value)


def _own(held: Held | None, block: Block) -> Iterable[Block]:
    """What a host's interface has of a block already: nothing else may be in a delegated one."""
    delegated = mode_of(block.length) == MODE_PREFIX
    return () if held is None else (part for part in held.extra if part == block or not delegated)


def _halves(whole: Block, part: Block) -> list[Block]:
    """What of ``whole`` lies outside ``part``, as aligned blocks, ascending."""
    around = []
    for length in range(whole.length + 1, part.length + 1):
        size = 1 << (BITS - length)
        low = whole.first + (part.first - whole.first) // (2 * size) * 2 * size
        around += [half for half in (Block(low, length), Block(low + size, length)) if not half.covers(part)]
    return sorted(around)
