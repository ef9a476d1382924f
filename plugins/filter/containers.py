# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for declared containers: which gets which address, and whether they can; they translate the core's errors."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._dns import plain
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers, declared
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import engine as engines
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


def container_plan(
    listed: Any,
    *,
    prefix: str,
    subnet: str,
    count: int | None = None,
    network: str = engines.ROUTED,
    network_name: str = "pub6",
    observed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Check and place the declared containers; `observed` is what the module container_info returned."""
    there = observed or {}
    wanted, room = declared.parse(listed, network, prefix, subnet, count)
    opened = {ipaddress.IPv6Address(address): whom for address, whom in (there.get("opened") or {}).items()}
    plan = containers.place(wanted, network, room, containers.read_observed(there.get("containers") or {}), opened)
    engine = engines.Engine.parse(there.get("engine") or str(engines.FIRST_ROUTED))
    settings = engines.settings(engine, network, room.prefix, network_name)
    return containers.render(plan, network, network_name, docker_closes=not settings.guard)


def declared_problems(hosts: Sequence[Mapping[str, Any]], zone: str, pattern: str, fleet: str) -> list[str]:
    """What is wrong with the networks and names that the hosts declare, which an inventory alone shows."""
    return _network_problems(hosts) + plain.check(plain.declared(hosts), zone, pattern, fleet)


def container_problems(hosts: Sequence[Mapping[str, Any]], allocation: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What stands against what the hosts declare, given their allocation; every host's problems at once."""
    problems = []
    for host in hosts:
        name, listed = host["inventory_hostname"], host.get("containers") or []
        allocated, network = allocation[name], _network(host)
        if wrong := _network_problems([host]):
            problems += wrong
            continue
        where = allocated["container_prefix"], allocated["subnet_cidr"], allocated.get("container_count")
        try:
            declared.parse(listed, network, *where)
        except PlanError as error:
            problems += [f"{name}.{violation}" for violation in error.violations]
    return problems


def _network_problems(hosts: Iterable[Mapping[str, Any]]) -> list[str]:
    rule = f"must be one of {', '.join(engines.NETWORKS)}"
    return [
        f"{host['inventory_hostname']}.container_network: {rule}, got {_network(host)}"
        for host in hosts
        if _network(host) not in engines.NETWORKS
    ]


def _network(host: Mapping[str, Any]) -> Any:
    return host.get("container_network") or engines.ROUTED


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "container_plan": translated(container_plan),
            "container_problems": container_problems,
            "declared_problems": declared_problems,
        }
