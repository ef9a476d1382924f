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

REQUEST_KEYS = ("container_mode", "container_count", "host_address", "container_prefix")
PROTOCOLS = ("tcp", "udp")
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/([a-z]+))?")


class InventoryError(ValueError):
    """A variable of the inventory breaks a rule; the text names its path, the rule and the value."""


def requests(
    hosts: Iterable[Mapping[str, Any]], instance_type: str, subnets: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The `hosts` option of the module `eni`: one dictionary a host, only with the keys that the inventory sets.

    `instance_type` is the type of hosts that name none. `subnets` are the ids of the subnets by their names, of which a
    host may name one by its variable `subnet`; without them nobody's subnet is told. Raises InventoryError with every
    name that is unknown.
    """
    listed = list(hosts)
    places = {} if subnets is None else {host["inventory_hostname"]: host.get("subnet") for host in listed}
    known = subnets or {}
    unknown = [
        f"hosts[{name}].subnet: must be one of {', '.join(known)}, got {place}"
        for name, place in places.items()
        if place and place not in known
    ]
    if unknown:
        raise InventoryError("\n".join(unknown))
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


def parse_port(value: Any, path: str) -> tuple[str, int, int]:
    """`80`, `80/tcp` or `5000-5010/udp` as (protocol, first port, last port).

    Raises InventoryError.
    """
    match = _PORT.fullmatch(str(value).strip().lower())
    if not match:
        raise InventoryError(f"{path}: must be a port like 80/tcp or 5000-5010/udp, got {value!r}")
    first, last, protocol = int(match[1]), int(match[2] or match[1]), match[3] or "tcp"
    if protocol not in PROTOCOLS:
        raise InventoryError(f"{path}: protocol must be one of {', '.join(PROTOCOLS)}, got {value!r}")
    if not 1 <= first <= last <= 65535:
        raise InventoryError(f"{path}: ports must rise within 1 to 65535, got {value!r}")
    return protocol, first, last


def _network(value: Any, path: str) -> str:
    try:
        return str(ipaddress.IPv6Network(value))
    except ValueError as error:
        raise InventoryError(f"{path}: must be an IPv6 network, got {value!r}") from error


def ingress_rules(
    hosts: Iterable[Mapping[str, Any]], group_name: str, ssh_from: Sequence[str], containers_from: Sequence[str]
) -> list[dict[str, Any]]:
    """The rules, in amazon.aws.ec2_security_group's form, that a fleet needs and nothing more.

    ICMPv6 from the group itself (the tutorial's row 16), ssh from `ssh_from`, and each port that some container
    declares from `containers_from`. The group is one for the fleet; which container has which port open is decided on
    its host. Raises InventoryError.
    """
    operators = [_network(network, f"vpc_ssh_from[{n}]") for n, network in enumerate(ssh_from)]
    clients = [_network(network, f"vpc_clients_from[{n}]") for n, network in enumerate(containers_from)]
    ports: set[tuple[str, int, int]] = set()
    for host in hosts:
        for n, container in enumerate(host.get("containers") or ()):
            for m, port in enumerate(container.get("ports") or ()):
                ports.add(parse_port(port, f"{host['inventory_hostname']}.containers[{n}].ports[{m}]"))
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
        rules.append({"proto": "tcp", "ports": [22], "cidr_ipv6": operators, "rule_desc": "ssh from operators"})
    for protocol, first, last in sorted(ports) if clients else ():
        rules.append(
            {
                "proto": protocol,
                "from_port": first,
                "to_port": last,
                "cidr_ipv6": clients,
                "rule_desc": "declared by a container",
            }
        )
    return rules
