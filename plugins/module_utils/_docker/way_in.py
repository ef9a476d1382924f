# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way by which Ansible came to this host, which a firewall must not close."""

from __future__ import annotations

import ipaddress
import re

from .._host import files

Way = tuple[ipaddress.IPv6Address, int]


def by_ssh(process: int, proc: str = "/proc") -> Way | None:
    """From where, and to which port, ssh has come that runs ``process``; None when it came over IPv4 or another way.

    sudo empties the environment, so it is looked for in that of the processes above as well.
    """
    while process > 1:
        found = _connection(f"{proc}/{process}/environ")
        if found:
            return parse(found)
        match = re.search(r"^PPid:\s+(\d+)$", files.read(f"{proc}/{process}/status") or "", re.MULTILINE)
        process = int(match.group(1)) if match else 0
    return None


def _connection(path: str) -> str:
    try:
        environment = (files.read(path) or "").split("\0")
    except OSError:
        return ""
    return next((item.partition("=")[2] for item in environment if item.startswith("SSH_CONNECTION=")), "")


def parse(connection: str) -> Way | None:
    """OpenSSH's SSH_CONNECTION, ``client port server port``; None for IPv4 or anything else."""
    try:
        client, _client_port, _server, port = connection.split()
        return ipaddress.IPv6Address(client.partition("%")[0]), int(port)
    except ValueError:
        return None
