# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subnet as its years have left it, and hosts that ask for a place in it: the same ones for every seed."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from itertools import count

SUBNET = ipaddress.IPv6Network("2001:db8::/64")

# Hosts of a fleet: four of ten ENIs have an address and a /126 (five addresses), three an address and a /80. The other
# three are not containers' hosts: one address each, which EC2 drew at random.
_FLEET_SHARE = 0.7
_BLOCK_SHARE = 4 / 7
# Hosts that came and went: their places are holes.
_GONE_SHARE = 0.1

_SHAPES: tuple[dict[str, object], ...] = (
    {"container_mode": "block", "container_count": 2},
    {"container_mode": "block", "container_count": 6},
    {"container_mode": "prefix"},
)


def taken_by(enis: int, seed: int = 1) -> list[str]:
    """What that many ENIs hold in SUBNET, as EC2 tells it: texts of single addresses and of /80 prefixes."""
    source = random.Random(seed)
    fleets = round(enis * _FLEET_SHARE)
    taken: list[str] = []
    delegated = {0}  # the first /80 is where single addresses and blocks are
    places = _places(source)
    for _ in range(fleets):
        held, prefix = next(places)
        while source.random() < _GONE_SHARE:
            held, prefix = next(places)
        taken += held
        delegated.add(prefix)
    strangers: set[int] = set()
    while len(strangers) < enis - fleets:
        value = source.getrandbits(64)
        if value >> 48 not in delegated:
            strangers.add(value)
    return taken + [_text(value) for value in sorted(strangers)]


def _places(source: random.Random) -> Iterator[tuple[list[str], int]]:
    """What a fleet's hosts got one after the other, first fit from the low end, and the /80 that each has (0: none)."""
    fours, prefixes = count(4, 4), count(1)
    singles: list[int] = []
    while True:
        if not singles:
            first = next(fours)
            singles = [first + 3, first + 2, first + 1, first]
        address = _text(singles.pop())
        if source.random() < _BLOCK_SHARE:
            first = next(fours)
            yield [address, *(_text(first + step) for step in range(4))], 0
        else:
            prefix = next(prefixes)
            yield [address, f"{_text(prefix << 48)}/80"], prefix


def new_hosts(number: int) -> list[dict[str, object]]:
    """So many new hosts, by name: a /126, a /125 and a /80 in turn."""
    return [{"name": f"new-{index:05}", **_SHAPES[index % len(_SHAPES)]} for index in range(number)]


def _text(value: int) -> str:
    return str(SUBNET[value])
