# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an inventory for the playbook plan.yml: what stands in its way is data, for the playbook to print once.

A filter that raises is printed by Ansible with the expressions around it, twenty lines long.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .description import PREVIEW, subnet_names
from .errors import PlanError, Problems
from .inventory import requests
from .outlook import outlook, subnet_description
from .tags import is_name


def subnet_source(subnet: object, taken: object) -> dict[str, Any]:
    """``description`` of a subnet that EC2 is not asked about, or ``problems`` of ``plan_subnet`` and ``plan_taken``.

    ``taken``: a list, or a text with commas between.
    """
    others = [item.strip() for item in taken.split(",") if item.strip()] if isinstance(taken, str) else taken
    try:
        return {"description": subnet_description(subnet, others), "problems": []}
    except PlanError as error:
        return {"description": {}, "problems": [f"plan_{violation}" for violation in error.violations]}


def file_source(text: str | None, path: str) -> dict[str, Any]:
    """``description`` that a file holds (``None``: it can't be read), or ``problems`` of ``plan_description``."""
    rule = "must be a file that plan_save wrote"
    if text is None:
        return {"description": {}, "problems": [f"plan_description: {rule}, got {path}, which can't be read"]}
    try:
        return {"description": json.loads(text), "problems": []}
    except ValueError as error:
        return {"description": {}, "problems": [f"plan_description: {rule}, got {path}, which is no JSON ({error})"]}


def inventory_plan(
    raw: object,
    hosts: Iterable[Mapping[str, Any]],
    instance_type: str,
    declared: object,
    fleet: object = "default",
    **options: Any,
) -> dict[str, Any]:
    """As :func:`outlook`, for an inventory's hosts and its ``vpc_subnets`` (``declared``), with ``problems``.

    ``maps`` are named as the inventory names the subnets. Where there are problems there is no plan: ``hosts`` and
    ``table`` are empty, and ``maps`` show what is there, as far as that can be read.
    """
    problems = Problems()
    names = subnet_names(raw, declared, problems)
    try:
        problems.raise_if_any()
        first = next(iter(names.values()), "")
        wanted = requests(hosts, instance_type, names)
        plan = outlook(
            raw, wanted, fleet=fleet, subnet_id=first, remarks=_as_one(names), names=_by_id(names), **options
        )
    except PlanError as error:
        return {
            "problems": list(map(str, error.violations)),
            "hosts": {},
            "table": [],
            "maps": _maps(raw, fleet, names),
        }
    return {"problems": [], **plan}


def _as_one(names: Mapping[str, str]) -> tuple[str, ...]:
    """A remark where subnets that the inventory tells apart are planned as one."""
    together: dict[str, list[str]] = {}
    for name, subnet_id in names.items():
        together.setdefault(subnet_id, []).append(name)
    return tuple(
        f"the subnets {', '.join(several)} are planned as one, {subnet_id}, the only one that is known"
        for subnet_id, several in together.items()
        if len(several) > 1
    )


def _by_id(names: Mapping[str, str]) -> dict[str, str]:
    """The names of the subnets that have one of their own by which a file can be called; not that of one not asked
    about, whose map would take the place of the real one's."""
    found = Counter(names.values())
    return {
        subnet_id: name
        for name, subnet_id in names.items()
        if found[subnet_id] == 1 and is_name(name) and subnet_id != PREVIEW
    }


def _maps(raw: object, fleet: object, names: Mapping[str, str]) -> dict[str, str]:
    try:
        maps: dict[str, str] = outlook(raw, [], fleet=fleet, names=_by_id(names))["maps"]
    except PlanError:
        return {}
    return maps
