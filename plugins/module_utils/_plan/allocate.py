# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets which addresses: what is held stays, pins are honoured, the rest is first fit from the low end.

The result depends on the values alone, never on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .addresses import BITS, Block, block_around, single
from .errors import Problems
from .model import (
    ASSIGN_BLOCK,
    BLOCK_OVERHEAD,
    MODE_BLOCK,
    Allocation,
    Held,
    Request,
    Taken,
    largest_block_length,
    length_for,
    mode_of,
)
from .space import Space

ADDRESS = "host_address"
PREFIX = "container_prefix"

_MOVE = "anything else means new addresses: remove the host first"


def allocate(
    subnet: Block, requests: Sequence[Request], held: Mapping[str, Held], taken: Iterable[Taken], problems: Problems
) -> dict[str, Allocation]:
    """Allocations by host name, in name order; what can't be met is noted in ``problems`` and left out.

    ``held`` is what the requested hosts have, ``taken`` what everybody else has. Held values are placed first, then
    growth in place, then the pins of new hosts, then blocks that are only claimed, then new hosts in name order, a
    host's own address before its block.
    """
    filling = _Filling(Space(subnet, taken), held, problems)
    ordered = sorted(requests, key=lambda request: request.host)
    steps: tuple[Callable[[Request], None], ...] = (
        filling.keep,
        filling.grow,
        filling.pin,
        filling.reclaim,
        filling.choose,
    )
    for step in steps:
        for request in ordered:
            step(request)
    return {
        request.host: Allocation(
            request.host, request.subnet_id, filling.addresses[request.host].first, filling.blocks[request.host]
        )
        for request in ordered
        if request.host in filling.addresses and request.host in filling.blocks
    }


def grown(request: Request, block: Block) -> Block:
    """What a host that holds ``block`` is to have: the block itself, or a larger one around it when that is asked
    for."""
    if mode_of(block.length) != MODE_BLOCK:
        return block
    if request.block is not None:
        suits = request.mode == MODE_BLOCK and request.block.covers(block)
        return request.block if suits else block
    if request.count is None:
        return block
    return block_around(block.first, min(block.length, length_for(request.count)))


class _Filling:
    """The state between the steps: what each host got so far."""

    def __init__(self, space: Space, held: Mapping[str, Held], problems: Problems) -> None:
        self.space = space
        self.held = held
        self.problems = problems
        self.addresses: dict[str, Block] = {}
        self.blocks: dict[str, Block] = {}
        self._refused: set[tuple[str, str]] = set()

    def keep(self, request: Request) -> None:
        """Place what the host holds; a pin or a mode that differs is refused."""
        held = self.held.get(request.host)
        if held is None:
            return
        pin = None if request.address is None else single(request.address)
        if held.address is not None:
            self._unmoved(request, ADDRESS, pin, single(held.address), held.where)
            self._place(request, ADDRESS, single(held.address), held.where)
        if held.block is None or held.movable:
            return
        mode = mode_of(held.block.length)
        if request.block is not None and grown(request, held.block) != request.block:
            self._unmoved(request, PREFIX, request.block, held.block, held.where)
        elif request.mode not in (None, mode):
            rule = f"must stay {mode}, because {request.host} holds {held.block} ({held.where}): {_MOVE}"
            self.problems.add(f"{request.path}.container_mode", rule, request.mode)
        self._place(request, PREFIX, held.block, held.where)

    def reclaim(self, request: Request) -> None:
        """Place a block that is only claimed, unless something else is asked for by now or somebody has it."""
        held = self.held.get(request.host)
        if held is None or held.block is None or not held.movable:
            return
        asked = request.block or held.block
        suits = asked == held.block and request.mode in (None, mode_of(held.block.length))
        if suits and self.space.holder(held.block.first, held.block.last) is None:
            self._place(request, PREFIX, held.block, held.where)

    def grow(self, request: Request) -> None:
        """Enlarge a held block in place where more is asked for; the neighbours must be free."""
        block = self.blocks.get(request.host)
        wanted = None if block is None else grown(request, block)
        if block is None or wanted is None or wanted == block:
            return
        path, shown = f"{request.path}.container_count", str(request.count)
        if request.block is not None:
            path, shown = f"{request.path}.{PREFIX}", str(request.block)
        room = f"must fit {block}, which {request.host} holds and which has room for {block.size - BLOCK_OVERHEAD}"
        if wanted.length < largest_block_length(ASSIGN_BLOCK) or not self.space.subnet.covers(wanted):
            self.problems.add(path, f"{room}: {wanted} is too large a block", shown)
            return
        holders = (self.space.holder(wanted.first, block.first - 1), self.space.holder(block.last + 1, wanted.last))
        neighbour = next((holder for holder in holders if holder), None)
        if neighbour is not None:
            self.problems.add(path, f"{room}: {wanted} is not free, {neighbour}; {_MOVE}", shown)
            return
        self.space.take(wanted, f"{PREFIX} of {request.host}")
        self.blocks[request.host] = wanted

    def pin(self, request: Request) -> None:
        """Place the pins of hosts that hold nothing yet."""
        if request.address is not None and request.host not in self.addresses:
            self._place(request, ADDRESS, single(request.address))
        if request.block is not None and request.host not in self.blocks:
            self._place(request, PREFIX, request.block)

    def choose(self, request: Request) -> None:
        """First fit for what is still open."""
        for kind, length in ((ADDRESS, BITS), (PREFIX, request.length)):
            if request.host in self._placed(kind) or (request.host, kind) in self._refused:
                continue
            block = self.space.first_free(length)
            if block is None:
                largest = self.space.largest_free()
                left = f"the largest block left is {largest}" if largest else "nothing is left"
                self.problems.add(f"{request.path}.{kind}", f"no free aligned /{length} in {self.space.subnet}: {left}")
            else:
                self._place(request, kind, block)

    def _placed(self, kind: str) -> dict[str, Block]:
        return self.addresses if kind == ADDRESS else self.blocks

    def _place(self, request: Request, kind: str, block: Block, where: str = "") -> None:
        holder = self.space.holder(block.first, block.last)
        if holder is None:
            self.space.take(block, f"{kind} of {request.host}")
            self._placed(kind)[request.host] = block
            return
        self._refused.add((request.host, kind))
        held = f" (held by {where})" if where else ""
        self.problems.add(f"{request.path}.{kind}", f"must overlap nothing in use, and {holder} is", f"{block}{held}")

    def _unmoved(self, request: Request, kind: str, pin: Block | None, block: Block, where: str) -> None:
        if pin is not None and pin != block:
            rule = f"must stay {block}, which {request.host} holds ({where}): {_MOVE}"
            self.problems.add(f"{request.path}.{kind}", rule, pin)
