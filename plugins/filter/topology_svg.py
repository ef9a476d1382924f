# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter over the picture's renderer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import render


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {"topology_svg": render.topology}
