# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker leaves in the kernel when it is removed: rules, and IPv4 forwarding. Text in, text out.

Docker's chains are called DOCKER and DOCKER-…; in other chains its rules jump there, or name its bridges (docker0, and
br- with the beginning of a network's id, unless the network was given a name for its bridge). Seen with 20.10, 26.1 and
28.5.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

#: Where people put rules of their own: the chain stays when it has any.
_USERS = "DOCKER-USER"
_CHAIN = re.compile(r"DOCKER(-\S+)?")
_BRIDGE = r"docker0|br-[0-9a-f]{12}"


@dataclass
class _Table:
    name: str
    policies: dict[str, str] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)

    def ours(self) -> set[str]:
        """The chains that go."""
        found = {chain for chain in self.policies if _CHAIN.fullmatch(chain)}
        users = [rule for rule in self.rules if rule.startswith(f"-A {_USERS} ") and rule != f"-A {_USERS} -j RETURN"]
        return found - {_USERS} if users else found


def removal(saved: str, bridges: Collection[str], opened: bool) -> str:
    """What ``iptables-restore --noflush`` has to read, so that nothing of Docker's is left; "" when nothing is.

    ``saved``: what ``iptables-save`` printed. ``bridges``: names that networks' bridges were given. ``opened``: whether
    Docker itself switched forwarding on. It then also closed the chain FORWARD, whose policy was the kernel's ACCEPT.
    """
    parts = [_BRIDGE, *(re.escape(name) for name in sorted(bridges))]
    of_bridge = re.compile(rf" -[io] (?:{'|'.join(parts)})(?= |$)")
    text = ""
    for table in _tables(saved):
        ours = table.ours()
        kept, lines = [], []
        for rule in table.rules:
            chain, target = rule.split()[1], re.search(r" -[jg] (\S+)", rule)
            if chain in ours:
                continue
            if (target and target[1] in ours) or (chain != _USERS and of_bridge.search(rule)):
                lines.append("-D" + rule[2:])
            else:
                kept.append(chain)
        lines += [f"-F {chain}" for chain in sorted(ours)] + [f"-X {chain}" for chain in sorted(ours)]
        if opened and table.name == "filter" and table.policies.get("FORWARD") == "DROP" and "FORWARD" not in kept:
            lines.insert(0, ":FORWARD ACCEPT [0:0]")
        if lines:
            text += "\n".join([f"*{table.name}", *lines, "COMMIT", ""])
    return text


def _tables(saved: str) -> list[_Table]:
    found: list[_Table] = []
    for line in saved.splitlines():
        if line.startswith("*"):
            found.append(_Table(line[1:].strip()))
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            found[-1].policies[chain] = policy
        elif line.startswith("-A "):
            found[-1].rules.append(line.strip())
    return found
