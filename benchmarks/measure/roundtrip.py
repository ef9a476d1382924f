# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips of one byte over a TCP connection, through published ports as well as straight.

    python roundtrip.py serve PORT
    python roundtrip.py ask ADDRESS PORT SECONDS

``serve`` says "ready", answers one connection after the other, and tells each whom it sees; ``ask`` prints
``{"seen": address, "micros": [a round trip's, …]}``. Standard library alone.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import sys
import time

ENOUGH = 20.0  # seconds after which a peer that says nothing is given up


def serve(port: int) -> None:
    """Answer until killed."""
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        print("ready", flush=True)
        while True:
            connection, peer = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(ENOUGH)
                try:
                    connection.sendall(f"{peer[0]}\n".encode())
                    while byte := connection.recv(1):
                        connection.sendall(byte)
                except OSError:
                    continue


def ask(address: str, port: int, seconds: float) -> tuple[str, list[float]]:
    """Whom the other side sees, and microseconds of each round trip."""
    with socket.create_connection((address, port), timeout=ENOUGH) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb", buffering=0) as answers:
            seen = ipaddress.IPv6Address(answers.readline().decode().strip())
            took = []
            end = time.perf_counter() + seconds
            while (began := time.perf_counter()) < end:
                connection.sendall(b"x")
                if not answers.read(1):
                    raise ConnectionError(f"{address} has ended the connection")
                took.append((time.perf_counter() - began) * 1e6)
    return str(seen.ipv4_mapped or seen), took


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        whom, micros = ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        print(json.dumps({"seen": whom, "micros": micros}))
