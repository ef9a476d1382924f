# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter container_plan: which declared container gets which address; it only translates the core's errors."""

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
    network: str = engines.ROUTED,
    network_name: str = "pub6",
    observed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Check and place the declared containers; `observed` is what the module container_info returned."""
    there = observed or {}
    try:
        block, around = ipaddress.IPv6Network(prefix), ipaddress.IPv6Network(subnet)
        wanted = containers.parse(declared, network, block, around)
        plan = containers.place(wanted, network, block, containers.read_observed(there.get("containers") or {}))
        engine = engines.Engine.parse(there.get("engine") or str(engines.FIRST_ROUTED))
        settings = engines.settings(engine, network, block, network_name)
    except (PlanError, ValueError) as error:
        raise AnsibleFilterError(str(error)) from error
    return containers.render(plan, network, network_name, settings.guard)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {"container_plan": container_plan}
