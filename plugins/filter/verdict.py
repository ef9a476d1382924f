# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters between the modules that observe and the judge; they only translate the judge's errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import judge, parse, probes, table
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated

_fleet = translated(parse.fleet, "verify: ", ValueError)


def verdict(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything observed → the report."""
    return judge.report(_fleet(facts))


def probe_plan(facts: Mapping[str, Any]) -> dict[str, probes.Probes]:
    """What each host has to try, by name."""
    return probes.plan(_fleet(facts))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Names as used in playbooks, without the collection's prefix."""
        return {"verdict": verdict, "probe_plan": probe_plan, "verdict_table": table.lines}
