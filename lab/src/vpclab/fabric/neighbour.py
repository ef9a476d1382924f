# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has this address? ARP and neighbour solicitations, answered for the whole subnet by longest match. Pure.

That an address or a /80 is known to be an interface's is what makes a container reachable with no proxy on its host,
and keeps hop limits whole: hosts of a subnet speak to each other directly.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from vpclab.fabric import names
from vpclab.fabric.packets import (
    ARP,
    ICMPV6,
    IPV6,
    Frame,
    Malformed,
    Packet,
    mac_bytes,
    mac_text,
    multicast_mac,
    pack_ipv6,
)
from vpclab.topology import Eni, Subnet

SOLICITATION, ADVERTISEMENT = 135, 136
ALL_NODES = IPv6Address("ff02::1")
_ROUTER, _SOLICITED, _OVERRIDE = 0x80, 0x40, 0x20


def owner6(target: IPv6Address, subnet: Subnet, enis: tuple[Eni, ...]) -> str | None:
    """The MAC that an IPv6 address is delivered to in a subnet: an interface's, the router's, or None."""
    router = names.router_mac(subnet.id)
    if target in (names.ROUTER6, names.link_local(router)):
        return router
    best: tuple[int, str] | None = None
    for eni in enis:
        if eni.subnet_id != subnet.id:
            continue
        if target in eni.addresses or target == names.link_local(eni.mac):
            return eni.mac
        for prefix in eni.prefixes:
            if target in prefix and (best is None or prefix.prefixlen > best[0]):
                best = prefix.prefixlen, eni.mac
    return best[1] if best else None


def owner4(target: IPv4Address, subnet: Subnet, enis: tuple[Eni, ...]) -> str | None:
    """The MAC of an IPv4 address in a subnet; the router has its own, IMDS's and the resolver's, if there is IPv4."""
    if subnet.ipv4 is None:
        return None
    if target in (names.router4(subnet.ipv4), names.METADATA[0], names.RESOLVER[0]):
        return names.router_mac(subnet.id)
    return next((eni.mac for eni in enis if eni.subnet_id == subnet.id and eni.private_ip == target), None)


def answer_solicitation(packet: Packet, asker: Eni, subnet: Subnet, enis: tuple[Eni, ...]) -> Frame | None:
    """The advertisement for a neighbour solicitation; None for the asker's own addresses and for nobody's."""
    if len(packet.payload) < 24 or packet.hop_limit != 255:
        raise Malformed("not a neighbour solicitation")
    assert isinstance(packet.source, IPv6Address)
    target = IPv6Address(packet.payload[8:24])
    mac = owner6(target, subnet, enis)
    if mac is None or mac == asker.mac:
        return None
    # Asked from the unspecified address: the asker tries whether it may use the address, and all are told it may not.
    trial = packet.source == IPv6Address("::")
    flags = (0 if trial else _SOLICITED) | _OVERRIDE | (_ROUTER if mac == names.router_mac(subnet.id) else 0)
    body = struct.pack("!BBHI", ADVERTISEMENT, 0, 0, flags << 24) + target.packed + b"\x02\x01" + mac_bytes(mac)
    to = ALL_NODES if trial else packet.source
    return Frame(multicast_mac(to) if trial else asker.mac, mac, IPV6, pack_ipv6(target, to, ICMPV6, body))


def answer_arp(raw: bytes, asker: Eni, subnet: Subnet, enis: tuple[Eni, ...]) -> Frame | None:
    """The reply to an ARP request, or None."""
    if len(raw) < 28:
        raise Malformed("ARP shorter than its body")
    operation = struct.unpack_from("!H", raw, 6)[0]
    target = IPv4Address(raw[24:28])
    mac = owner4(target, subnet, enis)
    if operation != 1 or mac is None or mac == asker.mac:
        return None
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2)
    return Frame(mac_text(raw[8:14]), mac, ARP, head + mac_bytes(mac) + target.packed + raw[8:14] + raw[14:18])
