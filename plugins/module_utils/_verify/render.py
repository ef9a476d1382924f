# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a fleet: the Internet, its subnets, each host with its ENI, bridge and containers, who reaches whom.

Up to five hosts stand in one row, their pings drawn as lines beneath; more stand in several rows, over a matrix of the
pings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from .._plan.svg import MONO, arrow, box, document, label, pill, pill_width, wire
from .._plan.words import many
from . import cards
from .layout import INSET, MARGIN, Layout, Zone, lay_out
from .matrix import matrix
from .picture import Link, Picture, Score

LEVEL = 27.0  # between two lines of pings
OUTWARDS = ("ping.internet", "capture.internet")  # the checks of what goes between a host and the Internet


def topology(report: Mapping[str, Any]) -> str:
    """A report of the role verify → an SVG document. The same report gives the same text."""
    picture = Picture(report)
    layout = lay_out(picture)
    wide, alone = layout.wide, len(layout.zones) == 1
    if layout.in_a_row:
        pings, bottom = _pings(picture, layout.lefts, layout.bottom)
    elif layout.rows:
        pings, bottom = matrix(picture, wide / 2, layout.bottom + (34 if alone else 60))
    else:
        pings, bottom = "", layout.bottom
    # The pings of a single subnet are inside it, those of several between them.
    zones = [replace(zone, bottom=bottom + INSET) for zone in layout.zones] if alone else layout.zones
    high = max(bottom + (INSET if alone else 0), *(zone.bottom for zone in zones)) + MARGIN
    parts = [
        box(0, 0, wide, high, "paper", radius=0),
        *(box(zone.left, zone.top, zone.wide, zone.bottom - zone.top, "zone", "line", radius=16) for zone in zones),
        *_title(picture, wide),
        *(_subnet(zone, wide / 2 - 80 if alone else zone.wide - 40) for zone in zones),
        *_wires(picture, layout),
        *_outside(picture, wide / 2),
        *(
            cards.card(picture, name, layout.lefts[name], row.top, row.high)
            for row in layout.rows
            for name in row.names
        ),
        pings,
    ]
    return document(wide, high, _headline(picture), "\n".join(part for part in parts if part))


def _headline(picture: Picture) -> str:
    containers = sum(len(host["containers"]) for host in picture.hosts.values())
    promise = ", each at its own IPv6 address" if picture.score().colour == "good" else ""
    return f"{many(containers, 'container')} on {many(len(picture.hosts), 'host')}{promise}"


def _title(picture: Picture, wide: float) -> list[str]:
    everything = picture.score()
    said = f"{everything.held} of {everything.made} checks hold" if everything.made else "not verified"
    colour = everything.colour if everything.made else "muted"
    promise = "nothing translated, closed but for what is declared"
    if colour == "bad":
        promise = (
            f"{everything.made - everything.held} checks do not hold; what is red below, and verify's table, say which"
        )
    return [
        label(MARGIN, 46, _headline(picture), 20, bold=True, room=wide - 2 * MARGIN - pill_width(said, 12.5) - 20),
        label(MARGIN, 68, f"ipv6.aws_containers: {promise}", 12.5, "muted"),
        pill(wide - MARGIN, 41, said, colour, size=12.5, anchor="end"),
    ]


def _subnet(zone: Zone, room: float) -> str:
    return label(zone.left + 18, zone.top + 26, f"subnet {zone.subnet}", 12.5, "muted", face=MONO, room=room)


def _outside(picture: Picture, x: float) -> list[str]:
    """The Internet and the gateway, one above the other, with what the Internet saw."""
    target, address = picture.internet["target"], picture.internet["address"]
    name = f"Internet: {target}" if target else "Internet"
    gateways = ", ".join(picture.gateways) or "no gateway seen"
    half = 150.0
    return [
        box(x - half, 88, 2 * half, 50, "card", "blue", radius=25),
        label(x, 109, name, 14, bold=True, anchor="middle", room=2 * half - 30),
        label(x, 127, address or "not tried", 12, "muted", face=MONO, anchor="middle", room=2 * half - 40),
        box(x - 105, 176, 210, 40, "card", "blue", radius=8),
        label(x, 193, "gateway", 13, bold=True, anchor="middle"),
        label(x, 209, gateways, 11, "muted", face=MONO, anchor="middle", room=196),
        *_notes(
            [
                (picture.score("ping.internet"), "{} of {} containers reach it"),
                (picture.score("capture.internet"), "{} of {} seen with their own address"),
            ],
            x - half - 14,
            "end",
        ),
        *_notes(
            [
                (picture.score("port.declared"), "declared ports: {} of {} open"),
                (picture.score("port.undeclared"), "undeclared ports: {} of {} closed"),
            ],
            x + half + 14,
            "start",
        ),
    ]


