# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for declared containers: which gets which address, and whether they can; they translate the core's errors."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers, declared
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import engine as engines
from ansible_collections.ipv6.aws_containers.plugins.module_utils._inventory.declared import container_problems
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


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "container_plan": translated(container_plan),
            "container_problems": container_problems,
        }
