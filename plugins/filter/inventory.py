# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn an inventory's variables into options of modules; they only translate the core's errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import fleetwide, inventory, subnets
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


def _translated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except PlanError as error:
            raise AnsibleFilterError(str(error)) from error

    return call


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "fleetwide_problems": fleetwide.fleetwide_problems,
            "requests": _translated(inventory.requests),
            "launches": _translated(inventory.launches),
            "ingress_rules": _translated(inventory.ingress_rules),
            "subnet_layout": _translated(subnets.layout),
        }
