# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One subnet's addresses: what is taken, by whom, and where the next free block is."""

from __future__ import annotations

from collections.abc import Iterable

from .addresses import BITS, Block
from .intervals import IntervalSet, largest_aligned
from .model import Taken, reserved


class Space:
    """A subnet being filled.

    Taking only ever makes the free space smaller, so a search of one size starts where the last one of that size ended:
    n hosts cost n searches and one walk, not n walks.
    """

    def __init__(self, subnet: Block, taken: Iterable[Taken]) -> None:
        self.subnet = subnet
        self._taken = [*(Taken(block, "reserved by AWS") for block in reserved(subnet)), *taken]
        self._set = IntervalSet((entry.block.first, entry.block.last) for entry in self._taken)
        self._reached: dict[int, int] = {}

    def holder(self, first: int, last: int) -> str | None:
        """What of ``first..last`` is taken and by whom, for a message; ``None`` when all of it is free."""
        if not self._set.overlaps(first, last):
            return None
        # Only a refusal asks for the name, so the list is searched as it is rather than kept in order.
        found = [entry for entry in self._taken if entry.block.first <= last and first <= entry.block.last]
        lowest = min(found, key=lambda entry: (entry.block, entry.owner))
        return f"{lowest.block} ({lowest.owner})"

    def take(self, block: Block, owner: str) -> None:
        """Note that ``owner`` has ``block`` from now on."""
        self._set.add(block.first, block.last)
        self._taken.append(Taken(block, owner))

    def first_free(self, length: int) -> Block | None:
        """The lowest free aligned block of that length, or ``None``."""
        start = self._reached.get(length, self.subnet.first)
        first = self._set.first_fit(1 << (BITS - length), start, self.subnet.last)
        self._reached[length] = self.subnet.last + 1 if first is None else first
        return None if first is None else Block(first, length)

    def largest_free(self) -> Block | None:
        """The lowest of the largest free aligned blocks: what would still fit."""
        best: Block | None = None
        for first, last in self._set.gaps(self.subnet.first, self.subnet.last):
            size = largest_aligned(first, last)
            if best is None or size > best.size:
                best = Block(-(-first // size) * size, BITS - size.bit_length() + 1)
        return best
