# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses a name has, family by family."""

from __future__ import annotations

import socket

_FAMILIES = (("ipv6", socket.AF_INET6), ("ipv4", socket.AF_INET))


def resolve(name: str) -> dict[str, list[str]]:
    """``{"ipv6": [...], "ipv4": [...]}`` for a name or literal address, by the host's own resolver; empty: has none."""
    return {key: _lookup(name, family) for key, family in _FAMILIES}


def _lookup(name: str, family: int) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return sorted({str(entry[4][0]) for entry in found})


def first_ipv6(name: str) -> str:
    """The first IPv6 address of ``name`` in the resolver's order; "" when it has none."""
    try:
        return str(socket.getaddrinfo(name, None, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0])
    except socket.gaierror:
        return ""
