# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TCP connections to many ports at once: open, refused, unreachable or no answer."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Iterable, Sequence

MOST_AT_ONCE = 512  # a process may have 1024 files open

OPEN, REFUSED, UNREACHABLE, TIMEOUT = "open", "refused", "unreachable", "timeout"

Endpoint = tuple[str, int]


def connect(endpoints: Iterable[Endpoint], timeout: float) -> dict[Endpoint, str]:
    """Connect to every (IPv6 address, port) from the calling thread's namespace → the outcome by endpoint.

    ``MOST_AT_ONCE`` are under way together, which takes ``timeout`` seconds at most; then the next so many.
    """
    every = list(dict.fromkeys(endpoints))
    outcome: dict[Endpoint, str] = {}
    for start in range(0, len(every), MOST_AT_ONCE):
        outcome.update(_connect(every[start : start + MOST_AT_ONCE], timeout))
    return outcome


def _connect(endpoints: Sequence[Endpoint], timeout: float) -> dict[Endpoint, str]:
    outcome: dict[Endpoint, str] = {}
    with selectors.DefaultSelector() as selector:
        for endpoint in endpoints:
            sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            sock.setblocking(False)
            code = sock.connect_ex(endpoint)
            if code == errno.EINPROGRESS:
                selector.register(sock, selectors.EVENT_WRITE, endpoint)
            else:
                outcome[endpoint] = _meaning(code)
                sock.close()
        deadline = time.monotonic() + timeout
        while selector.get_map() and deadline > time.monotonic():
            for key, _events in selector.select(max(0.0, deadline - time.monotonic())):
                sock = key.fileobj  # type: ignore[assignment]
                outcome[key.data] = _meaning(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                selector.unregister(sock)
                sock.close()
        for key in list(selector.get_map().values()):
            outcome[key.data] = TIMEOUT
            key.fileobj.close()  # type: ignore[union-attr]
    return outcome


def source(address: str) -> str:
    """The address that the calling thread's namespace sends from to an IPv6 address; "" without a route there."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))  # sends nothing
        except OSError:
            return ""
        return str(sock.getsockname()[0])


def _meaning(code: int) -> str:
    if code == 0:
        return OPEN
    if code == errno.ECONNREFUSED:
        return REFUSED
    if code == errno.ETIMEDOUT:
        return TIMEOUT
    return f"{UNREACHABLE} ({os.strerror(code)})"
