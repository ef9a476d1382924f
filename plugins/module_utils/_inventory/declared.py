# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with what hosts declare: by the inventory alone, and given the addresses that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._dns import plain
from .._docker import declared
from .._docker.engine import NETWORKS, ROUTED
from .._plan.errors import PlanError, Violation

Host = Mapping[str, Any]


def declared_problems(hosts: Sequence[Host], zone: str, pattern: str, fleet: str) -> list[str]:
    """What is wrong with the networks and names that the hosts declare, which an inventory alone shows."""
    networks = [problem for host in hosts for problem in _of_network(host)]
    return networks + plain.check(plain.declared(hosts), zone, pattern, fleet)


def container_problems(hosts: Iterable[Host], allocation: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What stands against what the hosts declare, given their allocation; every host's problems at once."""
    return [problem for host in hosts for problem in _of_network(host) or _of_containers(host, allocation)]


def _of_network(host: Host) -> list[str]:
    network = _network(host)
    if network in NETWORKS:
        return []
    path = f"{host['inventory_hostname']}.container_network"
    return [str(Violation(path, f"must be one of {', '.join(NETWORKS)}", str(network)))]


def _of_containers(host: Host, allocation: Mapping[str, Mapping[str, Any]]) -> list[str]:
    name = host["inventory_hostname"]
    given = allocation[name]
    where = given["container_prefix"], given["subnet_cidr"], given.get("container_count")
    try:
        declared.parse(host.get("containers") or [], _network(host), *where)
    except PlanError as error:
        return [f"{name}.{violation}" for violation in error.violations]
    return []


def _network(host: Host) -> Any:
    return host.get("container_network") or ROUTED
