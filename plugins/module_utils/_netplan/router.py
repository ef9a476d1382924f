# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the router which networks are on-link: a solicitation, and what an advertisement says (RFC 4861, section 4).

The kernel keeps an advertisement's word only while it listens to advertisements, and a host with our static address
does not any more.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import time

ALL_ROUTERS = "ff02::2"
ADVERTISEMENT = 134
#: Type 133, code, checksum (the kernel's), reserved; without our link-layer address every router answers to all.
SOLICITATION = struct.pack("!BBHI", 133, 0, 0, 0)
#: What a packet has that no router has forwarded; every other advertisement is forged or strayed.
HOP_LIMIT = 255
_FIXED, _PREFIX_INFORMATION, _ON_LINK = 16, 3, 0x80
#: Linux's, which Python has no names for: ``struct icmp6_filter`` has a bit for each type that is *not* let through.
_ICMPV6_FILTER = 1
_ONLY_ADVERTISEMENTS = struct.pack("=8I", *(0xFFFFFFFF ^ ((n == 4) << (ADVERTISEMENT % 32)) for n in range(8)))


def on_link(packet: bytes) -> tuple[ipaddress.IPv6Network, ...]:
    """The networks that an advertisement, from its ICMPv6 type on, says are on-link; empty for anything else."""
    if len(packet) < _FIXED or packet[0] != ADVERTISEMENT:
        return ()
    found, at = [], _FIXED
    while at + 2 <= len(packet):
        kind, octets = packet[at], packet[at + 1] * 8
        option = packet[at : at + octets]
        if not octets or len(option) < octets:
            return ()  # section 6.1.2: such an advertisement is not to be believed at all
        if kind == _PREFIX_INFORMATION and octets == 32 and option[3] & _ON_LINK and option[2] <= 128:
            found.append(ipaddress.IPv6Network((option[16:], option[2]), strict=False))
        at += octets
    return tuple(found)


def solicit(interface: str, seconds: float = 2.0) -> tuple[ipaddress.IPv6Network, ...]:
    """The on-link networks of the first advertisement that names any; empty when none comes within ``seconds``.

    A second solicitation goes out half-way. Also empty where the host can't ask: no link-local address, say.
    """
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as asking:
            asking.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, _ONLY_ADVERTISEMENTS)
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
            for _attempt in range(2):
                asking.sendto(SOLICITATION, (ALL_ROUTERS, 0, 0, socket.if_nametoindex(interface)))
                found = _heard(asking, time.monotonic() + seconds / 2)
                if found:
                    return found
    except OSError:
        pass
    return ()


def _heard(asking: socket.socket, end: float) -> tuple[ipaddress.IPv6Network, ...]:
    """The first advertisement's networks until ``end``, a time of the monotonic clock."""
    while (left := end - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            packet, ancillary, _flags, sender = asking.recvmsg(2048, socket.CMSG_SPACE(4))
        except socket.timeout:  # noqa: UP041 - another class than TimeoutError before Python 3.10
            break
        hops = [struct.unpack("=i", data)[0] for _level, kind, data in ancillary if kind == socket.IPV6_HOPLIMIT]
        router = ipaddress.IPv6Address(sender[0].partition("%")[0])
        found = on_link(packet) if hops == [HOP_LIMIT] and router.is_link_local else ()
        if found:
            return found
    return ()
