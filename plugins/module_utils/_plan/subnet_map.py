# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of a subnet: who holds what, what is planned, what is free.

From far to near: the whole subnet as one bar, to scale; the part of it that is in use by /80s, which EC2 delegates;
inside those, addresses one by one. What is far apart is folded, and a crowd is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from .addresses import BITS, Block
from .free import Room
from .holdings import AWS, CONTAINERS, EXTRA, HELD, HOST, LEAVING, NEW, OTHER, RESERVED, Holding
from .map_parts import MARGIN, PAD, WIDE, Names, draw_sheet, notch, swatch
from .model import DELEGATED_LENGTH, Subnet
from .svg import MONO, box, document, hatch, label, number, pill, pill_width, width
from .words import many, natural, quantity
from .zoom import Sheet, rooms, sheet, used_rows

# What is drawn over what where there is no room for all.
_LAYERS = (RESERVED, AWS, OTHER, EXTRA, HOST, CONTAINERS)
# Cells a row, their length, rows at most: the first that has room for everything of the fleet is taken.
COARSE = ((16, DELEGATED_LENGTH, 4), (32, DELEGATED_LENGTH, 6), (64, DELEGATED_LENGTH, 24))
FINE = (
    (16, 128, 8),
    (32, 128, 14),
    (64, 128, 44),
    (64, 124, 44),
    (64, 120, 44),
    (64, 112, 44),
    (64, 104, 44),
    (64, 96, 44),
)
SHEETS = 4  # cells that are shown closer
LETTERS = "ABCD"
CROWD = 3  # of the fleet's in one cell, which are worth a sheet of their own
LISTED, OTHERS = 120, 8  # hosts and others' interfaces that are listed by name
COLUMNS, OTHERS_COLUMNS = 3, 2
_IDLE = "of its prefix, but not assigned"


def subnet_map(subnet: Subnet, fleet: str, holdings: Sequence[Holding], room: Room, name: str = "") -> str:
    """An SVG document. ``room``: what is left free once all is done. ``name``: what its inventory calls the subnet.

    :raises ValueError: the subnet has no IPv6 network.
    """
    if subnet.block is None:
        raise ValueError(f"{subnet.id} has no IPv6 network to draw")
    holdings = sorted(holdings, key=attrgetter("position"))
    hosts = sorted({holding.host for holding in holdings if holding.kind in (HOST, CONTAINERS, EXTRA)}, key=natural)
    coarse = _fit(COARSE, subnet.block, holdings)
    fine = _closer(subnet.block, holdings)
    letters = {each.within: LETTERS[at] for at, each in enumerate(fine)}
    listed = hosts if len(hosts) <= LISTED else hosts[: LISTED - COLUMNS]
    names = Names(subnet.block, {host: at for at, host in enumerate(listed, 1)}, letters)

    called = f"{name} ({subnet.id})" if name else subnet.id
    parts, y = _title(called, subnet, fleet, holdings, hosts, room)
    drawn, y = _overview(subnet.block, holdings, coarse, y)
    parts += drawn
    panel, y = _panel(coarse, names, "", f"In use, by /{DELEGATED_LENGTH}: one cell is what EC2 delegates at once", y)
    parts += panel
    for each in fine:
        unit = "one cell is one address" if each.unit == BITS else f"one cell is a /{each.unit}"
        panel, y = _panel(each, names, letters[each.within], f"Inside {names.short(each.within)}: {unit}", y + 16)
        parts += panel
    numbered = any(each.columns > 16 for each in (coarse, *fine))
    drawn, y = _index(listed, len(hosts), holdings, names, numbered, y + 16)
    parts += drawn
    drawn, y = _others(holdings, names, y)
    parts += drawn
    drawn, y = _legend(holdings, y + 14)
    parts += drawn
    high = y + MARGIN
    ground = [hatch("violet"), hatch("muted"), box(0, 0, WIDE, high, "paper", radius=0)]
    title = f"Map of {called}, {subnet.block}"
    return document(WIDE, high, title, "\n".join([*ground, *parts]))


def _closer(subnet: Block, holdings: Sequence[Holding]) -> list[Sheet]:
    """Sheets of what is smaller than a cell of another sheet, the fleet's and AWS's first, the closest looks last."""
    waiting = {room: held for room, held in rooms(subnet, DELEGATED_LENGTH, holdings).items() if _fleets(held)}
    found: list[Sheet] = []
    while waiting and len(found) < SHEETS:
        room = min(waiting, key=lambda each: (each.length, -_fleets(waiting[each]), each))
        held = waiting.pop(room)
        found.append(_fit(FINE, room, holdings))
        inner = rooms(subnet, found[-1].unit, held)
        # A cell with one or two things in it says as much as a sheet of them would.
        waiting.update((cell, inside) for cell, inside in inner.items() if _fleets(inside) > CROWD)
    return sorted(found, key=lambda each: (each.within.length, each.within))


def _fleets(held: Iterable[Holding]) -> int:
    return sum(1 for holding in held if not holding.others)


