# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: an nftables table of our own that lets in what is declared, to containers and to their host.

The table's file has what belongs to the host (prefixes, bridges, the host's own ports); it includes the file of the
declared ports, which is made from the rules (``ports``) by the module and by the keeper (``keeper``), a service that
puts the table back. Loading the table's file replaces the whole table in one transaction.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._plan.errors import PlanError, Problems
from .._plan.inventory import Port, parse_ports, read_networks
from .ports import FOLDER, LOADED_FILE, TABLE, TABLE_FILE, Declared, Opening, disjoint

UNIT = "ipv6-aws-containers-guard.service"
UNIT_FILE = "/etc/systemd/system/" + UNIT
KEEPER_UNIT = "ipv6-aws-containers-guard-keeper.service"
KEEPER_UNIT_FILE = "/etc/systemd/system/" + KEEPER_UNIT
#: The keeper is a Python package of its own on the host.
LIBRARY = "/usr/local/lib/ipv6.aws_containers"
PACKAGE = "guard"

#: RFC 4890, 4.3: what must not be dropped on its way through, or a path's MTU is never found.
TRANSIT = (
    *("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"),
    *("echo-request", "echo-reply"),
)
#: RFC 4890, 4.4: what a host needs besides: neighbour discovery, and the multicast groups that this stands on.
LOCAL = (
    *("nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert", "nd-redirect"),
    *("mld-listener-query", "mld-listener-report", "mld-listener-done", "mld2-listener-report"),
)


def parse_prefixes(values: Sequence[Any], path: str) -> list[ipaddress.IPv6Network]:
    """The containers' prefixes. Raises PlanError with every problem found."""
    problems = Problems()
    found = read_networks(problems, values, path, "must be an aligned IPv6 prefix such as 2001:db8::8/126")
    problems.raise_if_any()
    return found


def parse_declared(
    containers: Sequence[Mapping[str, Any]], network: str, prefixes: Sequence[ipaddress.IPv6Network]
) -> tuple[Declared, ...]:
    """The containers that declare ports (``name``, ``address``, ``ports``); addresses must lie in ``prefixes``, if any.

    Raises PlanError with every problem found.
    """
    problems = Problems()
    found = []
    for at, container in enumerate(containers):
        name, given = container.get("name") or container.get("address"), container.get("address")
        path = f"containers[{name or at}]"
        if not name:
            problems.add(path, "must have a name or an address")
            continue
        address = None
        try:
            address = ipaddress.IPv6Address(given) if given else None
        except ValueError:
            problems.add(f"{path}.address", "must be an IPv6 address", repr(given))
        if address and prefixes and not any(address in prefix for prefix in prefixes):
            inside = ", ".join(map(str, prefixes))
            problems.add(f"{path}.address", f"must lie in the host's container prefix {inside}", address)
        try:
            found.append(Declared(name, network, address, tuple(parse_ports(container["ports"], f"{path}.ports"))))
        except PlanError as error:
            problems.extend(error.violations)
    problems.raise_if_any()
    return tuple(found)


def lets_in(host_ports: Iterable[Port], source: ipaddress.IPv6Address, port: int) -> bool:
    """Whether the host's own tcp port is open to ``source``."""
    return any(
        protocol == "tcp" and first <= port <= last and source in network
        for protocol, first, last, network in host_ports
    )


