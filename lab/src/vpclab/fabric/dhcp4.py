# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DHCPv4: an interface's private address, the subnet's router, the resolver. Pure. Formats: RFC 2131, RFC 2132."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Network

from vpclab.fabric import names
from vpclab.fabric.packets import BROADCAST, IPV4, UDP, Frame, Malformed, pack_ipv4, pack_udp
from vpclab.topology import Eni, Subnet

SERVER_PORT, CLIENT_PORT = 67, 68
LEASE = 3600
DOMAIN = "ec2.internal"

_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER, _REQUEST, _ACK, _NAK, _INFORM = 1, 2, 3, 5, 6, 8
_HEADER = 236


def answer(body: bytes, asker: Eni, subnet: Subnet) -> Frame | None:
    """The reply to a DHCP message from an interface; None for one that needs none, and where there is no IPv4."""
    if len(body) < _HEADER + 4 or body[_HEADER : _HEADER + 4] != _COOKIE:
        raise Malformed("not a DHCP message")
    options = _options(body[_HEADER + 4 :])
    kind = options.get(53, b"\0")[0]
    if subnet.ipv4 is None or asker.private_ip is None:
        return None
    router, mine = names.router4(subnet.ipv4), asker.private_ip
    if options.get(54, router.packed) != router.packed:
        return None
    wanted = options.get(50) or body[12:16]
    if kind == _DISCOVER:
        said = _OFFER
    elif kind == _REQUEST:
        said = _ACK if wanted in (mine.packed, b"\0\0\0\0") else _NAK
    elif kind == _INFORM:
        said = _ACK
    else:
        return None
    reply = struct.pack("!BBBB", 2, 1, 6, 0) + body[4:8] + b"\0\0" + body[10:12]
    reply += body[12:16] + (b"\0" * 4 if said == _NAK else mine.packed) + router.packed + b"\0" * 4
    reply += body[28:44] + b"\0" * 192 + _COOKIE
    reply += _option(53, bytes([said])) + _option(54, router.packed)
    if said != _NAK:
        reply += _lease(subnet.ipv4) + (b"" if kind == _INFORM else _option(51, struct.pack("!I", LEASE)))
    everybody = IPv4Address("255.255.255.255")
    datagram = pack_udp(SERVER_PORT, CLIENT_PORT, reply + b"\xff")
    to = mine if body[12:16] == mine.packed else everybody
    target = BROADCAST if to == everybody else asker.mac
    return Frame(target, names.router_mac(subnet.id), IPV4, pack_ipv4(router, to, UDP, datagram))


def _lease(ipv4: IPv4Network) -> bytes:
    return (
        _option(1, ipv4.netmask.packed)
        + _option(3, names.router4(ipv4).packed)
        + _option(6, names.RESOLVER[0].packed)
        + _option(15, DOMAIN.encode())
        + _option(26, struct.pack("!H", names.MTU))
    )


def _option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def _options(raw: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(raw) and raw[at] != 255:
        if raw[at] == 0:
            at += 1
            continue
        if at + 2 > len(raw) or at + 2 + raw[at + 1] > len(raw):
            raise Malformed("DHCP option longer than its message")
        found[raw[at]] = raw[at + 2 : at + 2 + raw[at + 1]]
        at += 2 + raw[at + 1]
    return found
