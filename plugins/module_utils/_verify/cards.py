# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of the picture: its ENI, its bridge, its containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._plan import svg
from .._plan.svg import box, label, pill, pill_width, wire
from .picture import Picture

WIDE = 270.0
PAD = 14.0
INNER = WIDE - 2 * PAD
ENI_AT, ENI_HIGH = 66.0, 70.0
BRIDGE_AT, BRIDGE_HIGH = ENI_AT + ENI_HIGH + 18, 46.0
FIRST_AT = BRIDGE_AT + BRIDGE_HIGH + 18
CONTAINER_HIGH, CONTAINER_STEP = 66.0, 76.0
MOST = 4  # containers drawn; more are counted
MORE_HIGH = 22.0
# the checks of what goes through a host
THROUGH = ("ping.internet", "capture.internet", "ping.container", "capture.container")


def height(picture: Picture, name: str) -> float:
    """How high a host's card is."""
    count = len(picture.hosts[name]["containers"])
    gap = CONTAINER_STEP - CONTAINER_HIGH
    containers = max(0.0, min(count, MOST) * CONTAINER_STEP - gap)
    return FIRST_AT + containers + (MORE_HIGH if count > MOST else 0) + PAD


def card(picture: Picture, name: str, x: float, y: float, high: float) -> str:
    """The card of one host at (x, y), ``high`` pixels high (its row's height)."""
    host = picture.hosts[name]
    everything = picture.score(host=name)
    said = f"{everything.held}/{everything.made}" if everything.made else "not verified"
    colour = everything.colour if everything.made else "muted"
    inner = x + PAD
    instance = " ".join(filter(None, (host["instance_id"], host["instance_type"])))
    parts = [
        box(x, y, WIDE, high, "card", colour if colour == "bad" else "line", radius=12),
        label(inner, y + 29, name, 16, bold=True, room=INNER - pill_width(said) - 10),
        pill(x + WIDE - PAD, y + 23, said, colour, anchor="end"),
        label(inner, y + 48, instance or "no instance", 11, "muted", face=svg.MONO, room=INNER),
        wire([(x + WIDE / 2, y + ENI_AT + ENI_HIGH), (x + WIDE / 2, y + BRIDGE_AT)], _flow(picture, name)),
        _eni(host, inner, y + ENI_AT),
        _bridge(host, inner, y + BRIDGE_AT),
    ]
    parts += _containers(picture, name, inner, y)
    return "\n".join(parts)


def _flow(picture: Picture, host: str, container: str = "") -> str:
    """The colour of the wires inside a host: whether the containers' packets come through."""
    colour = picture.score(*THROUGH, host=host, container=container).colour
    return "blue" if colour == "line" else colour


def _eni(host: Mapping[str, Any], x: float, y: float) -> str:
    title = " ".join(filter(None, (host["interface"], host["eni_id"])))
    return "\n".join(
        [
            box(x, y, INNER, ENI_HIGH, "bluepale", "blue"),
            label(x + 10, y + 18, title or "ENI", 11.5, "blue", bold=True, room=INNER - 20),
            *_pair(x, y + 38, "host", host["host_address"]),
            *_pair(x, y + 57, host["mode"], host["container_prefix"]),
        ]
    )


def _pair(x: float, y: float, name: str, value: str) -> list[str]:
    """A name on the left, an address on the right."""
    return [
        label(x + 10, y, name, 11, "muted"),
        label(x + INNER - 10, y, value, 12, face=svg.MONO, anchor="end", room=INNER - 70),
    ]


def _bridge(host: Mapping[str, Any], x: float, y: float) -> str:
    engine = f"Docker {host['docker']}" if host["docker"] else "Docker?"
    length = host["container_prefix"].partition("/")[2]
    return "\n".join(
        [
            box(x, y, INNER, BRIDGE_HIGH, "amberpale", "amber"),
            label(x + 10, y + 18, host["bridge"], 12, "amber", bold=True, room=INNER - 36 - pill_width(engine)),
            label(x + INNER - 10, y + 18, engine, 12, "amber", bold=True, anchor="end"),
            label(x + 10, y + 36, f"{host['bridge_address']}/{length}", 12, face=svg.MONO, room=INNER - 20),
        ]
    )


def _containers(picture: Picture, name: str, x: float, y: float) -> list[str]:
    """One under the other; the wire from the bridge passes behind them."""
    containers = picture.hosts[name]["containers"]
    drawn = containers[:MOST]
    parts = []
    middle = x + INNER / 2
    for index, container in enumerate(drawn):
        top = y + FIRST_AT + index * CONTAINER_STEP
        above = y + BRIDGE_AT + BRIDGE_HIGH if index == 0 else top - (CONTAINER_STEP - CONTAINER_HIGH)
        parts.append(wire([(middle, above), (middle, top)], _flow(picture, name, container["name"])))
        parts.append(_container(picture, name, container, x, top))
    if len(containers) > MOST:
        bottom = y + FIRST_AT + MOST * CONTAINER_STEP + 6
        parts.append(label(middle, bottom, f"and {len(containers) - MOST} more", 12, "muted", anchor="middle"))
    return parts


def _container(picture: Picture, host: str, container: Mapping[str, Any], x: float, y: float) -> str:
    parts = [
        box(x, y, INNER, CONTAINER_HIGH, "card", "good" if container["address"] else "bad"),
        _cube(x + 12, y + 12),
        label(x + 38, y + 20, container["name"], 13, bold=True, room=INNER - 48),
        label(x + 38, y + 37, container["address"] or "no address", 12, face=svg.MONO, room=INNER - 48),
    ]
    left = x + 38
    for port, said, colour in picture.ports(host, container["name"]):
        text = f"{port} {said}"
        if left + pill_width(text, 9.5) > x + INNER - 8:
            break
        parts.append(pill(left, y + 52, text, colour, size=9.5))
        left += pill_width(text, 9.5) + 6
    return "\n".join(parts)


def _cube(x: float, y: float) -> str:
    """A small box, as containers are drawn."""
    return (
        f'<g transform="translate({svg.number(x)} {svg.number(y)})" class="none s-good" stroke-width="1.4" '
        'stroke-linejoin="round"><path d="M0 4L8 0L16 4V13L8 17L0 13Z"/><path d="M0 4L8 8L16 4M8 8V17"/></g>'
    )
