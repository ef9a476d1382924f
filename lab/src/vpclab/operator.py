# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way in: a unix socket whose clients are connected to a TCP port of the lab, from its Internet namespace.

A client sends one line of JSON and is answered by one: ``{"connect": [host, port]}`` → ``{}``, after which the
connection is that TCP connection; ``{"status": true}`` → the lab's status; or ``{"error": …}``.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vpclab import namespaces
from vpclab.errors import LabError

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT = 60.0
_CHUNK = 1 << 16
_LONGEST_REQUEST = 4096

Resolve = Callable[[str], str | None]
"""A host's name (or an address) → its address."""


class Operator:
    """Serves the socket; only ``owner`` (a user id) and root may use it."""

    def __init__(
        self, path: Path, owner: int, namespace: str, resolve: Resolve, status: Callable[[], dict[str, Any]]
    ) -> None:
        self._namespace, self._resolve, self._status = namespace, resolve, status
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Closed to all until it is its owner's.
        mask = os.umask(0o177)
        try:
            self._listening.bind(str(path))
        finally:
            os.umask(mask)
        os.chown(path, owner, -1)
        self._listening.listen(64)
        threading.Thread(target=self._accept, name="operator", daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="operator client", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                self._answer(client, json.loads(_line(client)))
            except (LabError, ValueError, KeyError, TypeError) as error:
                _say(client, {"error": str(error)})
            except OSError as error:
                log.debug("operator: %s", error)

    def _answer(self, client: socket.socket, request: dict[str, Any]) -> None:
        if "status" in request:
            _say(client, self._status())
            return
        name, port = request["connect"]
        address = self._resolve(str(name))
        if address is None:
            raise LabError(f"{name}: no such host in the lab", do="run: lab status")
        with self._dial(str(address), int(port)) as server:
            _say(client, {})
            relay(client, server)

    def _dial(self, address: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = namespaces.inside(self._namespace, lambda: socket.socket(family, socket.SOCK_STREAM))
        made.settimeout(_CONNECT_TIMEOUT)
        try:
            made.connect((address, port))
        except OSError as error:
            made.close()
            raise LabError(
                f"{address} port {port}: {error}",
                do="does a security group of that host allow it from the Internet? is the host up (lab status)?",
            ) from error
        made.settimeout(None)
        return made


def relay(left: socket.socket, right: socket.socket) -> None:
    """Pass bytes both ways until both sides have said their last."""
    other = threading.Thread(target=_pump, args=(right, left), name="relay", daemon=True)
    other.start()
    _pump(left, right)
    other.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # One side is gone for good: so is the connection.
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _line(client: socket.socket) -> bytes:
    """One line, byte by byte: what follows it belongs to the connection."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_REQUEST:
        byte = client.recv(1)
        if not byte:
            break
        line += byte
    return line


def _say(client: socket.socket, answer: dict[str, Any]) -> None:
    client.sendall(json.dumps(answer).encode() + b"\n")
