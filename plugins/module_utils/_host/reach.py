# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server answers over IPv6: asked by TCP connections from the host itself."""

from __future__ import annotations

import socket
import time

SECONDS = 4.0
ATTEMPTS = 3
PAUSE = 1.0

# Answers that asking again doesn't change: the name has no such address. What else a resolver says (no answer, a
# server's failure) may be over in a moment, as may a connection that nobody took.
_FINAL = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
)


def silent(host: str, port: int) -> str | None:
    """Why nothing can be reached there over IPv6; None when it can. Every address that it has is tried.

    One lost packet or one failing resolver is no verdict on a mirror: what may pass is asked ``ATTEMPTS`` times,
    ``PAUSE`` seconds apart, each connection for up to ``SECONDS``.
    """
    why, final = _attempt(host, port)
    for _again in range(ATTEMPTS - 1):
        if final:
            break
        time.sleep(PAUSE)
        why, final = _attempt(host, port)
    return why


def _attempt(host: str, port: int) -> tuple[str | None, bool]:
    """Why nothing answered, None when something did; and whether that stands, so that nobody need ask again."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        return f"no IPv6 address: {error.strerror}", error.errno in _FINAL
    why = ""
    for family, kind, protocol, _name, address in found:
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(SECONDS)
            try:
                connection.connect(address)
            except OSError as error:
                why = f"{address[0]}: {error.strerror or error}"
                continue
        return None, True
    return why, False
