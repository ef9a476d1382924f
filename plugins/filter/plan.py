# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugin: an address plan without EC2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.preview import preview
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"plan": translated(preview, "ipv6.aws_containers.plan: ")}
