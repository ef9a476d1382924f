# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the netplan role found before its first change, and what the host's netplan files say now."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import links

RECORD = "/var/lib/ipv6.aws_containers/netplan/before.json"
_DHCP6 = re.compile(r"^\s*dhcp6:\s*[\"']?(true|yes|on|y)[\"']?\s*(#.*)?$", re.IGNORECASE)


def with_dhcp6(folder: str = "/etc/netplan") -> list[str]:
    """The netplan files that switch DHCPv6 on. By pattern: the standard library reads no YAML."""
    found = []
    for path in sorted(Path(folder).glob("*.yaml")):
        if not path.is_file():  # a symbolic link to nothing, say
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if any(_DHCP6.match(line) for line in lines):
            found.append(str(path))
    return found


def before(path: str = RECORD) -> list[dict] | None:
    """The addresses before the netplan role's first change (``ip -j addr``, in its record); None: no record."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return links.addresses(json.loads(text)["addr"])
