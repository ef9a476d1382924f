# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a subnet has no room left: what is free, and what would fit."""

from __future__ import annotations

from .addresses import BITS, Block
from .errors import Problems
from .model import BLOCK_OVERHEAD, DELEGATED_LENGTH, SMALLEST_BLOCK_LENGTH
from .space import Ranges, Space

# So many of the largest lengths are named.
_NAMED = 3


class Shortage:
    """Requests that found no room.

    They are reported together at the end: what is free then is free whoever is left out, and is counted once however
    many they are.
    """

    def __init__(self, space: Space, reservation: Block | None) -> None:
        self._space = space
        self._reservation = reservation
        self._missing: list[tuple[str, int, Ranges]] = []

    def add(self, path: str, length: int, ranges: Ranges) -> None:
        """Note that there was no free block of that length for the value at ``path``."""
        self._missing.append((path, length, ranges))

    def report(self, problems: Problems) -> None:
        """Say so, for each, with what is free."""
        asked = {ranges for _path, _length, ranges in self._missing}
        free = {ranges: self._space.free_lengths(ranges) for ranges in asked}
        for path, length, ranges in self._missing:
            what = "address" if length == BITS else f"aligned /{length}"
            problems.add(path, f"no free {what} in {self._where(ranges)}; {_what_fits(length, free[ranges])}")

    def _where(self, ranges: Ranges) -> str:
        subnet, reservation = self._space.subnet, self._reservation
        if reservation is None:
            return str(subnet)
        if ranges == ((reservation.first, reservation.last),):
            return f"the fleet's reservation {reservation}"
        return f"{subnet} outside the fleet's reservation {reservation}"


def _what_fits(length: int, free: dict[int, int]) -> str:
    """In words: ``free are 3 /125 (6 containers each) and 12 /126 (2 each)``."""
    smaller = {size: number for size, number in free.items() if length < size <= SMALLEST_BLOCK_LENGTH}
    if not smaller:
        return "nothing smaller is free either" if length < BITS else "nothing is free"
    named = list(smaller.items())[:_NAMED]
    if length <= DELEGATED_LENGTH:
        parts = [f"{number} /{size}" for size, number in named]
        return f"free are {_listed(parts)}, where container_mode block would fit"
    parts = [f"{number} /{size} ({(1 << (BITS - size)) - BLOCK_OVERHEAD}" for size, number in named]
    parts = [f"{part} {'each' if index else 'containers each'})" for index, part in enumerate(parts)]
    return f"free are {_listed(parts)}"


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