def _fit(looks: Sequence[tuple[int, int, int]], within: Block, holdings: Sequence[Holding]) -> Sheet:
    """The first look in which everything of the fleet has room; in the last one, not everything has."""
    columns, unit, most = looks[-1]
    for columns, unit, most in looks:
        if sum(used_rows(within, unit, columns, holdings).values()) <= most:
            break
    return sheet(within, unit, columns, holdings, most)


def _title(
    called: str, subnet: Subnet, fleet: str, holdings: Iterable[Holding], hosts: Sequence[str], room: Room
) -> tuple[list[str], float]:
    new = {holding.host for holding in holdings if holding.kind == HOST and holding.state == NEW}
    said = f"{many(len(hosts), 'host')} of fleet {fleet}{f', {len(new)} of them new' if new else ''}"
    where = ", ".join(filter(None, (subnet.vpc_id, subnet.zone, "IPv6-only" if subnet.native else "")))
    across = WIDE - 2 * MARGIN
    legend = "who holds what, what is planned, what is free; addresses are relative to the subnet"
    parts = [
        label(MARGIN, 44, f"{called} {subnet.block}", 20, bold=True, room=across - pill_width(said, 12.5) - 20),
        pill(WIDE - MARGIN, 38, said, "good" if hosts else "muted", size=12.5, anchor="end"),
        label(MARGIN, 66, f"{where}: {legend}" if where else legend, 12.5, "muted", room=across),
    ]
    text = "Free once this is done"
    if room.reservation is not None:
        text += ", blocks in the fleet's reservation"
    parts.append(label(MARGIN, 95, text, 12, "muted"))
    x = MARGIN + width(text, 12) + 10
    for length, count in sorted(room.next_ones().items()):
        text = f"{quantity(count)} /{length}"
        parts.append(pill(x, 91, text, "good" if count else "bad", size=12))
        x += pill_width(text, 12) + 8
    return parts, 116.0


def _overview(subnet: Block, holdings: Iterable[Holding], coarse: Sheet, top: float) -> tuple[list[str], float]:
    """The whole subnet as a bar, to scale, and a wedge from what is drawn of it down to the first sheet."""
    high, y = 34.0, top + 16
    left, wide = MARGIN, WIDE - 2 * MARGIN
    scale = wide / subnet.size
    parts = [
        label(left, y - 6, "The whole subnet, to scale", 12, "muted", bold=True),
        box(left, y, wide, high, "card", "line", radius=4),
    ]
    slivers: dict[tuple[str, str], None] = {}
    for holding in sorted(holdings, key=lambda each: (_LAYERS.index(each.kind), each.block)):
        x = left + (holding.block.first - subnet.first) * scale
        across = max(holding.block.size * scale, 3.0)
        # On whole pixels, what lies too close to be told apart is one and the same.
        x = min(float(int(x)), left + wide - across)
        shape = swatch(x, y + 3, across, high - 6, holding.kind, holding.state if across > 8 else HELD, holding.host)
        slivers[(number(x), shape)] = None
    parts += [shape for _x, shape in slivers]
    rows = coarse.rows
    if not rows:
        return parts, y + high + 14
    first, last = rows[0].block.first, rows[-1].block.last
    start = left + (first - subnet.first) * scale
    end = max(left + (last + 1 - subnet.first) * scale, start + 3)
    below = y + high
    foot = below + 26
    corners = ((start, below), (end, below), (left + wide, foot), (left, foot))
    wedge = f"M{'L'.join(f'{number(x)} {number(y)}' for x, y in corners)}Z"
    parts.append(f'<path d="{wedge}" opacity=".7" class="f-bluepale"/>')
    return parts, foot


def _panel(each: Sheet, names: Names, letter: str, title: str, top: float) -> tuple[list[str], float]:
    """A sheet in a frame, with its title."""
    drawn, bottom = draw_sheet(each, names, top + 40)
    parts = [box(MARGIN, top, WIDE - 2 * MARGIN, bottom + 8 - top, "card", "line", radius=10)]
    x = MARGIN + PAD
    if letter:
        parts += [
            box(x, top + 10, 22, 20, "bluepale", "blue", radius=3),
            label(x + 11, top + 24.5, letter, 12, "blue", bold=True, anchor="middle"),
        ]
        x += 32
    parts.append(label(x, top + 25, title, 13, bold=True))
    return parts + drawn, bottom + 8


