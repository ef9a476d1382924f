# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for declared containers: which gets which address, and whether they can; they translate the core's errors."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import engine as engines
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


def container_plan(
    declared: Sequence[Mapping[str, Any]],
    *,
    prefix: str,
    subnet: str,
    count: int | None = None,
    network: str = engines.ROUTED,
    network_name: str = "pub6",
    observed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Check and place the declared containers; `observed` is what the module container_info returned."""
    try:
        return _planned(declared, prefix, count, subnet, network, network_name, observed or {})
    except (PlanError, ValueError) as error:
        raise AnsibleFilterError(str(error)) from error


def _planned(
    declared: Sequence[Mapping[str, Any]],
    prefix: str,
    count: int | None,
    subnet: str,
    network: str,
    network_name: str,
    there: Mapping[str, Any],
) -> dict[str, Any]:
    block, around = ipaddress.IPv6Network(prefix), ipaddress.IPv6Network(subnet)
    room = containers.Room(block, None if count is None else int(count))
    wanted = containers.parse(declared, network, room, around)
    plan = containers.place(wanted, network, room, containers.read_observed(there.get("containers") or {}))
    engine = engines.Engine.parse(there.get("engine") or str(engines.FIRST_ROUTED))
    settings = engines.settings(engine, network, block, network_name)
    return containers.render(plan, network, network_name, docker_closes=not settings.guard)


def container_problems(hosts: Sequence[Mapping[str, Any]], allocation: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What stands against what the hosts declare, given their allocation; every host's problems at once."""
    problems = []
    for host in hosts:
        name, declared = host["inventory_hostname"], host.get("containers") or []
        allocated, network = allocation[name], host.get("container_network") or engines.ROUTED
        if network not in engines.NETWORKS:
            rule = f"must be one of {', '.join(engines.NETWORKS)}"
            problems.append(f"{name}.container_network: {rule}, got {network}")
            continue
        try:
            count = allocated.get("container_count")
            _planned(declared, allocated["container_prefix"], count, allocated["subnet_cidr"], network, "", {})
        except PlanError as error:
            problems += [f"{name}.{violation}" for violation in error.violations]
    return problems


def container_check(hosts: Sequence[Mapping[str, Any]], allocation: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many containers every host declares, once none of them is refused: see :func:`container_problems`."""
    problems = container_problems(hosts, allocation)
    if problems:
        raise AnsibleFilterError("\n".join(problems))
    return {host["inventory_hostname"]: len(host.get("containers") or []) for host in hosts}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "container_plan": container_plan,
            "container_check": container_check,
            "container_problems": container_problems,
        }
