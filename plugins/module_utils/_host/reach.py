# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server answers over IPv6: asked by a TCP connection from the host itself."""

from __future__ import annotations

import socket

SECONDS = 4.0


def silent(host: str, port: int) -> str | None:
    """Why nothing can be reached there over IPv6; None when it can. Every address that it has is tried."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        return f"no IPv6 address: {error.strerror}"
    why = ""
    for family, kind, protocol, _name, address in found:
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(SECONDS)
            try:
                connection.connect(address)
            except OSError as error:
                why = f"{address[0]}: {error.strerror or error}"
                continue
        return None
    return why
