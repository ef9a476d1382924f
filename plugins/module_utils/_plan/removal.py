# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes when hosts leave the fleet: only the fleet's own interfaces, and none that an instance uses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .changes import DELETE, Change
from .diff import interfaces_after, render
from .errors import Problems
from .guard import check_fleet_name
from .model import LEAVING, Interface, Observed
from .parse import parse_hosts
from .tags import owner_of

# The interface comes free by itself when its instance is in one of these states.


@dataclass(frozen=True)
class Removal:
    """Interfaces to delete; ``waiting`` are those that a leaving instance still has."""

    changes: tuple[Change, ...]
    waiting: tuple[Interface, ...]
    before: str
    after: str


def plan_absent(fleet: str, hosts: object, observed: Observed, leaving: Collection[str] = ()) -> Removal:
    """The plan that deletes the interfaces of ``hosts`` (a list of dictionaries with ``name``), or of the whole fleet
    if ``None``.

    ``leaving``: ids of instances that are about to be terminated, whatever their state is now.

    :raises PlanError: names every instance that uses one of them.
    """
    problems = Problems()
    check_fleet_name(fleet, problems)
    names: Collection[str] | None = None
    if hosts is not None:
        names = {request.host for request in parse_hosts(hosts, None, problems)}
    listed: dict[str, list[Interface]] = {}
    for interface in sorted(observed.interfaces, key=lambda item: item.id):
        owner = owner_of(interface)
        if owner is not None and owner[0] == fleet and (names is None or owner[1] in names):
            listed.setdefault(owner[1], []).append(interface)
    waiting = []
    for host, interfaces in sorted(listed.items()):
        for interface in interfaces:
            if interface.status == "available":
                continue
            instance = observed.instances.get(interface.instance_id or "")
            goes = interface.instance_id is not None and (
                instance is None or instance.state in LEAVING or instance.id in leaving
            )
            if goes or interface.status == "pending":
                waiting.append(interface)
            else:
                user = f"{instance.id}, which is {instance.state}" if instance else "something that is no instance"
                problems.add(
                    f"hosts[{host}]",
                    "must have no instance any more (terminate it first)",
                    f"{interface.id} used by {user}",
                )
    problems.raise_if_any()
    changes = sorted(
        Change(DELETE, host, interface.id) for host, interfaces in listed.items() for interface in interfaces
    )
    after = interfaces_after(listed, changes)
    return Removal(tuple(changes), tuple(waiting), render(listed), render(after))
