# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that judge an inventory's variables, and turn them into options; they only translate the cores' errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._inventory import declared, fleetwide, misspelt
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import inventory, subnets
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "fleetwide_problems": fleetwide.fleetwide_problems,
            "misspelt_problems": misspelt.misspelt_problems,
            "declared_problems": declared.declared_problems,
            "requests": translated(inventory.requests),
            "launches": translated(inventory.launches),
            "ingress_rules": translated(inventory.ingress_rules),
            "subnet_layout": translated(subnets.layout),
        }
