# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stdin and stdout ↔ a TCP port of a lab: ``ProxyCommand python -m vpclab.connect --lab NAME %h %p``.

Imports little, since ssh starts it for every connection.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from typing import Any

_CHUNK = 1 << 16


def request(path: str, question: dict[str, Any]) -> tuple[socket.socket, dict[str, Any]]:
    """Ask a lab's operator socket; returns the connection and the answer. Raises OSError when no lab answers."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(path)
    sock.sendall(json.dumps(question).encode() + b"\n")
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1) if question.get("connect") else sock.recv(_CHUNK)
        if not byte:
            raise ConnectionError(f"{path}: the lab hung up")
        line += byte
    return sock, json.loads(line)


def main(arguments: list[str] | None = None) -> int:
    """Connect and pass bytes until both sides have said their last; returns the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    lab = os.environ.get("LAB_NAME") or "default"
    if words[:1] == ["--lab"] and len(words) > 1:
        lab, words = words[1], words[2:]
    if len(words) != 2 or not words[1].isdigit():
        print("usage: python -m vpclab.connect [--lab NAME] HOST PORT", file=sys.stderr)
        return 2
    try:
        sock, answer = request(f"/run/vpclab/{lab}/operator.sock", {"connect": [words[0], int(words[1])]})
    except OSError as error:
        print(f"lab {lab}: not reachable: {error}\n  do:  run: lab --lab {lab} up", file=sys.stderr)
        return 1
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 1
    _relay(sock)
    return 0


def _relay(sock: socket.socket) -> None:
    readers: list[Any] = [0, sock]
    while sock in readers:
        ready, _, _ = select.select(readers, [], [])
        if 0 in ready:
            chunk = os.read(0, _CHUNK)
            if chunk:
                sock.sendall(chunk)
            else:
                readers.remove(0)
                sock.shutdown(socket.SHUT_WR)
        if sock in ready:
            chunk = sock.recv(_CHUNK)
            if not chunk:
                return
            while chunk:
                chunk = chunk[os.write(1, chunk) :]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BrokenPipeError, ConnectionError, KeyboardInterrupt):
        sys.exit(1)
