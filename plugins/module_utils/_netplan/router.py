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

from .._observe import icmp

ALL_ROUTERS = "ff02::2"
ADVERTISEMENT = 134
#: Type 133, code, checksum (the kernel's), reserved; without our link-layer address every router answers to all.
SOLICITATION = struct.pack("!BBHI", 133, 0, 0, 0)
#: What a packet has that no router has forwarded; every other advertisement is forged or strayed.
HOP_LIMIT = 255
_FIXED, _PREFIX_INFORMATION, _ON_LINK = 16, 3, 0x80


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
        with icmp.opened(ADVERTISEMENT) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)
            for _attempt in range(2):
                asking.sendto(SOLICITATION, (ALL_ROUTERS, 0, 0, socket.if_nametoindex(interface)))
                for packet, hop_limit, sender in icmp.heard(asking, seconds / 2):
                    by_router = hop_limit == HOP_LIMIT and ipaddress.IPv6Address(sender).is_link_local
                    found = on_link(packet) if by_router else ()
                    if found:
                        return found
    except OSError:
        pass
    return ()
