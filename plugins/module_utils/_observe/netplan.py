# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the netplan role found before its first change, and what the host's netplan files say now."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import links

RECORD = "/var/lib/ipv6.aws_containers/netplan/before.json"
_DHCP6 = re.compile(r"^\s*dhcp6:\s*[\"']?(true|yes|on|y)[\"']?\s*(#.*)?$", re.IGNORECASE)


def with_dhcp6(folder: str = "/etc/netplan") -> list[str]:
    """The netplan files that switch DHCPv6 on. By pattern: the standard library reads no YAML."""
    found = []
    for path in sorted(Path(folder).glob("*.yaml")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if any(_DHCP6.match(line) for line in lines):
            found.append(str(path))
    return found


def before(path: str = RECORD) -> list[dict] | None:
    """The addresses that were on the host before the netplan role's first change; None when there is no record."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return links.addresses(_address_document(json.loads(text)))


def _address_document(record: Any) -> list[dict]:
    """The ``ip -j addr`` document inside the record: the list of objects that carry ``addr_info``."""
    candidates = record.values() if isinstance(record, dict) else [record]
    for value in candidates:
        if isinstance(value, list) and any(isinstance(entry, dict) and "addr_info" in entry for entry in value):
            return [entry for entry in value if isinstance(entry, dict)]
    return []
