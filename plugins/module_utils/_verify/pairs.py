# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers send packets to which: all to all, or so few that a large fleet is judged in reasonable time.

Always the same for the same fleet, so that two runs can be compared.
"""

from __future__ import annotations

from typing import NamedTuple

from .model import Container, Fleet, Host

ALL, RING, AUTO = "all", "ring", "auto"
#: With ``auto``, all pairs up to so many (64 containers), then so many targets a container.
MOST_PAIRS, THEN = 4096, 8


class Target(NamedTuple):
    """A declared container; the pinned address, or "", while its own is not known."""

    host: Host
    container: Container
    address: str

    @property
    def key(self) -> tuple[str, str]:
        """Host and container by name."""
        return self.host.name, self.container.name


Pairs = dict[tuple[str, str], list[Target]]


def targets(fleet: Fleet) -> list[Target]:
    """Every declared container."""
    return [
        Target(host, container, host.address_of(container)) for host in fleet.hosts for container in host.containers
    ]


def choose(fleet: Fleet) -> Pairs:
    """Whom each container sends to, by (host, container), in the fleet's order.

    Not all to all: the containers are put on a ring, neighbours on different hosts, and each sends to so many at equal
    distances from the next one on, and to the next one on its own host. So each is asked by as many as it asks.
    """
    every = targets(fleet)
    limit = _limit(fleet.pairs, len(every))
    if limit is None:
        return {one.key: [other for other in every if other.key != one.key] for one in every}
    ring = [one for _turn, one in sorted(_turns(every), key=lambda pair: pair[0])]
    steps = [1 + turn * (len(ring) - 1) // limit for turn in range(limit)]
    chosen: dict[tuple[str, str], set[tuple[str, str]]] = {one.key: set() for one in every}
    for at, one in enumerate(ring):
        chosen[one.key].update(ring[(at + step) % len(ring)].key for step in steps)
    for one, other in _on_one_host(every):
        chosen[one.key].add(other.key)
    order = {one.key: at for at, one in enumerate(every)}
    return {key: [every[at] for at in sorted(order[other] for other in others)] for key, others in chosen.items()}


def described(pairs: Pairs) -> str:
    """How many pairs were left out, for people; "" when none was."""
    made = sum(map(len, pairs.values()))
    every = len(pairs) * (len(pairs) - 1)
    return "" if made == every else f"{made} of {every} pairs of containers are tried (verify_pairs)"


def _limit(asked: str | int, count: int) -> int | None:
    """Targets a container; None for all of them."""
    if asked == AUTO:
        asked = ALL if count * (count - 1) <= MOST_PAIRS else THEN
    if asked == ALL:
        return None
    limit = 1 if asked == RING else int(asked)
    return None if limit >= count - 1 else limit


def _turns(every: list[Target]) -> list[tuple[int, Target]]:
    """Each container with its place on its host: the first ones of all hosts come before the second ones."""
    seen: dict[str, int] = {}
    found = []
    for one in every:
        seen[one.host.name] = seen.get(one.host.name, -1) + 1
        found.append((seen[one.host.name], one))
    return found


def _on_one_host(every: list[Target]) -> list[tuple[Target, Target]]:
    """Each container and the next on its host, the last one's being the first."""
    by_host: dict[str, list[Target]] = {}
    for one in every:
        by_host.setdefault(one.host.name, []).append(one)
    return [
        (one, group[(at + 1) % len(group)])
        for group in by_host.values()
        if len(group) > 1
        for at, one in enumerate(group)
    ]
