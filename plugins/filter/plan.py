# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugin: an address plan without EC2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.preview import preview


def plan(
    hosts: Any, subnet: Any, taken: Any = None, pins: Any = None, assign: str = "block", reservation: Any = None
) -> dict[str, dict[str, str]]:
    """See :func:`preview`; what can't be satisfied becomes an Ansible error."""
    try:
        return preview(hosts, subnet, taken, pins, assign, reservation)
    except PlanError as error:
        raise AnsibleFilterError(f"ipv6.aws_containers.plan: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"plan": plan}
