# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VPC's resolver: the lab's own names over UDP and TCP; no other exists. Formats: RFC 1035, RFC 6891."""

from __future__ import annotations

import logging
import socket
import socketserver
import struct
import threading
from collections.abc import Callable

from vpclab import namespaces
from vpclab.fabric.names import RESOLVER
from vpclab.services.sites import ZONE, resolve

log = logging.getLogger(__name__)

PORT = 53
TTL = 60

_A, _AAAA, _OPT, _ANY = 1, 28, 41, 255
_NO_ERROR, _FORMAT, _NO_NAME = 0, 1, 3


def answer(query: bytes) -> bytes | None:
    """The answer to a DNS message; None for one that is no query at all."""
    if len(query) < 12 or query[2] & 0x80:
        return None
    ident, flags, questions, _, _, extra = struct.unpack_from("!6H", query)
    parsed = _question(query) if questions == 1 else None
    if parsed is None:
        return struct.pack("!6H", ident, 0x8180 | (flags & 0x7900) | _FORMAT, 0, 0, 0, 0)
    name, kind, end = parsed
    address = resolve(name)
    answers = b""
    count = 0
    if address is not None and kind in ({_A, _ANY} if address.version == 4 else {_AAAA, _ANY}):
        code = _A if address.version == 4 else _AAAA
        answers = struct.pack("!HHHIH", 0xC00C, code, 1, TTL, len(address.packed)) + address.packed
        count = 1
    status = _NO_ERROR if address is not None or name == ZONE else _NO_NAME
    # Whoever says it knows extensions is told that we do: systemd-resolved otherwise probes for what we know.
    options = struct.pack("!BHHIH", 0, _OPT, 1232, 0, 0) if extra else b""
    head = struct.pack("!6H", ident, 0x8580 | (flags & 0x0100) | status, 1, count, 0, 1 if extra else 0)
    return head + query[12:end] + answers + options


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


class _Datagrams(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, sock = self.request
        reply = answer(query)
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        while len(head := self.rfile.read(2)) == 2:
            reply = answer(self.rfile.read(struct.unpack("!H", head)[0]))
            if reply is None:
                return
            self.wfile.write(struct.pack("!H", len(reply)) + reply)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, made: socket.socket) -> None:
        super().__init__(made.getsockname()[:2], _Datagrams, bind_and_activate=False)
        self.socket.close()
        self.socket = made

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("dns: %s", client_address, exc_info=True)


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, made: socket.socket) -> None:
        super().__init__(made.getsockname()[:2], _Stream, bind_and_activate=False)
        self.socket.close()
        self.socket = made

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("dns: %s", client_address, exc_info=True)


def serve(namespace: str) -> Callable[[], None]:
    """Answer at the resolver's addresses in a VPC's namespace; returns what stops it."""
    servers: list[socketserver.BaseServer] = []
    for address in map(str, RESOLVER):
        servers.append(_UdpServer(namespaces.datagrams(namespace, address, PORT)))
        servers.append(_TcpServer(namespaces.listen(namespace, address, PORT)))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.2,), name="dns", daemon=True).start()

    def stop() -> None:
        for server in servers:
            server.shutdown()
            server.server_close()

    return stop
