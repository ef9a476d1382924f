# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One subnet's addresses: what is taken, by whom, and where the next free block is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from .addresses import BITS, Block
from .holders import Holders
from .intervals import IntervalSet, aligned_sizes
from .model import Taken, reserved

# Where to look for a free block: first and last address of each range, ascending.
Ranges = tuple[tuple[int, int], ...]


def inside(block: Block) -> Ranges:
    """Anywhere in the block."""
    return ((block.first, block.last),)


def outside(block: Block, subnet: Block) -> Ranges:
    """Anywhere in the subnet but in the block."""
    low = ((subnet.first, block.first - 1),) if subnet.first < block.first else ()
    high = ((block.last + 1, subnet.last),) if block.last < subnet.last else ()
    return (*low, *high)


class Space:
    """A subnet being filled.

    Taking only ever makes the free space smaller, so a search of one size starts where the last one of that size ended:
    n hosts cost n searches and one walk, not n walks.
    """

    def __init__(self, subnet: Block, taken: Iterable[Taken]) -> None:
        self.subnet = subnet
        self._taken = [Taken(block, "reserved by AWS") for block in reserved(subnet)]
        self._taken.extend(taken)
        self._set = IntervalSet([(entry.block.first, entry.block.last) for entry in self._taken])
        self._holders = Holders(self._taken)
        self._reached: dict[tuple[int, int, int], int] = {}

    def is_free(self, block: Block, own: Iterable[Block] = ()) -> bool:
        """Whether nothing of the block is taken but what ``own`` (disjoint, and taken) has of it."""
        if not self._set.overlaps(block.first, block.last):
            return True
        mine = sum(part.size for part in own if block.covers(part))
        return mine > 0 and self._set.covered(block.first, block.last) == mine

    def holder(self, block: Block, besides: str = "") -> str:
        """What of a block that is not free is taken and by whom (but not by ``besides``), for a message."""
        lowest = self._holders.lowest(block, besides)
        if lowest is None:
            raise AssertionError("what is not free is somebody's")
        return f"{lowest.block} ({lowest.owner})"

    def take(self, block: Block, owner: str) -> None:
        """Note that ``owner`` has ``block`` from now on."""
        self._set.add(block.first, block.last)
        self._taken.append(Taken(block, owner))

    def first_free(self, length: int, ranges: Ranges, avoid: Block | None = None) -> Block | None:
        """The lowest free aligned block of that length in one of the ranges, clear of ``avoid``; or ``None``."""
        size = 1 << (BITS - length)
        for first, last in ranges:
            start = self._reached.get((length, first, last), first)
            found = self._set.first_fit(size, start, last)
            self._reached[length, first, last] = last + 1 if found is None else found
            if found is not None and avoid is not None and avoid.overlaps(Block(found, length)):
                found = self._set.first_fit(size, max(avoid.last, found + size - 1) + 1, last)
            if found is not None:
                return Block(found, length)
        return None

    def free_lengths(self, ranges: Ranges) -> dict[int, int]:
        """How many free aligned blocks of each length there are, every address counted in the largest it lies in."""
        gaps = chain.from_iterable(self._set.gaps(first, last) for first, last in ranges)
        sizes = Counter(chain.from_iterable(aligned_sizes(first, last) for first, last in gaps))
        return {BITS + 1 - size.bit_length(): sizes[size] for size in sorted(sizes, reverse=True)}
