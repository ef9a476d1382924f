# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv6 packets as a capture sees them, reduced to what the checks ask: who, to whom, what, and the hop limit."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

ICMPV6, TCP, UDP, FRAGMENT = 58, 6, 17, 44
_NAMES = {ICMPV6: "icmpv6", TCP: "tcp", UDP: "udp"}
_EXTENSIONS = (0, 43, 60)  # hop-by-hop, routing, destination options: length in units of 8 octets beyond the first 8
_SYN, _ACK = 0x02, 0x10
MOST_FLOWS = 20000


class Flow(NamedTuple):
    """One kind of packet. ``port`` is the destination port of a TCP opening (SYN), else 0; ``kind`` is the ICMPv6 type.

    Only openings keep their port: the many ephemeral ports of other traffic would each be a flow of its own.
    """

    interface: str
    source: str
    destination: str
    protocol: str
    kind: int
    port: int
    hop_limit: int


def parse(packet: bytes, interface: str = "") -> Flow | None:
    """An IPv6 packet (network layer on, truncated or whole) → its flow; None when it is not one."""
    if len(packet) < 40 or packet[0] >> 4 != 6:
        return None
    source, destination = (socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24))
    protocol, payload = _payload(packet[6], packet[40:])
    kind = payload[0] if protocol == ICMPV6 and payload else 0
    port = 0
    if protocol == TCP and len(payload) >= 14 and payload[13] & (_SYN | _ACK) == _SYN:
        port = struct.unpack_from("!H", payload, 2)[0]
    name = _NAMES.get(protocol, str(protocol))
    return Flow(interface, source, destination, name, kind, port, packet[7])


def _payload(protocol: int, data: bytes) -> tuple[int, bytes]:
    """Skip extension headers → the upper protocol and what follows (empty for all but the first fragment)."""
    while protocol in _EXTENSIONS and len(data) >= 8:
        protocol, data = data[0], data[(data[1] + 1) * 8 :]
    if protocol == FRAGMENT and len(data) >= 8:
        first = struct.unpack_from("!H", data, 2)[0] & 0xFFF8 == 0
        return data[0], data[8:] if first else b""
    return protocol, data


class Summary:
    """Counts by flow, bounded: what exceeds ``MOST_FLOWS`` kinds is counted as ``overflow``, never silently lost."""

    def __init__(self, networks: Sequence[tuple[int, int]] = ()) -> None:
        """``networks``: (first address as a number, mask) pairs; only packets from or to them count. None: all."""
        self._networks = tuple(networks)
        self._counts: Counter = Counter()
        self.overflow = 0

    def add(self, packet: bytes, interface: str) -> None:
        """Count one packet."""
        if self._networks and not self._concerns(packet):
            return
        flow = parse(packet, interface)
        if flow is None:
            return
        if flow not in self._counts and len(self._counts) >= MOST_FLOWS:
            self.overflow += 1
            return
        self._counts[flow] += 1

    def _concerns(self, packet: bytes) -> bool:
        ends = (int.from_bytes(packet[8:24], "big"), int.from_bytes(packet[24:40], "big"))
        return any(end & mask == first for first, mask in self._networks for end in ends)

    def flows(self) -> list[dict[str, object]]:
        """The flows, sorted, each with its ``count``."""
        return [dict(flow._asdict(), count=count) for flow, count in sorted(self._counts.items())]
