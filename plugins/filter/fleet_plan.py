# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that plan a fleet from a description, without EC2; they only translate the core's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import outlook, rehearsal
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "fleet_plan": translated(outlook.outlook, "ipv6.aws_containers.fleet_plan: "),
            "subnet_description": translated(outlook.subnet_description, "ipv6.aws_containers.subnet_description: "),
            "inventory_plan": rehearsal.inventory_plan,
            "subnet_source": rehearsal.subnet_source,
            "file_source": rehearsal.file_source,
        }
