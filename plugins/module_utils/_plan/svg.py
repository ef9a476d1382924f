# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few shapes that a picture needs, as SVG text; colours are classes, so that one picture serves light and dark.

Sizes are in pixels. Text is measured by wide estimates, since the reader's fonts are not known: what must fit is made
smaller, then cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

MONO, SANS = "mono", "sans"
_SMALLEST = 8.5
_NARROW, _WIDE = frozenset("iljtfrI.,:;|'!()[]/ "), frozenset("mwMW@%")

# name: (light, dark)
_COLOURS = {
    "paper": ("#f4f6fa", "#0d1219"),
    "zone": ("#e9eef6", "#121a24"),
    "card": ("#ffffff", "#19222e"),
    "line": ("#cbd5e1", "#334155"),
    "ink": ("#0f1c2e", "#e8eef6"),
    "muted": ("#52627a", "#9fb0c6"),
    "blue": ("#1d5fd1", "#6aa6ff"),
    "bluepale": ("#e4eefe", "#15294a"),
    "amber": ("#a45d00", "#f0b45a"),
    "amberpale": ("#fff1da", "#3a2a10"),
    "good": ("#0b7d4b", "#46d493"),
    "goodpale": ("#dcf5e8", "#0f3325"),
    "bad": ("#c02626", "#ff8078"),
    "badpale": ("#fde4e2", "#421a1a"),
    "violet": ("#6b3fc0", "#b79cff"),
    "violetpale": ("#efe8fd", "#2a1d4a"),
    "mutedpale": ("#e3e8f0", "#263140"),
}
_HATCH = 7  # pixels from stripe to stripe


def _rules(shade: int) -> str:
    rules = []
    for name, colours in _COLOURS.items():
        rules.append(f".f-{name}{{fill:{colours[shade]}}}.s-{name}{{stroke:{colours[shade]}}}")
    return "".join(rules)


STYLE = (
    "text{dominant-baseline:alphabetic}"
    ".sans{font-family:system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    ".mono{font-family:ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono',monospace}"
    ".bold{font-weight:650}.none{fill:none}.dash{stroke-dasharray:5 4}"
    + _rules(0)
    + "@media (prefers-color-scheme:dark){"
    + _rules(1)
    + "}"
)


def width(text: str, size: float, face: str = SANS, bold: bool = False) -> float:
    """A generous estimate of how wide a text will be."""
    if face == MONO:
        return len(text) * size * 0.61
    em = sum(0.36 if char in _NARROW else 0.98 if char in _WIDE else 0.64 for char in text)
    return em * size * (1.07 if bold else 1.0)


def fit(text: str, room: float, size: float, face: str = SANS, bold: bool = False) -> tuple[str, float]:
    """The text and size that fit into ``room``: smaller first, then cut at the end."""
    while size > _SMALLEST and width(text, size, face, bold) > room:
        size = max(_SMALLEST, size - 0.5)
    if width(text, size, face, bold) <= room:
        return text, size
    while text and width(text + "…", size, face, bold) > room:
        text = text[:-1]
    return text + "…", size


def number(value: float) -> str:
    """A coordinate without needless digits, so that the same picture is the same text."""
    return f"{value:.1f}".removesuffix(".0")


def label(
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str = "ink",
    *,
    face: str = SANS,
    bold: bool = False,
    anchor: str = "start",
    room: float | None = None,
) -> str:
    """One line of text; with ``room`` it is made to fit, and what was cut is in its tooltip."""
    shown, size = (text, size) if room is None else fit(text, room, size, face, bold)
    tooltip = "" if shown == text else f"<title>{escape(text)}</title>"
    weight = " bold" if bold else ""
    side = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{side} class="{face}{weight} f-{colour}">'
        f"{tooltip}{escape(shown)}</text>"
    )


def box(
    x: float, y: float, wide: float, high: float, fill: str, stroke: str = "", *, radius: float = 8, extra: str = ""
) -> str:
    """A rounded rectangle."""
    classes = f"f-{fill}" + (f" s-{stroke}" if stroke else "") + (f" {extra}" if extra else "")
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(wide)}" height="{number(high)}" rx="{number(radius)}" '
        f'class="{classes}"/>'
    )


def hatch(colour: str) -> str:
    """The definition of a striped ground; :func:`box` fills with it by ``extra``: the class ``h-`` and the colour."""
    size = f'width="{_HATCH}" height="{_HATCH}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
    return (
        f'<defs><pattern id="hatch-{colour}" {size}><rect width="{_HATCH}" height="{_HATCH}" class="f-{colour}pale"/>'
        f'<path d="M0 0V{_HATCH}" stroke-width="3" opacity=".45" class="none s-{colour}"/></pattern></defs>'
        f"<style>.h-{colour}{{fill:url(#hatch-{colour})}}</style>"
    )


def pill_width(text: str, size: float = 11) -> float:
    """How wide :func:`pill` will be."""
    return width(text, size, bold=True) + 14


def pill(x: float, y: float, text: str, colour: str, *, size: float = 11, anchor: str = "start") -> str:
    """A short text on a pale, rounded ground of its colour; ``y`` is its middle, ``anchor`` start, middle or end."""
    wide, high = pill_width(text, size), size + 7
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    ground = f"{colour}pale" if f"{colour}pale" in _COLOURS else "zone"
    return box(left, y - high / 2, wide, high, ground, radius=high / 2) + label(
        left + wide / 2, y + size * 0.36, text, size, colour, bold=True, anchor="middle"
    )


def wire(
    points: Sequence[tuple[float, float]], colour: str, *, thick: float = 2, radius: float = 9, extra: str = ""
) -> str:
    """A line along horizontal and vertical stretches, its corners rounded."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        turn = min(radius, *(_distance(corner, other) / 2 for other in (before, after)))
        first, last = _towards(corner, before, turn), _towards(corner, after, turn)
        parts.append(f"L{_pair(first)}Q{_pair(corner)} {_pair(last)}")
    parts.append(f"L{_pair(points[-1])}")
    classes = f"none s-{colour}" + (f" {extra}" if extra else "")
    return f'<path d="{"".join(parts)}" stroke-width="{number(thick)}" stroke-linecap="round" class="{classes}"/>'


def _pair(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: tuple[float, float], end: tuple[float, float], by: float) -> tuple[float, float]:
    whole = _distance(start, end) or 1
    return start[0] + (end[0] - start[0]) * by / whole, start[1] + (end[1] - start[1]) * by / whole


def arrow(x: float, y: float, colour: str, size: float = 5) -> str:
    """An arrowhead that points up, its tip at (x, y)."""
    return (
        f'<path d="M{_pair((x - size, y + 1.6 * size))}L{_pair((x, y))}L{_pair((x + size, y + 1.6 * size))}Z" '
        f'class="f-{colour}"/>'
    )


def document(wide: float, high: float, title: str, body: str) -> str:
    """The whole file."""
    size = f'width="{number(wide)}" height="{number(high)}" viewBox="0 0 {number(wide)} {number(high)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )
