# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resolver: the lab's own names and those of Route 53's zones, over UDP and TCP; no other exists.

Formats: RFC 1035, RFC 3596, RFC 6891.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address

from vpclab import namespaces
from vpclab.ec2.route53.records import strings
from vpclab.services.sites import ZONE, resolve

log = logging.getLogger(__name__)

PORT = 53
TTL = 60

_A, _TXT, _AAAA, _OPT, _ANY = 1, 16, 28, 41, 255
_NO_ERROR, _FORMAT, _NO_NAME = 0, 1, 3
_TRUNCATED = 0x0200
_PLAIN_SIZE, _EXTENDED_SIZE = 512, 1232

Lookup = Callable[[str], Mapping[str, tuple[int, tuple[str, ...]]] | None]
"""What the zones hold at a name: type → TTL and values as Route 53 writes them; None for a name that there is not."""


def nothing(name: str) -> None:
    """The look-up of a resolver without zones."""


def answer(query: bytes, zones: Lookup = nothing, stream: bool = True) -> bytes | None:
    """The answer to a DNS message; None for one that is no query at all. What a datagram can't hold is cut."""
    if len(query) < 12 or query[2] & 0x80:
        return None
    ident, flags, questions, _, _, extra = struct.unpack_from("!6H", query)
    parsed = _question(query) if questions == 1 else None
    if parsed is None:
        return struct.pack("!6H", ident, 0x8180 | (flags & 0x7900) | _FORMAT, 0, 0, 0, 0)
    name, kind, end = parsed
    held = _held(name, zones)
    found = [record for record in held or () if kind in (record[0], _ANY)]
    answers = b"".join(struct.pack("!HHHIH", 0xC00C, code, 1, ttl, len(data)) + data for code, ttl, data in found)
    count, flags = len(found), 0x8580 | (flags & 0x0100)
    if not stream and len(query) + len(answers) > (_EXTENDED_SIZE if extra else _PLAIN_SIZE):
        answers, count, flags = b"", 0, flags | _TRUNCATED
    status = _NO_ERROR if held is not None or name == ZONE else _NO_NAME
    # Whoever says it knows extensions is told that we do: systemd-resolved otherwise probes for what we know.
    options = struct.pack("!BHHIH", 0, _OPT, _EXTENDED_SIZE, 0, 0) if extra else b""
    head = struct.pack("!6H", ident, flags | status, 1, count, 0, 1 if extra else 0)
    return head + query[12:end] + answers + options


def _held(name: str, zones: Lookup) -> list[tuple[int, int, bytes]] | None:
    """The records of a name as (type, TTL, data); None where there is no such name."""
    address = resolve(name)
    if address is not None:
        return [(_A if address.version == 4 else _AAAA, TTL, address.packed)]
    held = zones(name)
    if held is None:
        return None
    return [
        (code, held[kind][0], write(value))
        for kind, (code, write) in _WRITERS.items()
        if kind in held
        for value in held[kind][1]
    ]


def _text(value: str) -> bytes:
    return b"".join(bytes([len(one)]) + one for one in strings(value))


_WRITERS: dict[str, tuple[int, Callable[[str], bytes]]] = {
    "A": (_A, lambda value: IPv4Address(value).packed),
    "AAAA": (_AAAA, lambda value: IPv6Address(value).packed),
    "TXT": (_TXT, _text),
}
"""The types that are answered."""


def _question(query: bytes) -> tuple[str, int, int] | None:
    """Name, type and end of the first question; None when it is malformed, or compressed without reason."""
    labels: list[str] = []
    at = 12
    while at < len(query):
        length = query[at]
        if length == 0:
            if at + 5 > len(query):
                return None
            return ".".join(labels).lower(), struct.unpack_from("!H", query, at + 1)[0], at + 5
        if length > 63:
            return None
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", errors="replace"))
        at += 1 + length
    return None


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers at a socket that was made elsewhere, as another namespace's is."""

    daemon_threads = True

    def __init__(self, made: socket.socket, handler: type[socketserver.BaseRequestHandler], zones: Lookup) -> None:
        super().__init__(made.getsockname()[:2], handler, bind_and_activate=False)
        self.zones = zones
        self.socket.close()
        self.socket = made

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("dns: %s", client_address, exc_info=True)


class _UdpServer(_Server, socketserver.UDPServer):
    pass


class _Datagrams(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        query, sock = self.request
        reply = answer(query, self.server.zones, stream=False)
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 10

    def handle(self) -> None:
        while len(head := self.rfile.read(2)) == 2:
            reply = answer(self.rfile.read(struct.unpack("!H", head)[0]), self.server.zones)
            if reply is None:
                return
            self.wfile.write(struct.pack("!H", len(reply)) + reply)


def serve(namespace: str, addresses: Iterable[IPv4Address | IPv6Address], zones: Lookup) -> Callable[[], None]:
    """Answer at these addresses of a namespace; returns what stops it."""
    servers: list[socketserver.BaseServer] = []
    for address in map(str, addresses):
        servers.append(_UdpServer(namespaces.datagrams(namespace, address, PORT), _Datagrams, zones))
        servers.append(_Server(namespaces.listen(namespace, address, PORT), _Stream, zones))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.2,), name="dns", daemon=True).start()

    def stop() -> None:
        for server in servers:
            server.shutdown()
            server.server_close()

    return stop
