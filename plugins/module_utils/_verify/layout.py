# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the subnets and hosts of a picture stand.

A single subnet takes all of the paper's width, and the wire from the gateway comes in through its top. Several stand on
shelves, each in a frame of its own as wide as its hosts; a wire along the top of each shelf leads to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import cards
from .picture import Picture

ROW = 5  # hosts side by side
MARGIN, GAP = 28.0, 26.0
INSET = 22.0  # from a subnet's border to the cards
TOP = 236.0  # where a single subnet's border is, or the first shelf's wire
GATEWAY = 216.0  # the gateway's lower edge
BUS = 64.0  # from a subnet's border to the cards, with the wire to them between
ABOVE = 26.0  # from that wire to the cards
SHELF = 20.0  # from a shelf's wire to the subnets on it
FOOT = 14.0  # from the cards to the border of one of several subnets
RISER = 8.0  # from a subnet's left border to the wire that comes down there
TRUNK = MARGIN - 12  # the wire that leads to further shelves
NARROWEST = 900.0

Point = tuple[float, float]
Shelf = Sequence[tuple[str, tuple[str, ...]]]  # subnets side by side, each with its hosts


@dataclass(frozen=True)
class Row:
    """Hosts side by side: the height of their cards' top, and the cards' height.

    ``way``: the corners of the wire from the gateway to where it turns off to the first of the cards.
    """

    names: tuple[str, ...]
    top: float
    high: float
    way: tuple[Point, ...]


@dataclass(frozen=True)
class Zone:
    """A subnet's frame, and the rows in it."""

    subnet: str
    left: float
    top: float
    wide: float
    bottom: float
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Layout:
    """The paper's width, the subnets, the left edges of the hosts' cards from left to right, the lowest one's end."""

    wide: float
    zones: tuple[Zone, ...]
    lefts: Mapping[str, float]
    bottom: float

    @property
    def rows(self) -> list[Row]:
        """The rows of all subnets."""
        return [row for zone in self.zones for row in zone.rows]

    @property
    def in_a_row(self) -> bool:
        """Whether all hosts stand side by side."""
        return len({row.top for row in self.rows}) == 1


def lay_out(picture: Picture) -> Layout:
    """As few rows as the width allows, as even as can be."""
    subnets = list(picture.by_subnet.items()) or [("", ())]
    shelves = _shelves(subnets)
    wide = max(max(map(_taken, shelves)) + 2 * MARGIN, NARROWEST)
    return _single(picture, *subnets[0], wide) if len(subnets) == 1 else _several(picture, shelves, wide)


def _single(picture: Picture, subnet: str, names: tuple[str, ...], wide: float) -> Layout:
    rows: list[Row] = []
    lefts: dict[str, float] = {}
    middle, bottom = wide / 2, TOP
    first = [(middle, GATEWAY), (middle, TOP + BUS - ABOVE)]
    trunk = MARGIN + RISER
    for group in _even(names):
        bus = bottom + BUS - ABOVE
        way = first if not rows else [*first, (trunk, first[-1][1]), (trunk, bus)]
        rows.append(Row(group, bottom + BUS, _highest(picture, group), tuple(way)))
        lefts |= _lefts(group, (wide - _across(len(names))) / 2 + INSET)
        bottom = rows[-1].top + rows[-1].high
    zone = Zone(subnet, MARGIN, TOP, wide - 2 * MARGIN, bottom + INSET, tuple(rows))
    return Layout(wide, (zone,), lefts, bottom)


def _several(picture: Picture, shelves: Sequence[Shelf], wide: float) -> Layout:
    zones: list[Zone] = []
    lefts: dict[str, float] = {}
    middle, bus = wide / 2, TOP
    for shelf in shelves:
        left, top = (wide - _taken(shelf)) / 2, bus + SHELF
        everybody = [name for _subnet, names in shelf for name in names]
        lead = [(middle, GATEWAY), (middle, TOP)]
        lead += [(TRUNK, TOP), (TRUNK, bus)] if zones else []
        lowest = top
        for subnet, names in shelf:
            rows: list[Row] = []
            bottom, riser = top, left + RISER
            for group in _even(names):
                way = (*lead, (riser, bus), (riser, bottom + BUS - ABOVE))
                high = _highest(picture, everybody if len(shelf) > 1 else group)
                rows.append(Row(group, bottom + BUS, high, way))
                lefts |= _lefts(group, left + INSET)
                bottom = rows[-1].top + high
            zones.append(Zone(subnet, left, top, _across(len(names)), bottom + FOOT, tuple(rows)))
            left += _across(len(names)) + GAP
            lowest = max(lowest, bottom)
        bus = lowest + FOOT + SHELF
    return Layout(wide, tuple(zones), lefts, lowest)


def _shelves(subnets: Shelf) -> list[Shelf]:
    """In their order, as many side by side as have room."""
    shelves: list[list[tuple[str, tuple[str, ...]]]] = []
    room = 0
    for subnet, names in subnets:
        if len(names) > room or not shelves:
            shelves.append([])
            room = ROW
        shelves[-1].append((subnet, names))
        room -= len(names)
    return list(shelves)


def _even(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The hosts of each row."""
    columns = _columns(len(names))
    return [names[at : at + columns] for at in range(0, len(names), columns)]


def _columns(count: int) -> int:
    return -(-count // max(1, -(-count // ROW))) or 1


def _across(count: int) -> float:
    """How wide a subnet of so many hosts is."""
    return _columns(count) * (cards.WIDE + GAP) - GAP + 2 * INSET


def _taken(shelf: Shelf) -> float:
    return sum(_across(len(names)) for _subnet, names in shelf) + GAP * (len(shelf) - 1)


def _lefts(names: Sequence[str], first: float) -> dict[str, float]:
    return {name: first + at * (cards.WIDE + GAP) for at, name in enumerate(names)}


def _highest(picture: Picture, names: Sequence[str]) -> float:
    return max(cards.height(picture, name) for name in names)
