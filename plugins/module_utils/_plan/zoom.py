# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The used parts of a subnet as rows of equal cells, and what lies between them as one line: nothing is enumerated.

A subnet has 2**64 addresses and more, of which a fleet uses a few runs. A sheet is like a hex dump of it: rows in
which something is are kept, everything else is folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from .addresses import BITS, Block, align_down, block_around
from .holdings import AWS, RESERVED, Holding

STRAYS = 3  # rows in which only others have something, as long as there are no more
ROWS_OF_ONE = 2  # a block of 2**2 rows lies beneath them, a smaller one in them


@dataclass(frozen=True)
class Run:
    """Neighbouring cells of a row, the first of them number ``first``, that the same holdings have.

    ``partial``: these fill less than the cells.
    """

    first: int
    cells: int
    holdings: tuple[Holding, ...]
    partial: bool = False


@dataclass(frozen=True)
class Row:
    """A row that is drawn: ``grounds`` are reservations (or a larger range) beneath, ``runs`` what is held."""

    block: Block
    grounds: tuple[Run, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Gap:
    """What is folded into one line, ``first`` to ``last``: on what ground, and which holdings are in it."""

    first: int
    last: int
    ground: Holding | None
    folded: tuple[Holding, ...]

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Sheet:
    """Part of a subnet, ``columns`` cells a row, each cell a block of length ``unit``."""

    within: Block
    unit: int
    columns: int
    lines: tuple[Row | Gap, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows alone."""
        return tuple(line for line in self.lines if isinstance(line, Row))


def row_length(unit: int, columns: int) -> int:
    """The length of the block that a row is."""
    return unit - (columns.bit_length() - 1)


def used_rows(within: Block, unit: int, columns: int, holdings: Iterable[Holding]) -> dict[int, bool]:
    """The first addresses of the rows in which something is, and whether any of it is the fleet's or AWS's.

    Neither what lies beneath rows nor the subnet's last address, which AWS keeps, is worth a row.
    """
    length = row_length(unit, columns)
    found: dict[int, bool] = {}
    for holding in holdings:
        if within.covers(holding.block) and not _is_ground(holding, length) and not _is_end(holding, within):
            for first in _rows_of(holding.block, length):
                found[first] = found.get(first, False) or not holding.others
    return found


def sheet(within: Block, unit: int, columns: int, holdings: Sequence[Holding], most: int) -> Sheet:
    """The sheet with at most ``most`` rows, the lowest.

    Rows in which only others have something are drawn as long as they are few: a subnet is sprinkled with addresses
    that EC2 chose for others at random.
    """
    length = row_length(unit, columns)
    here = sorted((holding for holding in holdings if within.overlaps(holding.block)), key=attrgetter("position"))
    used = used_rows(within, unit, columns, here)
    strays = [first for first in used if not used[first]]
    drawn = sorted(first for first in used if used[first] or len(strays) <= STRAYS)[:most]
    grounds = [holding for holding in here if _is_ground(holding, length)]
    by_row: dict[int, list[Holding]] = {first: [] for first in drawn}
    folded: list[Holding] = []
    for holding in here:
        if not _is_ground(holding, length):
            for first in _rows_of(holding.block, length):
                by_row.get(first, folded).append(holding)
    lines: list[Row | Gap] = []
    start = within.first
    for first in drawn:
        lines += _gaps(start, first - 1, grounds, folded)
        row = Block(first, length)
        lines.append(_row(row, unit, grounds, by_row[first]))
        start = row.last + 1
    lines += _gaps(start, within.last, grounds, folded)
    return Sheet(within, unit, columns, tuple(lines))


def rooms(subnet: Block, length: int, holdings: Iterable[Holding]) -> dict[Block, list[Holding]]:
    """The blocks of a length in which something smaller is, ascending, each with that."""
    found: dict[Block, list[Holding]] = {}
    for holding in sorted(holdings, key=attrgetter("position")):
        if holding.block.length > length and not _is_end(holding, subnet):
            found.setdefault(block_around(holding.block.first, length), []).append(holding)
    return found


def _is_ground(holding: Holding, length: int) -> bool:
    """Whether it lies beneath rows, rather than in them: a reservation of whole rows, or what fills many of them."""
    return holding.block.length <= length - (0 if holding.kind == RESERVED else ROWS_OF_ONE)


def _rows_of(block: Block, length: int) -> range:
    size = 1 << (BITS - length)
    return range(align_down(block.first, length), block.last + 1, size)


def _is_end(holding: Holding, within: Block) -> bool:
    return holding.kind == AWS and holding.block.last == within.last


def _gaps(first: int, last: int, grounds: Sequence[Holding], folded: Sequence[Holding]) -> list[Row | Gap]:
    """The stretch between two rows, cut where what lies beneath it changes; the smallest ground is on top."""
    if last < first:
        return []
    cuts = {first, last + 1}
    for ground in grounds:
        cuts.update(edge for edge in (ground.block.first, ground.block.last + 1) if first < edge <= last)
    lines: list[Row | Gap] = []
    start, *ends = sorted(cuts)
    for end in ends:
        beneath = [ground for ground in grounds if ground.block.first <= start <= ground.block.last]
        top = max(beneath, key=lambda ground: ground.block.length, default=None)
        inside = tuple(holding for holding in folded if start <= holding.block.first < end)
        lines.append(Gap(start, end - 1, top, inside))
        start = end
    return lines


def _row(row: Block, unit: int, grounds: Iterable[Holding], holdings: Iterable[Holding]) -> Row:
    beneath = [Run(0, 1 << (unit - row.length), (ground,)) for ground in grounds if ground.block.covers(row)]
    cells: dict[int, list[Holding]] = {}
    for holding in holdings:
        run = _cells(row, unit, holding)
        if holding.kind == RESERVED and holding.block.length <= unit:
            beneath.append(Run(run.start, len(run), (holding,)))
        else:
            for cell in run:
                cells.setdefault(cell, []).append(holding)
    return Row(row, tuple(beneath), tuple(_runs(cells, unit)))


def _cells(row: Block, unit: int, holding: Holding) -> range:
    size = 1 << (BITS - unit)
    first, last = max(holding.block.first, row.first), min(holding.block.last, row.last)
    return range((first - row.first) // size, (last - row.first) // size + 1)


def _runs(cells: Mapping[int, list[Holding]], unit: int) -> Iterable[Run]:
    """Neighbouring cells of the very same holdings, together."""
    size = 1 << (BITS - unit)
    start = previous = -1
    for cell in sorted(cells):
        if start >= 0 and cell == previous + 1 and cells[cell] == cells[start]:
            previous = cell
            continue
        if start >= 0:
            yield _run(start, previous, cells[start], size)
        start = previous = cell
    if start >= 0:
        yield _run(start, previous, cells[start], size)


def _run(first: int, last: int, holdings: Sequence[Holding], size: int) -> Run:
    count = last - first + 1
    held = sum(holding.block.size for holding in holdings)
    return Run(first, count, tuple(holdings), partial=held < count * size)
