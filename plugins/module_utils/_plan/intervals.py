# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of integers as sorted, disjoint intervals: everything by bisection, nothing by enumeration."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class IntervalSet:
    """Closed intervals, ascending, disjoint and never adjacent (neighbours are merged)."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        """Take ``(first, last)`` pairs in any order, overlapping or not: O(n log n)."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(pairs):
            if self._lasts and first <= self._lasts[-1] + 1:
                if last > self._lasts[-1]:
                    self._lasts[-1] = last
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((first, self._lasts[index]) for index, first in enumerate(self._firsts))

    def __len__(self) -> int:
        return len(self._firsts)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether any number of ``first..last`` is in the set: O(log n)."""
        index = bisect_left(self._lasts, first)
        return index < len(self._firsts) and self._firsts[index] <= last

    def covered(self, first: int, last: int) -> int:
        """How many numbers of ``first..last`` are in the set: O(log n), and one step for each interval met."""
        index = bisect_left(self._lasts, first)
        total = 0
        while index < len(self._firsts) and self._firsts[index] <= last:
            total += min(last, self._lasts[index]) - max(first, self._firsts[index]) + 1
            index += 1
        return total

    def add(self, first: int, last: int) -> None:
        """Put ``first..last`` in, merging with what it touches."""
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def first_fit(self, size: int, first: int, last: int) -> int | None:
        """The lowest multiple of ``size`` whose ``size`` numbers lie in ``first..last`` and are all outside the set.

        ``None`` when there is none. Each step leaps over everything that the candidate's own run collides with.
        """
        candidate = _align_up(first, size)
        index = bisect_left(self._lasts, candidate)
        while candidate + size - 1 <= last:
            if index == len(self._firsts) or self._firsts[index] > candidate + size - 1:
                return candidate
            candidate = _align_up(self._lasts[index] + 1, size)
            index = bisect_left(self._lasts, candidate, index)
        return None

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The maximal runs of ``first..last`` outside the set, ascending."""
        start = first
        index = bisect_left(self._lasts, first)
        while index < len(self._firsts) and self._firsts[index] <= last:
            if start < self._firsts[index]:
                yield start, self._firsts[index] - 1
            start = self._lasts[index] + 1
            index += 1
        if start <= last:
            yield start, last


def _align_up(value: int, size: int) -> int:
    return -(-value // size) * size


def aligned_sizes(first: int, last: int) -> Iterator[int]:
    """The sizes of the fewest aligned power-of-two runs that make up ``first..last``, ascending through it."""
    while first <= last:
        size = 1 << ((last - first + 1).bit_length() - 1)
        if first:
            size = min(size, first & -first)
        yield size
        first += size
