# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom, as a matrix: for fleets too large for lines."""

from __future__ import annotations

from .._plan.svg import box, label, width
from .picture import Link, Picture

CELL = 30.0
LONGEST = 150.0  # room for a host's name


def matrix(picture: Picture, middle: float, top: float) -> tuple[str, float]:
    """A square a pair of hosts, with the hop limit of the replies between them → the drawing, its bottom.

    A host's own square shows its own containers, if it has several.
    """
    names = list(picture.hosts)
    room = min(LONGEST, max((width(name, 12) for name in names), default=0) + 6)
    left = middle - (room + len(names) * CELL) / 2 + room
    parts = [label(middle, top, "hop limit of echo replies, container to container", 12.5, "muted", anchor="middle")]
    first = top + 18
    for row, name in enumerate(names):
        y = first + row * CELL
        parts.append(label(left - 10, y + CELL * 0.64, name, 12, anchor="end", room=room - 10))
        for column, other in enumerate(names[: row + 1]):
            link = picture.link(name, other)
            if link.score.made:
                parts += _cell(link, left + column * CELL, y)
        end = left + (row + 1 if picture.link(name, name).score.made else row) * CELL
        parts.append(label(end + 8, y + CELL * 0.64, name, 11, "muted"))
    return "\n".join(parts), first + len(names) * CELL


def _cell(link: Link, x: float, y: float) -> list[str]:
    colour = link.score.colour
    text = "/".join(str(value) for value in link.hop_limits) if colour == "good" else "!"
    return [
        box(x + 1.5, y + 1.5, CELL - 3, CELL - 3, f"{colour}pale", radius=5),
        label(x + CELL / 2, y + CELL * 0.64, text, 11, colour, bold=True, anchor="middle", room=CELL - 6),
    ]
