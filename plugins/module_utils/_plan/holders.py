# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has what of a subnet, for messages: nothing is looked up, nor even put in order, until a refusal asks."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from .addresses import Block, block_around
from .model import Taken

# So many new entries are put in their places one by one; more are sorted in at once.
_FEW = 500


class Holders:
    """An index over a list of ranges that only ever grows at its end."""

    def __init__(self, taken: Sequence[Taken]) -> None:
        self._taken = taken
        self._read = 0
        self._ordered: list[tuple[int, int, str]] = []
        self._around: dict[Block, list[str]] = {}
        self._lengths: set[int] = set()

    def lowest(self, block: Block, besides: str) -> Taken | None:
        """The lowest range that overlaps ``block`` and is not of ``besides``: ranges are nested or apart, so it either
        lies around the block or begins in it."""
        self._catch_up()
        for length in sorted(size for size in self._lengths if size <= block.length):
            outer = block_around(block.first, length)
            owners = [owner for owner in self._around.get(outer, ()) if owner != besides]
            if owners:
                return Taken(outer, min(owners))
        index = bisect_left(self._ordered, (block.first, 0, ""))
        while index < len(self._ordered) and self._ordered[index][0] <= block.last:
            first, length, owner = self._ordered[index]
            if owner != besides:
                return Taken(Block(first, length), owner)
            index += 1
        return None

    def _catch_up(self) -> None:
        new = [(entry.block.first, entry.block.length, entry.owner) for entry in self._taken[self._read :]]
        self._read += len(new)
        for first, length, owner in new:
            self._around.setdefault(Block(first, length), []).append(owner)
            self._lengths.add(length)
        if len(new) > _FEW:
            self._ordered = sorted([*self._ordered, *new])
        else:
            for entry in new:
                insort(self._ordered, entry)