def _index(
    listed: Sequence[str], count: int, holdings: Iterable[Holding], names: Names, numbered: bool, top: float
) -> tuple[list[str], float]:
    """The fleet's hosts (``count``, of which these are ``listed``) with their addresses, in columns read downwards."""
    if not listed:
        return [], top
    of: dict[str, list[Holding]] = {}
    for holding in holdings:
        of.setdefault(holding.host, []).append(holding)
    lines = -(-len(listed) // COLUMNS)
    parts = [label(MARGIN, top + 12, "Hosts", 13, bold=True)]
    across = (WIDE - 2 * MARGIN) / COLUMNS
    for at, host in enumerate(listed):
        x, y = MARGIN + across * (at // lines), top + 34 + 18 * (at % lines)
        parts += _entry(host, of[host], names, numbered, x, y, across)
    bottom = top + 34 + 18 * lines
    if len(listed) < count:
        text = f"and {count - len(listed)} more, which the plan's table lists"
        parts.append(label(MARGIN, bottom, text, 12, "muted"))
        bottom += 18
    return parts, bottom


def _entry(
    host: str, holdings: Iterable[Holding], names: Names, numbered: bool, x: float, y: float, across: float
) -> list[str]:
    parts = []
    start = x
    if numbered:
        parts.append(label(x + 24, y, str(names.numbers[host]), 11, "muted", face=MONO, anchor="end"))
        start += 32
    name_room = 130.0
    parts.append(label(start, y, host, 12, bold=True, room=name_room))
    at = start + name_room + 12
    room = (x + across - 16 - at) / 2 - 6
    found = list(holdings)
    for kind in (HOST, CONTAINERS):
        entry = next((each for each in found if each.kind == kind and each.state != LEAVING), None)
        if entry is not None:
            parts += [
                swatch(at, y - 9, 10, 10, kind, entry.state),
                label(at + 15, y, names.short(entry.block), 11, face=MONO, room=room - 15),
            ]
        at += room + 6
    return parts


def _others(holdings: Iterable[Holding], names: Names, top: float) -> tuple[list[str], float]:
    """Others' interfaces and reservations."""
    of: dict[tuple[str, str], list[Holding]] = {}
    for holding in holdings:
        if holding.others:
            of.setdefault((holding.where, holding.name), []).append(holding)
    if not of:
        return [], top
    # The largest first: a reservation may stand in the way of much, a single address of little.
    ranked = sorted(of, key=lambda key: (min(each.block.length for each in of[key]), natural(key[0]), key[1]))
    shown = ranked[: OTHERS if len(of) <= OTHERS else OTHERS - 1]
    lines = -(-len(shown) // OTHERS_COLUMNS)
    across = (WIDE - 2 * MARGIN) / OTHERS_COLUMNS
    parts = [label(MARGIN, top + 22, "Others", 13, bold=True)]
    for at, (where, name) in enumerate(shown):
        x, y = MARGIN + across * (at // lines), top + 44 + 18 * (at % lines)
        held = of[where, name]
        amount = f"{quantity(sum(each.block.size for each in held))} addresses"
        text = names.short(held[0].block) if len(held) == 1 else amount
        called = " ".join(dict.fromkeys(filter(None, (where, name))))
        parts += [
            swatch(x, y - 9, 10, 10, held[0].kind, held[0].state, ""),
            label(x + 16, y, text, 11, face=MONO, room=210),
            label(x + 234, y, called, 12, "muted", room=across - 250),
        ]
    bottom = top + 44 + 18 * lines
    if len(shown) < len(of):
        parts.append(label(MARGIN, bottom, f"and {len(of) - len(shown)} more", 12, "muted"))
        bottom += 18
    return parts, bottom


def _legend(holdings: Sequence[Holding], top: float) -> tuple[list[str], float]:
    """What the colours that are used mean."""
    kinds = {(holding.kind, bool(holding.host)) for holding in holdings}
    states = {holding.state for holding in holdings}
    extra = any(holding.kind == EXTRA and holding.state == HELD for holding in holdings)
    texts = [
        (HOST, HELD, "x", "a host's own address", (HOST, True) in kinds),
        (CONTAINERS, HELD, "x", "its containers' prefix", (CONTAINERS, True) in kinds),
        (CONTAINERS, HELD, "x", _IDLE, any(holding.idle for holding in holdings)),
        (CONTAINERS, NEW, "x", "planned", NEW in states),
        (HOST, LEAVING, "x", "given up by the plan", LEAVING in states),
        (EXTRA, HELD, "x", "on a host's interface besides its allocation", extra),
        (OTHER, HELD, "", "held by others", (OTHER, False) in kinds),
        (AWS, HELD, "", "kept by AWS", True),
        (RESERVED, HELD, "x", "reserved for the fleet", (RESERVED, True) in kinds),
        (RESERVED, HELD, "", "reserved by others", (RESERVED, False) in kinds),
    ]
    parts = []
    x, y = MARGIN, top + 14
    for kind, state, host, text, used in texts:
        if not used:
            continue
        wide = 24 + width(text, 12) + 22
        if x + wide > WIDE - MARGIN:
            x, y = MARGIN, y + 22
        parts += [swatch(x, y - 11, 18, 13, kind, state, host), label(x + 25, y, text, 12, "muted")]
        if text == _IDLE:
            parts.append(notch(x, y + 2, 18, kind))
        x += wide
    parts += [box(x, y - 11, 18, 13, "paper", "line", radius=3), label(x + 25, y, "free", 12, "muted")]
    return parts, y + 6
