# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames, byte by byte: what the responder reads and writes on the ports. Pure.

Formats: Ethernet II, RFC 8200 (IPv6), RFC 4861 (neighbour discovery), RFC 791/768 (IPv4, UDP), RFC 826 (ARP).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
UDP, ICMPV6 = 17, 58
BROADCAST = "ff:ff:ff:ff:ff:ff"


class Malformed(ValueError):
    """A frame that does not hold what its headers promise."""


def mac_bytes(mac: str) -> bytes:
    """``aa:bb:…`` → six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(raw: bytes) -> str:
    """Six bytes → ``aa:bb:…``, lower case."""
    return raw.hex(":")


def multicast_mac(group: IPv6Address) -> str:
    """The Ethernet address of an IPv6 multicast group (RFC 2464)."""
    return mac_text(b"\x33\x33" + group.packed[-4:])


@dataclass(frozen=True, slots=True)
class Frame:
    """An Ethernet frame, without its checksum."""

    destination: str
    source: str
    kind: int
    payload: bytes

    def pack(self) -> bytes:
        """The frame as it goes on the wire."""
        return mac_bytes(self.destination) + mac_bytes(self.source) + struct.pack("!H", self.kind) + self.payload


def unpack(raw: bytes) -> Frame:
    """Read an Ethernet frame."""
    if len(raw) < 14:
        raise Malformed("frame shorter than its header")
    return Frame(mac_text(raw[:6]), mac_text(raw[6:12]), struct.unpack_from("!H", raw, 12)[0], raw[14:])


@dataclass(frozen=True, slots=True)
class Packet:
    """An IP packet of either family, without options or extension headers."""

    source: IPv4Address | IPv6Address
    destination: IPv4Address | IPv6Address
    protocol: int
    payload: bytes
    hop_limit: int = 255


def unpack_ipv6(raw: bytes) -> Packet:
    """Read an IPv6 packet whose payload follows its fixed header."""
    if len(raw) < 40:
        raise Malformed("IPv6 packet shorter than its header")
    length, protocol, hops = struct.unpack_from("!HBB", raw, 4)
    if len(raw) < 40 + length:
        raise Malformed("IPv6 packet shorter than it says")
    return Packet(IPv6Address(raw[8:24]), IPv6Address(raw[24:40]), protocol, raw[40 : 40 + length], hops)


def unpack_ipv4(raw: bytes) -> Packet:
    """Read an IPv4 packet."""
    if len(raw) < 20:
        raise Malformed("IPv4 packet shorter than its header")
    header, total = (raw[0] & 15) * 4, struct.unpack_from("!H", raw, 2)[0]
    if not 20 <= header <= total <= len(raw):
        raise Malformed("IPv4 packet shorter than it says")
    return Packet(IPv4Address(raw[12:16]), IPv4Address(raw[16:20]), raw[9], raw[header:total], raw[8])


def checksum(raw: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(raw) % 2:
        raw += b"\0"
    total = sum(struct.unpack(f"!{len(raw) // 2}H", raw))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _pseudo(source: IPv6Address, destination: IPv6Address, protocol: int, length: int) -> bytes:
    return source.packed + destination.packed + struct.pack("!IxxxB", length, protocol)


def pack_ipv6(source: IPv6Address, destination: IPv6Address, protocol: int, body: bytes, hops: int = 255) -> bytes:
    """An IPv6 packet; ``body`` is ICMPv6 or UDP with an empty checksum, which is filled in."""
    at = 2 if protocol == ICMPV6 else 6
    total = checksum(_pseudo(source, destination, protocol, len(body)) + body) or 0xFFFF
    body = body[:at] + struct.pack("!H", total) + body[at + 2 :]
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, hops) + source.packed + destination.packed + body


def pack_ipv4(source: IPv4Address, destination: IPv4Address, protocol: int, body: bytes) -> bytes:
    """An IPv4 packet; a UDP body may leave its checksum empty."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0) + source.packed + destination.packed
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def pack_udp(source_port: int, destination_port: int, body: bytes) -> bytes:
    """A UDP datagram with an empty checksum."""
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(body), 0) + body


def unpack_udp(raw: bytes) -> tuple[int, int, bytes]:
    """Source port, destination port and body of a UDP datagram."""
    if len(raw) < 8:
        raise Malformed("datagram shorter than its header")
    source, destination, length = struct.unpack_from("!HHH", raw)
    if not 8 <= length <= len(raw):
        raise Malformed("datagram shorter than it says")
    return source, destination, raw[8:length]
