# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role dns; they only translate the core's errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._dns import names, plain
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {
            "dns_placed": names.placed,
            "dns_problems": plain.check,
            "dns_zone_id": plain.zone_id,
            "dns_zone": translated(plain.choose_zone),
            "dns_changes": translated(plain.changes),
        }