def _notes(notes: list[tuple[Score, str]], x: float, anchor: str) -> list[str]:
    """One beneath the other; what was not checked is left out."""
    shown = [(found, text.format(found.held, found.made)) for found, text in notes if found.made]
    return [pill(x, 102 + 24 * line, text, found.colour, anchor=anchor) for line, (found, text) in enumerate(shown)]


def _wires(picture: Picture, layout: Layout) -> list[str]:
    """From the Internet to each host, those on which something fails above the others."""
    x = layout.wide / 2
    parts = [wire([(x, 138), (x, 176)], _flow(picture.score(*OUTWARDS)), thick=3)]
    ways = [(row, name) for row in layout.rows for name in row.names]
    for row, name in sorted(ways, key=lambda each: picture.score(*OUTWARDS, host=each[1]).colour == "bad"):
        end, bus = layout.lefts[name] + cards.WIDE / 2, row.way[-1][1]
        turn = [(end, bus)] if end != row.way[-1][0] else []
        parts.append(wire([*row.way, *turn, (end, row.top)], _flow(picture.score(*OUTWARDS, host=name))))
    return parts


def _flow(found: Score) -> str:
    """The colour of a wire: blue where nothing was tried."""
    return found.colour if found.made else "blue"


def _pings(picture: Picture, lefts: Mapping[str, float], top: float) -> tuple[str, float]:
    """Lines beneath one row of cards, one a pair of hosts → the drawing and its bottom."""
    names = list(lefts)
    links = [picture.link(one, other) for one, other in combinations(names, 2)]
    links = [link for link in links if link.score.made]
    if not links:
        return "", top
    spans = {link: (names.index(link.one), names.index(link.other)) for link in links}
    levels = _levels(spans)
    ends = _ends(spans, lefts, names)
    depth = {link: top + 26 + LEVEL * level for link, level in levels.items()}
    lines, tips, texts = [], [], []
    for link in sorted(links, key=lambda each: -levels[each]):
        (x, far), y = ends[link], depth[link]
        colour = link.score.colour
        lines.append(
            wire([(x, top + 8), (x, y), (far, y), (far, top + 8)], colour, extra="" if colour == "good" else "dash")
        )
        tips += [arrow(end, top + 2, colour) for end in (x, far)]
        crossing = [end for other in links if depth[other] > y for end in ends[other]]
        texts.append(_on_line(link, x, far, y, crossing))
    return "\n".join([*lines, *tips, *texts]), max(depth.values()) + 14


def _on_line(link: Link, x: float, far: float, y: float, crossing: list[float]) -> str:
    """The text on a line, as near to its middle as the lines that cross it allow."""
    half = pill_width(link.text) / 2
    middle = (x + far) / 2
    places = [middle + sign * 8 * step for step in range(60) for sign in (1, -1)]
    inside = [place for place in places if x + half + 8 <= place <= far - half - 8]
    free = [place for place in inside if all(abs(place - line) > half + 5 for line in crossing)]
    return pill((free or inside or [middle])[0], y, link.text, link.score.colour, anchor="middle")


def _levels(spans: Mapping[Link, tuple[int, int]]) -> dict[Link, int]:
    """The shortest lines nearest to the cards; two share a level if they only meet at a host."""
    taken: list[list[tuple[int, int]]] = []
    levels = {}
    for link, (start, end) in sorted(spans.items(), key=lambda item: (item[1][1] - item[1][0], item[1])):
        fits = (n for n, level in enumerate(taken) if all(end <= low or high <= start for low, high in level))
        level = next(fits, len(taken))
        if level == len(taken):
            taken.append([])
        taken[level].append((start, end))
        levels[link] = level
    return levels


def _ends(
    spans: Mapping[Link, tuple[int, int]], lefts: Mapping[str, float], names: list[str]
) -> dict[Link, tuple[float, float]]:
    """Where each line leaves its two cards: side by side, the far-reaching ones outermost, so that none cross there."""
    ends: dict[Link, list[float]] = {link: [0.0, 0.0] for link in spans}
    for index, name in enumerate(names):
        to_left = sorted((link for link, span in spans.items() if span[1] == index), key=lambda link: -spans[link][0])
        to_right = sorted((link for link, span in spans.items() if span[0] == index), key=lambda link: -spans[link][1])
        order = [(link, 1) for link in to_left] + [(link, 0) for link in to_right]
        step = min(26.0, (cards.WIDE - 40) / max(1, len(order)))
        first = lefts[name] + cards.WIDE / 2 - step * (len(order) - 1) / 2
        for place, (link, end) in enumerate(order):
            ends[link][end] = first + place * step
    return {link: (pair[0], pair[1]) for link, pair in ends.items()}
