# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an inventory's variables to what the modules take: requests, launches, ingress rules.

Playbooks would otherwise compute these in Jinja, where nothing tests them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import PlanError, Problems
from .extra_rules import without_twice

REQUEST_KEYS = ("container_mode", "container_count", "host_address", "container_prefix")
PROTOCOLS = ("tcp", "udp")
ANYBODY = ipaddress.IPv6Network("::/0")
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/([a-z]+))?")

#: Protocol, first port, last port, and from whom.
Port = tuple[str, int, int, ipaddress.IPv6Network]


def requests(
    hosts: Iterable[Mapping[str, Any]], instance_type: str, subnets: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The `hosts` option of the module `eni`: one dictionary a host, only with the keys that the inventory sets.

    `instance_type` is the type of hosts that name none. `subnets` are the ids of the subnets by their names, of which a
    host may name one by its variable `subnet`; without them nobody's subnet is told. Raises PlanError with every name
    that is unknown.
    """
    listed = list(hosts)
    places = {} if subnets is None else {host["inventory_hostname"]: host.get("subnet") for host in listed}
    known = subnets or {}
    problems = Problems()
    for name, place in places.items():
        if place and place not in known:
            problems.add(f"hosts[{name}].subnet", f"must be one of {', '.join(known)}", place)
    problems.raise_if_any()
    return [
        {
            "name": host["inventory_hostname"],
            "instance_type": host.get("instance_type") or instance_type,
            **{key: host[key] for key in REQUEST_KEYS if host.get(key) is not None},
            **({"subnet_id": known[place]} if (place := places.get(host["inventory_hostname"])) else {}),
        }
        for host in listed
    ]


def launches(hosts: Iterable[Mapping[str, Any]], instance_type: str, image: str) -> list[dict[str, str]]:
    """What to launch for each host: `name`, `type`, `image`, the last two with the given defaults."""
    return [
        {
            "name": host["inventory_hostname"],
            "type": host.get("instance_type") or instance_type,
            "image": host.get("image") or image,
        }
        for host in hosts
    ]


def parse_ports(values: Any, path: str) -> list[Port]:
    """Declared ports: ``80``, ``80/tcp`` or ``5000-5010/udp``, or ``{port: one of these, from: [IPv6 networks]}``.

    Each as (protocol, first port, last port, source), one for each source; without ``from`` the source is anybody.
    ``None`` are no ports. Refused as well is what another entry makes void: the same port for the same network, or for
    one that another's has in it. Raises PlanError with every problem found.
    """
    problems = Problems()
    found: list[Port] = []
    entries: list[tuple[str, Any, list[Port]]] = []
    if values is not None and not isinstance(values, (list, tuple)):
        problems.add(path, "must be a list of ports such as 80/tcp", repr(values))
    for at, value in enumerate(values if isinstance(values, (list, tuple)) else ()):
        where = f"{path}[{at}]"
        if not isinstance(value, Mapping):
            port, sources = _read_port(problems, value, where), [ANYBODY]
        else:
            for key in sorted(set(value) - {"port", "from"}, key=str):
                problems.add(f"{where}.{key}", "must be port or from", repr(value[key]))
            port = _read_port(problems, value.get("port"), f"{where}.port")
            sources = _read_sources(problems, value.get("from"), f"{where}.from")
        if port:
            opened = [(*port, source) for source in sources]
            _refuse_void(problems, entries, (where, value, opened))
            entries.append((where, value, opened))
            found += opened
    problems.raise_if_any()
    return found


def _refuse_void(
    problems: Problems, before: Iterable[tuple[str, Any, list[Port]]], this: tuple[str, Any, list[Port]]
) -> None:
    """Of two entries that open one port to one sender, refuse the narrower: whoever wrote it believes in it."""
    for other in before:
        for mine in this[2]:
            for theirs in other[2]:
                meet = mine[0] == theirs[0] and mine[1] <= theirs[2] and theirs[1] <= mine[2]
                if not meet or not mine[3].overlaps(theirs[3]):
                    continue
                wider, narrower = (this, other) if mine[3].prefixlen < theirs[3].prefixlen else (other, this)
                source = min(mine[3], theirs[3], key=lambda network: network.prefixlen)
                everybody = "everybody" if source == ANYBODY else source
                rule = f"is open to {everybody} by {wider[0]}: take one of them away"
                problems.add(narrower[0], rule, repr(narrower[1]))


def _read_port(problems: Problems, value: Any, path: str) -> tuple[str, int, int] | None:
    match = _PORT.fullmatch(str(value).strip().lower())
    if not match:
        problems.add(path, "must be a port like 80/tcp or 5000-5010/udp", repr(value))
        return None
    first, last, protocol = int(match[1]), int(match[2] or match[1]), match[3] or "tcp"
    if protocol not in PROTOCOLS:
        problems.add(path, f"protocol must be one of {', '.join(PROTOCOLS)}", repr(value))
    elif not 1 <= first <= last <= 65535:
        problems.add(path, "ports must rise within 1 to 65535", repr(value))
    else:
        return protocol, first, last
    return None


def _read_sources(problems: Problems, values: Any, path: str) -> list[ipaddress.IPv6Network]:
    if values is None:
        return [ANYBODY]
    if not isinstance(values, (list, tuple)) or not values:
        problems.add(path, "must be a list of IPv6 networks, or left out for anybody", repr(values))
        return []
    return read_networks(problems, values, path)


def read_networks(
    problems: Problems, values: Iterable[Any], path: str, rule: str = "must be an IPv6 network such as 2001:db8::/32"
) -> list[ipaddress.IPv6Network]:
    """Those of the values that are networks; each of the others is a problem: it breaks the ``rule``."""
    found = []
    for at, value in enumerate(values):
        try:
            found.append(ipaddress.IPv6Network(value))
        except ValueError:
            problems.add(f"{path}[{at}]", rule, repr(value))
    return found


def ingress_rules(
    hosts: Iterable[Mapping[str, Any]],
    group_name: str,
    ssh_from: Sequence[str],
    containers_from: Sequence[str],
    extra: Sequence[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """The rules, in amazon.aws.ec2_security_group's form, that a fleet needs; then what of ``extra`` they don't say.

    ICMPv6 from the group itself (the tutorial's row 16), ssh from `ssh_from`, and each port that some container
    declares from `containers_from`, or from that part of it that the containers which declare it name by `from`. The
    group is one for the fleet; which container has which port open, to whom, is decided on its host. Raises PlanError
    with every problem found.
    """
    problems = Problems()
    operators = read_networks(problems, ssh_from, "vpc_ssh_from")
    clients = read_networks(problems, containers_from, "vpc_clients_from")
    sources: dict[tuple[str, int, int], list[ipaddress.IPv6Network]] = {}
    for host in hosts:
        for n, container in enumerate(host.get("containers") or ()):
            path = f"{host['inventory_hostname']}.containers[{n}].ports"
            try:
                ports = parse_ports(container.get("ports"), path)
            except PlanError as error:
                problems.extend(error.violations)
                continue
            for protocol, first, last, source in ports:
                sources.setdefault((protocol, first, last), []).append(source)
    problems.raise_if_any()
    rules: list[dict[str, Any]] = [
        {
            "proto": "icmpv6",
            "from_port": -1,
            "to_port": -1,
            "group_name": group_name,
            "rule_desc": "ICMPv6 in the fleet",
        }
    ]
    if operators:
        cidrs = [str(network) for network in operators]
        rules.append({"proto": "tcp", "ports": [22], "cidr_ipv6": cidrs, "rule_desc": "ssh from operators"})
    for (protocol, first, last), wanted in sorted(sources.items()):
        admitted = clients if ANYBODY in wanted else _common(clients, wanted)
        if admitted:
            rules.append(
                {
                    "proto": protocol,
                    "from_port": first,
                    "to_port": last,
                    "cidr_ipv6": [str(network) for network in admitted],
                    "rule_desc": "declared by a container",
                }
            )
    return without_twice(rules, extra)


def _common(
    these: Iterable[ipaddress.IPv6Network], those: Sequence[ipaddress.IPv6Network]
) -> list[ipaddress.IPv6Network]:
    """What is both in one of these and in one of those, in as few networks as can be: of two that meet, the smaller."""
    pairs = ((one, other) for one in these for other in those if one.overlaps(other))
    both = [max(pair, key=lambda network: network.prefixlen) for pair in pairs]
    return sorted(ipaddress.collapse_addresses(both))
