# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large a packet gets through to a target, and whether those that don't are answered by Packet Too Big (RFC 8201).

Whole packets of the interface's own MTU are sent first: over IPv6 nobody cuts them up on the way, and the socket
forbids the sender to (RFC 8899 calls such packets probes). What is told along the way is tried next.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from . import icmp, links

SMALLEST = 1280  # RFC 8200, 5: every link carries packets of this size
MOST_STEPS = 5
_MTU_DISCOVER, _PROBE, _DONT_FRAGMENT = 23, 3, 62  # linux/in6.h: IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, IPV6_DONTFRAG
_MTU = struct.Struct("!I")


class Way:
    """What is known of the way to one target: the size under trial, sizes told, sizes lost without a word."""

    def __init__(self, target: str, size: int) -> None:
        self.target = target
        self.first = self.size = size
        self.arrives: int | None = None
        self.told: list[dict[str, Any]] = []
        self.lost: list[int] = []
        self.error = ""
        self.sent: dict[int, int] = {}
        self._smaller: int | None = None

    def reply(self, sequence: int) -> None:
        """The request of this sequence number came back whole."""
        self.arrives = max(self.arrives or 0, self.sent.get(sequence, 0)) or None

    def too_big(self, mtu: int, by: str) -> None:
        """A router says that only ``mtu`` octets go on. One that says so of a smaller packet is not believed."""
        if mtu < self.size and self.arrives is None:
            self.told.append({"by": by, "mtu": mtu})
            self._smaller = max(mtu, SMALLEST)

    @property
    def waits(self) -> bool:
        """Whether the size under trial is still without any answer."""
        return self.arrives is None and self._smaller is None

    def step(self) -> bool:
        """After a trial: choose the next size → whether there is one to try."""
        if self.arrives is not None:
            return False
        if self._smaller is not None and self._smaller < self.size:
            self.size, self._smaller = self._smaller, None
            return True
        self._smaller = None
        self.lost.append(self.size)
        self.size, before = SMALLEST, self.size
        return before > SMALLEST

    def result(self, source: str) -> dict[str, Any]:
        """As data: size (tried first), arrives (largest seen back, or None), told, lost (no answer), source, error."""
        return {
            "size": self.first,
            "arrives": self.arrives,
            "told": self.told,
            "lost": self.lost,
            "source": source,
            "error": self.error,
        }


def discover(targets: Sequence[str], count: int, interval: float, timeout: float) -> dict[str, dict[str, Any]]:
    """Find the path MTU to every target at the same time, from the calling thread's namespace → results by target.

    At most ``count`` packets of a size go to a target, ``interval`` seconds apart, and none after the first answer;
    ``timeout`` is how long the last of them is waited for.
    """
    sources = {target: icmp.source_for(target) for target in dict.fromkeys(targets)}
    mtus = links.mtu_by_address(links.ask_ip("addr"))
    ways = {target: Way(target, mtus[source]) for target, source in sources.items() if source in mtus}
    trying = list(ways.values())
    identifier = struct.unpack("!H", os.urandom(2))[0]
    with icmp.opened(icmp.ECHO_REPLY, icmp.TOO_BIG) as sock:
        keep_whole(sock)
        for step in range(MOST_STEPS):
            for attempt in range(count):
                waiting = [way for way in trying if way.waits]
                for way in waiting:
                    sequence = step * count + attempt + 1
                    way.sent[sequence] = way.size
                    way.error = icmp.request(sock, way.target, identifier, sequence, way.size)
                _collect(sock, ways, waiting, identifier, timeout if attempt == count - 1 else interval)
            trying = [way for way in trying if way.step()]
    unknown = Way("", 0)
    unknown.error = "no route to the target, or no interface with the source address"
    return {target: ways.get(target, unknown).result(source) for target, source in sources.items()}


def keep_whole(sock: socket.socket) -> None:
    """Refuse to cut packets up, and to heed what was told of a path before."""
    sock.setsockopt(socket.IPPROTO_IPV6, _MTU_DISCOVER, _PROBE)
    sock.setsockopt(socket.IPPROTO_IPV6, _DONT_FRAGMENT, 1)


def _collect(
    sock: socket.socket, ways: Mapping[str, Way], waiting: Sequence[Way], identifier: int, seconds: float
) -> None:
    def answered() -> bool:
        return not any(way.waits for way in waiting)

    for data, _hop_limit, peer in icmp.heard(sock, seconds, answered):
        kind, _code, _checksum, echoed, sequence = icmp.HEADER.unpack_from(data)
        if kind == icmp.ECHO_REPLY:
            if echoed == identifier and peer in ways:
                ways[peer].reply(sequence)
            continue
        target = icmp.about(data, identifier)
        if target is not None and target in ways:
            ways[target].too_big(_MTU.unpack_from(data, 4)[0], peer)
