# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a subnet's map: rows of cells, folded stretches between them, swatches; sizes in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from .addresses import BITS, Block, block_around
from .holdings import AWS, CONTAINERS, EXTRA, HELD, HOST, LEAVING, NEW, OTHER, RESERVED, Holding
from .svg import MONO, box, label, number, width
from .words import TIMES, many, quantity
from .zoom import Gap, Row, Run, Sheet

WIDE = 1312.0
MARGIN, PAD = 28.0, 18.0
LABELS = 132.0  # the rows' addresses, left of the cells
LEFT = MARGIN + PAD + LABELS
CELLS = WIDE - LEFT - PAD - MARGIN
FOLD = 22.0  # the height of a folded stretch
NOTCH = 4.5  # the height of the mark of what is not assigned
STRETCHES = 6  # of these one after another; more are counted
# columns: how high a row is
HIGH = {16: 46.0, 32: 30.0, 64: 22.0}

COLOURS = {HOST: "blue", CONTAINERS: "good", EXTRA: "amber", OTHER: "muted", AWS: "muted", RESERVED: "violet"}
_MEANS = {
    HOST: "address of",
    CONTAINERS: "containers of",
    EXTRA: "on the interface of, besides its allocation,",
    OTHER: "held by",
    AWS: "kept by",
    RESERVED: "reserved by",
}
_WHEN = {HELD: "", NEW: ", planned", LEAVING: ", given up by the plan"}


@dataclass(frozen=True)
class Names:
    """How things are called on a map: addresses relative to the subnet, hosts by number where a name has no room.

    ``letters``: of the cells that have a sheet of their own.
    """

    subnet: Block
    numbers: Mapping[str, int]
    letters: Mapping[Block, str]

    def short(self, block: Block) -> str:
        """The block's text without the subnet's network."""
        return str(Block(block.first - self.subnet.first, block.length))

    def of(self, holding: Holding) -> str:
        """What a swatch of the holding is called."""
        return "AWS" if holding.kind == AWS else holding.name


def swatch(x: float, y: float, wide: float, high: float, kind: str, state: str, host: str = "x") -> str:
    """A rectangle in a holding's colours: full for what is, dashed for what is planned, red for what goes."""
    colour = COLOURS[kind]
    if kind == RESERVED:
        colour = colour if host else "muted"
        edge = {NEW: " dash", LEAVING: " dash"}.get(state, "")
        stroke = "bad" if state == LEAVING else colour
        return box(x, y, wide, high, f"{colour}pale", stroke, radius=3, extra=f"h-{colour}{edge}")
    if state == LEAVING:
        return box(x, y, wide, high, "badpale", "bad", radius=3, extra="dash")
    if state == NEW:
        return box(x, y, wide, high, f"{colour}pale", colour, radius=3, extra="dash")
    if kind == AWS:
        return box(x, y, wide, high, "line", radius=3)
    return box(x, y, wide, high, colour, radius=3)


def ink(holding: Holding) -> str:
    """The colour of text on the holding's swatch."""
    if holding.state == LEAVING:
        return "bad"
    if holding.kind == AWS:
        return "ink"
    return "card" if holding.state == HELD else COLOURS[holding.kind]


def draw_sheet(sheet: Sheet, names: Names, top: float) -> tuple[list[str], float]:
    """The sheet's lines from ``top`` downwards → the drawing and its bottom."""
    parts: list[str] = []
    y = top
    told: set[Holding] = set()
    for folded, lines in groupby(sheet.lines, key=lambda line: isinstance(line, Gap)):
        if folded:
            stretches = [line for line in lines if isinstance(line, Gap)]
            shown = len(stretches) if len(stretches) <= STRETCHES else STRETCHES - 1
            for gap in stretches[:shown]:
                parts += _gap(gap, _stretch(gap, sheet.unit, names, gap.ground in told), names, y)
                y += FOLD
                told.update([gap.ground] if gap.ground else [])
            if stretches[shown:]:
                parts.append(_note(f"{len(stretches) - shown} more stretches, reserved or free", y))
                y += FOLD
        else:
            for row in lines:
                if isinstance(row, Row):
                    parts += _row(row, sheet, names, y)
                    y += HIGH[sheet.columns] + 4
    return parts, y


