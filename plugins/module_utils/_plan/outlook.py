# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan made from a description, and shown: the same plan that the module eni would carry out, without EC2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .description import describe_subnet, read_description, to_description
from .errors import Problems
from .free import room_after
from .guard import check_assign
from .holdings import holdings_in
from .model import ASSIGN_BLOCK, Desired, Observed
from .plain import Item, read_text
from .portrait import describe_host
from .reconcile import plan_present
from .subnet_map import subnet_map
from .table import table

_UNCHECKED = "the description has no instance types: whether an interface may have so many addresses was not checked"


def outlook(
    raw: object,
    hosts: object,
    *,
    fleet: object = "default",
    subnet_id: object = "",
    security_groups: object = (),
    assign: object = ASSIGN_BLOCK,
    reservation: object = None,
    purge: object = False,
    move: object = (),
    tags: object = None,
    remarks: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the module eni would do with the same options, if EC2 had what the description ``raw`` says.

    ``hosts``, ``changes``, ``before``, ``after`` and ``notes`` are the module's; ``table`` is a list of lines, ``maps``
    holds an SVG document for each subnet that is described or planned in, by its id, or its name where ``names`` has
    one for that id. ``remarks`` are added to the notes.

    :raises PlanError: everything that is broken in the description or the options; then, everything that can't be.
    """
    problems = Problems()
    observed = read_description(raw, problems)
    options = Item(
        {
            "fleet": fleet,
            "subnet_id": subnet_id,
            "security_groups": security_groups,
            "assign": assign,
            "reservation": reservation,
            "purge": purge,
            "move": move,
            "tags": tags,
        },
        "",
        problems,
    )
    way = options.text("assign", ASSIGN_BLOCK)
    check_assign(way, problems)
    blind = isinstance(raw, Mapping) and raw.get("instance_types") is None
    desired = Desired(
        fleet=options.text("fleet", "default"),
        subnet_id=options.text("subnet_id"),
        groups=options.many("security_groups", read_text),
        tags=options.texts("tags"),
        hosts=_without_types(hosts) if blind else hosts,
        assign=way,
        reservation=options.optional("reservation"),
        purge=options.flag("purge"),
        move=options.many("move", read_text),
    )
    problems.raise_if_any()
    return _shown(desired, observed, (*remarks, _UNCHECKED) if blind else remarks, names or {})


def subnet_description(subnet: object, taken: object = ()) -> dict[str, Any]:
    """The description of a subnet that EC2 is not asked about: its network, and what others have there.

    Its id is ``preview``; there are no instance types in it.

    :raises PlanError: everything that is broken.
    """
    problems = Problems()
    observed = describe_subnet(subnet, taken, problems)
    problems.raise_if_any()
    return {key: value for key, value in to_description(observed).items() if value}


def _without_types(hosts: object) -> object:
    """The hosts without instance types, whatever their form: what is no dictionary is for the core to refuse."""
    if isinstance(hosts, Mapping):
        return {name: _without_type(host) for name, host in hosts.items()}
    return [_without_type(host) for host in hosts] if isinstance(hosts, (list, tuple)) else hosts


def _without_type(host: object) -> object:
    return {key: host[key] for key in host if key != "instance_type"} if isinstance(host, Mapping) else host


def _shown(desired: Desired, observed: Observed, notes: tuple[str, ...], names: Mapping[str, str]) -> dict[str, Any]:
    plan = plan_present(desired, observed)
    plan = replace(plan, notes=(*plan.notes, *notes))
    subnets = {**observed.subnets, **plan.subnets}
    rooms, maps = {}, {}
    for subnet_id, subnet in sorted(subnets.items()):
        if subnet.block is not None:
            holdings = holdings_in(subnet, desired.fleet, plan, observed)
            rooms[subnet_id] = room_after(subnet.block, holdings)
            name = names.get(subnet_id, "")
            maps[name if name and name not in subnets else subnet_id] = subnet_map(
                subnet, desired.fleet, holdings, rooms[subnet_id], name
            )
    return {
        "hosts": {
            host: describe_host(allocation, plan.interfaces.get(host), plan.subnets[allocation.subnet_id])
            for host, allocation in plan.allocations.items()
        },
        "changes": [change.to_dict() for change in plan.changes],
        "before": plan.before,
        "after": plan.after,
        "notes": list(plan.notes),
        "table": table(plan, desired.fleet, subnets, rooms),
        "maps": maps,
    }