def table(
    prefixes: Sequence[ipaddress.IPv6Network],
    bridges: Sequence[str],
    docker_closes: bool = False,
    host_ports: Iterable[Port] | None = None,
) -> str:
    """The table's file: ``prefixes`` are the containers'; all is let through between containers of one bridge.

    ``docker_closes``: see ``ports.Rules``. ``host_ports``: the host's own open ports; None leaves the host as it is.

    What comes in is looked at packet by packet, answers alone by their connection: a connection that began while a port
    was open, or while there was no table, ends when there is a table that does not let it in.
    """
    host = _host(host_ports) if host_ports is not None else ""
    elsewhere = "accept" if host_ports is None else "goto elsewhere"
    same_bridge = ", ".join(f'"{name}" . "{name}"' for name in sorted(set(bridges)))
    undeclared = "" if docker_closes else "\n    counter name closed drop"
    return f"""\
# Written by the Ansible collection ipv6.aws_containers: what reaches containers' IPv6 addresses, and the host's.
table ip6 {TABLE} {{}}
delete table ip6 {TABLE}
table ip6 {TABLE} {{
{host}  set prefixes {{
    type ipv6_addr
    flags interval
    elements = {{ {", ".join(str(prefix) for prefix in sorted(set(prefixes)))} }}
  }}
  # who . container . protocol . ports
  set declared {{
    type ipv6_addr . ipv6_addr . inet_proto . inet_service
    flags interval
  }}
  counter closed {{
  }}
  chain undeclared {{{undeclared}
  }}
  chain forward {{
    type filter hook forward priority -1; policy accept;
    ip6 daddr != @prefixes {elsewhere} comment "not to a container of ours, or from one outwards"
    iifname . oifname {{ {same_bridge} }} accept comment "between containers of one network"
    icmpv6 type {{ {", ".join(TRANSIT)} }} accept
    ct state invalid drop
    ct state established ct direction reply accept
    ip6 saddr . ip6 daddr . meta l4proto . th dport @declared accept
    jump undeclared
  }}
}}
include "{FOLDER}/declared*.nft"
"""


def _host(ports: Iterable[Port]) -> str:
    """The host's own ports, also those that Docker makes a container's of before a packet is looked at here."""
    # nft 1.0.6 knows no port of a connection without its protocol.
    published = "\n".join(
        f"    meta l4proto {one} ct status dnat ip6 saddr . meta l4proto . ct original proto-dst @host accept"
        for one in ("tcp", "udp")
    )
    elements = ", ".join(one.element() for one in disjoint(Opening(None, *port) for port in ports))
    held = f"\n    elements = {{ {elements} }}" if elements else ""
    return f"""\
  # who . protocol . ports
  set host {{
    type ipv6_addr . inet_proto . inet_service
    flags interval{held}
  }}
  counter closed_host {{
  }}
  chain input {{
    type filter hook input priority -1; policy accept;
    iif lo accept
    icmpv6 type {{ {", ".join((*TRANSIT, *LOCAL))} }} accept
    ct state invalid drop
    ct state established ct direction reply accept
    ip6 daddr fe80::/10 udp dport 546 accept comment "DHCPv6"
    ip6 saddr . meta l4proto . th dport @host accept
    counter name closed_host drop
  }}
  # To containers of others: through a port of the host's that Docker publishes and translates, or not at all.
  chain foreign {{
    icmpv6 type {{ {", ".join(TRANSIT)} }} accept
    ct state established ct direction reply accept
{published}
    ct status dnat counter name closed_host drop
    meta iifkind "bridge" accept comment "between containers"
    counter name closed_host drop
  }}
  # A network card has no kind at all: no rule can say that something is not a bridge.
  chain elsewhere {{
    meta oifkind "bridge" goto foreign
    accept comment "outwards"
  }}
"""


def unit() -> str:
    """The systemd unit: docker.service does not start without it, so containers are never up unguarded."""
    load = f"/usr/sbin/nft --file {TABLE_FILE}"
    keep = f"/bin/sh -c '/usr/sbin/nft --stateless list table ip6 {TABLE} >{LOADED_FILE}'"
    return f"""\
# Written by the Ansible collection ipv6.aws_containers.
[Unit]
Description=Closes undeclared IPv6 ports of containers and host
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


def keeper_unit() -> str:
    """The systemd unit that puts the table back, and keeps declared ports where Docker gives addresses as it likes."""
    run = f"/usr/bin/python3 -m {PACKAGE}.keeper"
    return f"""\
# Written by the Ansible collection ipv6.aws_containers.
[Unit]
Description=Keeps undeclared IPv6 ports of containers and host closed
Documentation=file:{LIBRARY}/{PACKAGE}/keeper.py
After={UNIT}
Wants={UNIT}
Before=docker.service
StartLimitIntervalSec=0

[Service]
WorkingDirectory={LIBRARY}
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStartPre={run} settle
ExecStart={run}
Restart=always
RestartSec=100ms

[Install]
WantedBy=multi-user.target docker.service
"""
