# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: an nftables table of our own that closes containers' undeclared ports where Docker does not.

One file per owner: the table with its prefixes and bridges, and the declared ports, which the table's file includes.
Loading the table's file replaces the whole table in one transaction.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TABLE = "ipv6_aws_containers"
UNIT = "ipv6-aws-containers-guard.service"
FOLDER = "/etc/ipv6.aws_containers/guard"
TABLE_FILE = FOLDER + "/table.nft"
DECLARED_FILE = FOLDER + "/declared.nft"
#: What the kernel said right after the table was loaded: anything else means that somebody changed it.
LOADED_FILE = "/run/ipv6-aws-containers-guard.loaded"
UNIT_FILE = "/etc/systemd/system/" + UNIT
FOLLOWER = "/usr/local/lib/ipv6.aws_containers/guard_follow.py"
FOLLOWER_UNIT = "ipv6-aws-containers-guard-follow.service"
FOLLOWER_UNIT_FILE = "/etc/systemd/system/" + FOLLOWER_UNIT


@dataclass(frozen=True, order=True)
class Declared:
    """Ports ``first`` to ``last`` of ``protocol`` (tcp, udp) that anybody may reach on ``address``."""

    address: ipaddress.IPv6Address
    protocol: str
    first: int
    last: int

    def element(self) -> str:
        """As an element of the table's set."""
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.address} . {self.protocol} . {ports}"


def table(prefixes: Sequence[ipaddress.IPv6Network], bridges: Sequence[str]) -> str:
    """The table's file: ``prefixes`` are the containers'; all is let through between containers of one bridge."""
    same_bridge = ", ".join(f'"{name}" . "{name}"' for name in sorted(set(bridges)))
    return f"""\
# Written by the Ansible collection ipv6.aws_containers: what reaches containers' IPv6 addresses from outside.
table ip6 {TABLE} {{}}
delete table ip6 {TABLE}
table ip6 {TABLE} {{
  set prefixes {{
    type ipv6_addr
    flags interval
    elements = {{ {", ".join(str(prefix) for prefix in sorted(set(prefixes)))} }}
  }}
  set declared {{
    type ipv6_addr . inet_proto . inet_service
    flags interval
  }}
  counter closed {{
  }}
  chain forward {{
    type filter hook forward priority -1; policy accept;
    ip6 daddr != @prefixes accept comment "not to a container, or from one outwards"
    iifname . oifname {{ {same_bridge} }} accept comment "between containers of one network"
    ct state established,related accept
    ct state invalid drop
    icmpv6 type {{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request }} accept
    ip6 daddr . meta l4proto . th dport @declared accept
    counter name closed drop
  }}
}}
include "{FOLDER}/declared*.nft"
"""


def declared(ports: Iterable[Declared]) -> str:
    """The declared ports' file; without ports it adds nothing."""
    elements = ",\n".join(f"  {one.element()}" for one in sorted(set(ports)))
    added = f"add element ip6 {TABLE} declared {{\n{elements}\n}}\n" if elements else ""
    return f"# Written by the Ansible collection ipv6.aws_containers: ports that containers declare.\n{added}"


def unit() -> str:
    """The systemd unit: docker.service does not start without it, so containers are never up unguarded."""
    load = f"/usr/sbin/nft -f {TABLE_FILE}"
    keep = f"/bin/sh -c '/usr/sbin/nft -s list table ip6 {TABLE} >{LOADED_FILE}'"
    return f"""\
# Written by the Ansible collection ipv6.aws_containers.
[Unit]
Description=Closes containers' undeclared IPv6 ports
Documentation=file:{TABLE_FILE}
# nftables.service begins by flushing every table, and does so again when it is reloaded.
After=nftables.service
ReloadPropagatedFrom=nftables.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={load}
ExecStart={keep}
ExecReload={load}
ExecReload={keep}

[Install]
WantedBy=multi-user.target
RequiredBy=docker.service
"""


def follower_unit() -> str:
    """The systemd unit that keeps declared ports at containers' addresses where Docker gives these as it likes."""
    return f"""\
# Written by the Ansible collection ipv6.aws_containers.
[Unit]
Description=Keeps declared IPv6 ports at their containers' addresses
Documentation=file:{FOLLOWER}
After={UNIT}
Requires={UNIT}
Before=docker.service
StartLimitIntervalSec=0

[Service]
ExecStartPre=/usr/bin/python3 {FOLLOWER} close
ExecStart=/usr/bin/python3 {FOLLOWER}
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
"""
