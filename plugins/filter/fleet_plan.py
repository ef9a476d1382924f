# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that plan a fleet from a description, without EC2; they only translate the core's errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import outlook, rehearsal
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


def _translated(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except PlanError as error:
            raise AnsibleFilterError(f"ipv6.aws_containers.{name}: {error}") from error

    return call


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        functions: dict[str, Callable[..., Any]] = {
            "fleet_plan": outlook.outlook,
            "subnet_description": outlook.subnet_description,
        }
        return {
            **{name: _translated(name, function) for name, function in functions.items()},
            "inventory_plan": rehearsal.inventory_plan,
            "subnet_source": rehearsal.subnet_source,
            "file_source": rehearsal.file_source,
        }
