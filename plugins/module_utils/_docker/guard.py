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

from .._host import files
from .._plan.errors import PlanError, Problems
from .._plan.inventory import Port, parse_ports
from . import given
from .ports import FOLDER, LOADED_FILE, TABLE, TABLE_FILE, Declared, Opening, Rules, disjoint

UNIT = "ipv6-aws-containers-guard.service"
UNIT_FILE = "/etc/systemd/system/" + UNIT
KEEPER_UNIT = "ipv6-aws-containers-guard-keeper.service"
KEEPER_UNIT_FILE = "/etc/systemd/system/" + KEEPER_UNIT
#: The keeper is a Python package of its own on the host.
LIBRARY = "/usr/local/lib/ipv6.aws_containers"
PACKAGE = "guard"
PROGRAM = {name: f"{LIBRARY}/{PACKAGE}/{name}.py" for name in ("__init__", "ports", "keeper")}

#: What is said of a container whose ports are declared.
KEYS = ("name", "address", "ports")

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
    """The containers' prefixes; a single one has no index in its path. Raises PlanError with every problem found."""
    problems = Problems()
    found = [
        given.read_prefix(problems, value, path if len(values) == 1 else f"{path}[{at}]")
        for at, value in enumerate(values)
    ]
    problems.raise_if_any()
    return [prefix for prefix in found if prefix is not None]


def parse_declared(
    containers: Sequence[Any], network: str, prefixes: Sequence[ipaddress.IPv6Network], path: str
) -> tuple[Declared, ...]:
    """The containers that declare ports (``KEYS``), found at ``path``; addresses must lie in ``prefixes``, if any.

    Raises PlanError with every problem found.
    """
    problems = Problems()
    found = []
    for at, item in enumerate(containers):
        if isinstance(item, Mapping):
            found.append(_parse_one(problems, f"{path}[{_named(item) or at}]", item, network, prefixes))
        else:
            problems.add(f"{path}[{at}]", "must be a dictionary", repr(item))
    problems.raise_if_any()
    return tuple(found)


def _named(item: Mapping[str, Any]) -> str:
    """What a declared container is called, by its name, else by its address; nothing without a text for either."""
    return next((item[key] for key in ("name", "address") if item.get(key) and isinstance(item[key], str)), "")


def _parse_one(
    problems: Problems, path: str, item: Mapping[str, Any], network: str, prefixes: Sequence[ipaddress.IPv6Network]
) -> Declared:
    for key in sorted(set(item) - set(KEYS), key=str):
        problems.add(f"{path}.{key}", f"must be one of {', '.join(KEYS)}", key)
    name, given_address, declared = item.get("name"), item.get("address"), item.get("ports")
    address, ports = None, []
    if not name and not given_address:
        problems.add(path, "must have a name or an address")
    if name and not isinstance(name, str):
        problems.add(f"{path}.name", "must be a container's name", repr(name))
    try:
        address = ipaddress.IPv6Address(str(given_address)) if given_address else None
    except ValueError:
        problems.add(f"{path}.address", "must be an IPv6 address", repr(given_address))
    if address and prefixes and not any(address in prefix for prefix in prefixes):
        inside = ", ".join(map(str, prefixes))
        problems.add(f"{path}.address", f"must lie in the host's container prefix {inside}", address)
    if declared is None:
        problems.add(f"{path}.ports", "must be a list of ports such as 80/tcp", "nothing")
    try:
        ports = parse_ports(declared, f"{path}.ports")
    except PlanError as error:
        problems.extend(error.violations)
    return Declared(_named(item), network, address, tuple(ports))


def diffs(changes: Sequence[files.Change], gone: Rules | None = None) -> list[dict[str, str]]:
    """What a person is shown of the files: texts, but names alone of the keeper's program and of files that go.

    ``gone``: what was declared, and will not be any more.
    """
    named = [one for one in changes if one.after is None or one.path in PROGRAM.values()]
    shown = [one.diff() for one in changes if one not in named]
    before = "".join(f"{one.path}\n" for one in named if one.before is not None)
    after = "".join(f"{one.path}, {'new' if one.before is None else 'rewritten'}\n" for one in named if one.after)
    for what, had, has in (("files", before, after), ("declared ports", _told(gone or Rules()), "")):
        if had or has:
            shown.append({"before_header": what, "after_header": what, "before": had, "after": has})
    return shown


def _told(rules: Rules) -> str:
    """What is declared: by whom, for whom and where, and the ports (who . protocol . ports)."""
    return "".join(
        f"{owner}: {one.name} at {one.address or one.network}: "
        + ", ".join(Opening(None, *port).element() for port in one.ports)
        + "\n"
        for owner, owned in sorted((rules.declared or {}).items())
        for one in owned
    )


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
