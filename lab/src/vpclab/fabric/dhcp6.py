# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DHCPv6 as EC2 answers it: all of an interface's addresses in one IA_NA, its delegated prefixes in an IA_PD. Pure.

Formats and message types: RFC 8415. Lifetimes 450 s (valid) and 140 s (preferred), as seen on EC2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address

from vpclab.fabric import names
from vpclab.fabric.packets import IPV6, UDP, Frame, Malformed, Packet, mac_bytes, pack_ipv6, pack_udp
from vpclab.topology import Eni, Subnet

SERVER_PORT, CLIENT_PORT = 547, 546
PREFERRED, VALID = 140, 450
_T1, _T2 = 70, 112

_SOLICIT, _ADVERTISE, _REQUEST, _CONFIRM, _RENEW, _REBIND, _REPLY = 1, 2, 3, 4, 5, 6, 7
_RELEASE, _DECLINE, _INFORMATION = 8, 9, 11
_CLIENT_ID, _SERVER_ID, _IA_NA, _IAADDR, _STATUS, _DNS, _IA_PD, _IAPREFIX = 1, 2, 3, 5, 13, 23, 25, 26
_NO_ADDRESS, _NOT_ON_LINK, _NO_PREFIX = 2, 4, 6


def answer(packet: Packet, body: bytes, asker: Eni, subnet: Subnet) -> Frame | None:
    """The reply to a DHCPv6 message, ``body`` of the datagram in ``packet``; None for one not for this server."""
    if len(body) < 4:
        raise Malformed("DHCPv6 message shorter than its header")
    options = list(_options(body[4:]))
    router = names.router_mac(subnet.id)
    me = struct.pack("!HH", 3, 1) + mac_bytes(router)
    kind = body[0]
    if any(code == _SERVER_ID and value != me for code, value in options):
        return None
    if kind not in (_SOLICIT, _REQUEST, _CONFIRM, _RENEW, _REBIND, _RELEASE, _DECLINE, _INFORMATION):
        return None
    if not asker.addresses and kind != _INFORMATION:
        return None
    reply = bytes([_ADVERTISE if kind == _SOLICIT else _REPLY]) + body[1:4]
    reply += b"".join(_option(code, value) for code, value in options if code == _CLIENT_ID)
    reply += _option(_SERVER_ID, me)
    if kind in (_SOLICIT, _REQUEST, _RENEW, _REBIND):
        reply += b"".join(_association(code, value, asker) for code, value in options if code in (_IA_NA, _IA_PD))
    elif kind == _CONFIRM:
        asked = {address for code, value in options if code == _IA_NA for address in _addresses(value)}
        reply += _status(0 if asked <= set(asker.addresses) else _NOT_ON_LINK)
    elif kind in (_RELEASE, _DECLINE):
        reply += _status(0)
    reply += _option(_DNS, names.RESOLVER[1].packed)
    source = names.link_local(router)
    assert isinstance(packet.source, IPv6Address)
    datagram = pack_udp(SERVER_PORT, CLIENT_PORT, reply)
    return Frame(asker.mac, router, IPV6, pack_ipv6(source, packet.source, UDP, datagram, 64))


def _association(code: int, value: bytes, eni: Eni) -> bytes:
    """An identity association with what the interface has, and what it has no more at lifetime zero."""
    if len(value) < 12:
        raise Malformed("identity association shorter than its header")
    if code == _IA_PD:
        inner = b"".join(
            _option(_IAPREFIX, struct.pack("!IIB", PREFERRED, VALID, prefix.prefixlen) + prefix.network_address.packed)
            for prefix in eni.prefixes
        )
        inner = inner or _status(_NO_PREFIX)
    else:
        gone = [address for address in _addresses(value) if address not in eni.addresses]
        inner = b"".join(_address(address, PREFERRED, VALID) for address in eni.addresses)
        inner += b"".join(_address(address, 0, 0) for address in gone)
    return _option(code, value[:4] + struct.pack("!II", _T1, _T2) + inner)


def _addresses(association: bytes) -> list[IPv6Address]:
    return [IPv6Address(value[:16]) for code, value in _options(association[12:]) if code == _IAADDR]


def _address(address: IPv6Address, preferred: int, valid: int) -> bytes:
    return _option(_IAADDR, address.packed + struct.pack("!II", preferred, valid))


def _status(code: int) -> bytes:
    return _option(_STATUS, struct.pack("!H", code))


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def _options(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise Malformed("DHCPv6 option without a length")
        code, length = struct.unpack_from("!HH", raw, at)
        if at + 4 + length > len(raw):
            raise Malformed(f"DHCPv6 option {code} longer than its message")
        yield code, raw[at + 4 : at + 4 + length]
        at += 4 + length