def _row(row: Row, sheet: Sheet, names: Names, y: float) -> list[str]:
    high, cell = HIGH[sheet.columns], CELLS / sheet.columns
    text = names.short(Block(row.block.first, BITS))
    lines = "".join(f"M{number(LEFT + cell * at)} {number(y)}v{number(high)}" for at in range(1, sheet.columns))
    parts = [
        label(LEFT - 10, y + high / 2 + 4, text, 11, "muted", face=MONO, anchor="end", room=LABELS - 12),
        box(LEFT, y, CELLS, high, "paper", "line", radius=4),
    ]
    for run in row.grounds:
        parts.append(_titled(run.holdings, names, _ground(run, cell, y, high)))
    parts.append(f'<path d="{lines}" stroke-width="1" class="none s-line"/>')
    for run in row.runs:
        shape = _run(run, sheet, names, cell, y, high)
        parts.append(_titled(run.holdings, names, shape + _idle(run, row.block.first, sheet.unit, cell, y, high)))
    return parts


def _ground(run: Run, cell: float, y: float, high: float) -> str:
    holding = run.holdings[0]
    return swatch(LEFT + run.first * cell, y, run.cells * cell, high, holding.kind, holding.state, holding.host)


def _run(run: Run, sheet: Sheet, names: Names, cell: float, y: float, high: float) -> str:
    x, wide = LEFT + run.first * cell, run.cells * cell
    first = run.holdings[0]
    letter = names.letters.get(block_around(first.block.first, sheet.unit)) if run.partial else None
    if letter:
        return _room(x, y, cell, high, letter)
    inset = min(5.0, cell * 0.2) if run.partial else 1.0
    shape = swatch(x + inset, y + inset, wide - 2 * inset, high - 2 * inset, first.kind, first.state, first.host)
    middle, room = x + wide / 2, wide - 2 * inset - 1
    if len(run.holdings) > 1:
        return shape + _fitting(middle, y + high / 2, f"{len(run.holdings)}{TIMES}", room, ink(first))
    if sheet.columns == 16:
        text = names.short(first.block)
        if first.block.length == sheet.unit:
            text = text.partition("/")[0]
        return shape + _two_lines(first, text, names, middle, y, room)
    return shape + _one_line(first, names, middle, y + high / 2, room)


