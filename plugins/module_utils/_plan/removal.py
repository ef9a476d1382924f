# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes when hosts leave the fleet, or have left it: the fleet's own, and nothing that an instance uses."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from .changes import DELETE, Change
from .diff import interfaces_after, render, reservations_after
from .errors import Problems
from .guard import check_fleet_name
from .model import EXPLICIT, LEAVING, Interface, Observed, Reservation
from .ownership import Owned, by_host, check_ours, disowned, owned_by
from .parse import parse_names
from .reservations import release
from .tags import CREATED, FLEET

_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")


class Moment(Protocol):
    """A point in time: an aware ``datetime``, which the core, having no clock, can't make."""

    def timestamp(self) -> float:
        """Seconds since the epoch."""


@dataclass(frozen=True)
class Removal:
    """Interfaces to delete, and reservations to release.

    ``waiting``: interfaces that a leaving instance still has. ``notes``: what is kept, and why.
    """

    changes: tuple[Change, ...]
    waiting: tuple[Interface, ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()


def plan_absent(
    fleet: str, hosts: object, observed: Observed, leaving: Collection[str] = (), subnet_id: str | None = None
) -> Removal:
    """The plan that deletes the interfaces of ``hosts`` (a list of dictionaries with ``name``), or of the whole fleet
    if ``None``; in one subnet, or in all.

    In a subnet where no interface of the fleet is left, its reservation is released. ``leaving``: ids of instances that
    are about to be terminated, whatever their state is now.

    :raises PlanError: names every instance that uses one of them.
    """
    problems = Problems()
    check_fleet_name(fleet, problems)
    names = None if hosts is None else parse_names(hosts, problems)
    ours = [entry for entry in owned_by(fleet, observed) if subnet_id in (None, entry.interface.subnet_id)]
    going = [entry for entry in ours if names is None or entry.claim.host in names]
    check_ours(going, problems)
    waiting = []
    for entry in going:
        interface = entry.interface
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
            rule = "must have no instance any more (terminate it first)"
            problems.add(f"hosts[{entry.claim.host}]", rule, f"{interface.id} used by {user}")
    problems.raise_if_any()
    left = {entry.interface.subnet_id for entry in ours if entry not in going}
    released = [
        item
        for item in observed.reservations
        if (names is None or names)
        and (item.fleet, item.kind) == (fleet, EXPLICIT)
        and item.subnet_id not in left
        and subnet_id in (None, item.subnet_id)
    ]
    return _removal(going, released, waiting)


def plan_swept(
    fleet: str, hosts: object, observed: Observed, now: Moment, min_age: float, subnet_id: str | None = None
) -> Removal:
    """The plan that deletes what leaked: the fleet's interfaces that nothing uses, older than ``min_age`` seconds, of
    hosts other than ``hosts`` (those to keep), and the spare ones of hosts that have another in use.

    What is in use, too young or of an age that no tag tells is kept, with a note.

    :raises PlanError: what is wrong with the arguments.
    """
    problems = Problems()
    check_fleet_name(fleet, problems)
    if hosts is None:
        problems.add("hosts", "must be given: the hosts whose interfaces are kept")
    keep = set() if hosts is None else parse_names(hosts, problems)
    if min_age < 0:
        problems.add("min_age", "must be a number of seconds, 0 or more", min_age)
    problems.raise_if_any()
    ours = [
        entry
        for entry in owned_by(fleet, observed)
        if entry.interface.tags.get(FLEET) == fleet and subnet_id in (None, entry.interface.subnet_id)
    ]
    going, notes = [], []
    for host, entries in sorted(by_host(ours).items()):
        used = any(entry.interface.status == "in-use" for entry in entries)
        for entry in entries:
            if host in keep and not (used and entry.interface.status == "available"):
                if len(entries) > 1 and not used:
                    notes.append(f"{host}: {entry.interface.id} is one of {len(entries)}, none of them in use; kept")
                continue
            why = _kept(entry, observed, now.timestamp(), min_age)
            if why is None:
                going.append(entry)
            else:
                notes.append(f"{host}: {entry.interface.id} {why}; kept")
    return _removal(going, (), (), notes)


def _kept(entry: Owned, observed: Observed, now: float, min_age: float) -> str | None:
    """Why an interface that nobody wants may not be deleted yet; ``None``: it may."""
    interface = entry.interface
    foreign = disowned(entry)
    if foreign is not None:
        return foreign
    if interface.status != "available":
        instance = observed.instances.get(interface.instance_id or "")
        if instance is not None:
            return f"is used by {instance.id}, which is {instance.state}"
        return f"is used by {interface.instance_id}" if interface.instance_id else f"is {interface.status}"
    stamp = interface.tags.get(CREATED, "")
    made = _STAMP.fullmatch(stamp)
    if made is None:
        return f"has no tag {CREATED} that tells its age"
    # Floored: an interface is as old as its tag says or a little older.
    if now - timegm(tuple(int(part) for part in made.groups())) <= min_age:
        return f"is not older than {min_age:g} s (made {stamp})"
    return None


def _removal(
    going: Iterable[Owned], released: Iterable[Reservation], waiting: Iterable[Interface], notes: Iterable[str] = ()
) -> Removal:
    listed = {host: [entry.interface for entry in entries] for host, entries in by_host(going).items()}
    reserved: dict[str, list] = {}
    for item in released:
        reserved.setdefault(item.subnet_id, []).append(item.block)
    changes = [Change(DELETE, host, interface.id) for host, interfaces in listed.items() for interface in interfaces]
    changes = sorted([*changes, *map(release, released)])
    after = render(interfaces_after(listed, changes), reservations_after(reserved, changes))
    return Removal(tuple(changes), tuple(waiting), render(listed, reserved), after, tuple(notes))