def _idle(run: Run, start: int, unit: int, cell: float, y: float, high: float) -> str:
    """A mark on the cells of a run in which nothing is assigned; ``start`` is the row's first address."""
    if len(run.holdings) > 1:
        return ""
    size, holding = 1 << (BITS - unit), run.holdings[0]
    marks = []
    for first, last in holding.idle:
        left = max(run.first, -(-(first - start) // size))
        right = min(run.first + run.cells, (last + 1 - start) // size)
        if left < right:
            marks.append(notch(LEFT + left * cell + 1, y + high - 1, (right - left) * cell - 2, holding.kind))
    return "".join(marks)


def notch(x: float, bottom: float, wide: float, kind: str) -> str:
    """The mark of what is not assigned: a hollow strip along the lower edge of a swatch."""
    return box(x, bottom - NOTCH, wide, NOTCH, "card", COLOURS[kind], radius=2)


def _room(x: float, y: float, wide: float, high: float, letter: str) -> str:
    """A cell with smaller things in it, which a sheet of its own shows."""
    return box(x + 1.5, y + 1.5, wide - 3, high - 3, "bluepale", "blue", radius=3) + label(
        x + wide / 2, y + high / 2 + 4, letter, 12, "blue", bold=True, anchor="middle"
    )


def _two_lines(holding: Holding, text: str, names: Names, x: float, y: float, room: float) -> str:
    colour = ink(holding)
    return label(x, y + 20, names.of(holding), 11, colour, bold=True, anchor="middle", room=room) + label(
        x, y + 35, text, 10, colour, face=MONO, anchor="middle", room=room
    )


def _one_line(holding: Holding, names: Names, x: float, y: float, room: float) -> str:
    """The name where there is room, else the host's number, else nothing."""
    drawn = _fitting(x, y, names.of(holding), room, ink(holding))
    its_number = str(names.numbers.get(holding.host, ""))
    return drawn or _fitting(x, y, its_number, room, ink(holding), smallest=7.5)


def _fitting(x: float, y: float, text: str, room: float, colour: str, smallest: float = 8.5) -> str:
    """The text around the point (x, y) as large as its room allows, or nothing."""
    size = 10.5
    while size > smallest and width(text, size, MONO) > room:
        size -= 1
    if not text or width(text, size, MONO) > room:
        return ""
    return label(x, y + size * 0.36, text, size, colour, face=MONO, anchor="middle")


def _gap(gap: Gap, text: str, names: Names, y: float) -> list[str]:
    """A thin line, or a striped band where the stretch is reserved, and what is in it."""
    middle = y + FOLD / 2 - 2
    if gap.ground is None:
        return [_note(text, y)]
    ground = gap.ground
    high = FOLD - 5
    band = swatch(LEFT, y, CELLS, high, ground.kind, ground.state, ground.host)
    wide = width(text, 11) + 16
    return [
        _titled((ground,), names, band),
        box(LEFT + 12, y + 1.5, wide, high - 3, "card", radius=6),
        label(LEFT + 20, middle + 4, text, 11, "muted"),
    ]


def _note(text: str, y: float) -> str:
    middle = y + FOLD / 2 - 2
    start = LEFT + width(text, 11) + 34
    line = (
        f'<path d="M{number(LEFT)} {number(middle)}h12M{number(start)} {number(middle)}H{number(LEFT + CELLS)}" '
        'stroke-width="1.5" stroke-linecap="round" stroke-dasharray="1 5" class="none s-muted"/>'
    )
    return line + label(LEFT + 20, middle + 4, text, 11, "muted")


def _stretch(gap: Gap, unit: int, names: Names, told: bool) -> str:
    """How much of a stretch is free, what else is in it, and whose ground it is, unless that was ``told`` already."""
    size = 1 << (BITS - unit)
    free = gap.size // size - len({holding.block.first // size for holding in gap.folded})
    ground = gap.ground
    text = many(free, "address") if unit == BITS else f"{quantity(free)} /{unit}"
    # What others reserved and nobody has is not free for the fleet either.
    text += "" if ground is not None and ground.others else " free"
    if ground is not None and ground.kind != RESERVED:
        text = f"{names.short(ground.block)} held by {ground.name}{_unassigned(ground)}"
    elif ground is not None and not told:
        where = f" ({ground.where})" if ground.where else ""
        text = f"{names.short(ground.block)} reserved by {ground.name}{where}: {text}"
    fleets = sum(1 for holding in gap.folded if not holding.others and holding.kind != AWS)
    others = sum(1 for holding in gap.folded if holding.others)
    counts = ((fleets, "of the fleet's"), (others, "of others'"))
    said = [f"{quantity(count)} {whose}" for count, whose in counts if count]
    said += ["AWS's last address"] if len(gap.folded) > fleets + others else []
    return text + (f", besides {' and '.join(said)}" if said else "")


def _titled(holdings: Sequence[Holding], names: Names, drawn: str) -> str:
    """With a tooltip that says it all."""
    return f"<g><title>{escape(chr(10).join(_sentences(holdings)))}</title>{drawn}</g>"


def _sentences(holdings: Iterable[Holding]) -> Iterable[str]:
    for holding in holdings:
        where = f" ({holding.where})" if holding.where else ""
        whose = f"{_MEANS[holding.kind]} {holding.name}{where}"
        yield f"{holding.block}: {whose}{_WHEN[holding.state]}{_unassigned(holding)}"


def _unassigned(holding: Holding) -> str:
    count = sum(last - first + 1 for first, last in holding.idle)
    return f", {quantity(count)} of its {many(holding.block.size, 'address')} not assigned" if count else ""
