# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a region looked like some seconds ago, for reads that lag writes.

Only while reads lag, the endpoint notes a frame of a region after each change: its tables of interfaces, instances,
subnets (with their reservations) and tags, and what each object held. A frame shares with the one before all that did
not change, so a thousand interfaces cost a thousand comparisons of identity and not a thousand copies. A late read
puts the frame of then in place, runs, and puts the present back; the endpoint's lock is held meanwhile.

Security groups, VPCs, gateways, routes, volumes and keys are always shown as they are now.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

from vpclab.ec2.backend import LabBackend
from vpclab.ec2.instance import LabInstance
from vpclab.ec2.interface import LabInterface
from vpclab.ec2.recorded import RECORDS
from vpclab.ec2.subnet import LabSubnet

_CHANGED_IN_PLACE = (list, dict, set)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One region at one moment: the values of its tables' attributes, and those of each object in them."""

    since: float
    tables: Values
    objects: dict[Any, Values]

    def same_as(self, other: Frame) -> bool:
        """Whether the frame noted after this one holds the same."""
        return (
            self.objects.keys() == other.objects.keys()
            and all(values is other.objects[thing] for thing, values in self.objects.items())
            and self.tables == other.tables
        )


class History:
    """The last frames of each region."""

    def __init__(self) -> None:
        self._frames: dict[LabBackend, deque[Frame]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()

    def note(self, region: LabBackend, now: float, span: float) -> None:
        """Note how the region looks now, and forget what is longer ago than ``span`` seconds."""
        frames = self._frames.setdefault(region, deque())
        frame = _frame(region, now, frames[-1] if frames else None)
        if not frames or not frames[-1].same_as(frame):
            frames.append(frame)
        while len(frames) > 1 and frames[1].since <= now - span:
            frames.popleft()

    @contextmanager
    def at(self, region: LabBackend, when: float) -> Iterator[None]:
        """Let the region look as it did ``when``, or as early as is known. It was noted since its last change."""
        frames = self._frames.get(region)
        if not frames:  # reads stopped to lag after this one had begun
            yield
            return
        past = next((frame for frame in reversed(frames) if frame.since <= when), frames[0])
        present = frames[-1].objects
        undo: list[tuple[Any, str, Any]] = []
        try:
            for name, table in past.tables.items():
                _put(undo, region, name, table)
            for thing, values in past.objects.items():
                if present.get(thing) is not values:
                    _put(undo, thing, "__dict__", dict(values))
            yield
        finally:
            for thing, name, value in reversed(undo):
                object.__setattr__(thing, name, value)


def _put(undo: list[tuple[Any, str, Any]], thing: Any, name: str, value: Any) -> None:
    undo.append((thing, name, getattr(thing, name)))
    # Not the object's own way: an interface forgets its records when an attribute is assigned.
    object.__setattr__(thing, name, value)


def _frame(region: LabBackend, now: float, before: Frame | None) -> Frame:
    known = before.objects if before is not None else {}
    tags: dict[str, dict[str, str]] = before.tables["tags"] if before is not None else {}
    # What moto makes of a missing key, this may make too.
    tags_now: dict[str, dict[str, str]] = defaultdict(dict)
    for identity, own in region.tags.items():
        kept = tags.get(identity)
        tags_now[identity] = kept if kept == own else dict(own)
    tables: Values = {
        "enis": dict(region.enis),
        "instances": dict(region.instances),
        "reservations": dict(region.reservations),
        "subnets": defaultdict(dict, {zone: dict(subnets) for zone, subnets in region.subnets.items()}),
        "tags": tags_now,
    }
    objects: dict[Any, Values] = {
        thing: _shared(known.get(thing), _values(thing))
        for thing in (*region.reservations.values(), *region.all_subnets())
    }
    recorded: list[LabInterface | LabInstance] = [*region.enis.values(), *region.instances.values()]
    objects |= {thing: _recorded(thing) for thing in recorded}
    return Frame(now, tables, objects)


def _recorded(thing: LabInterface | LabInstance) -> Values:
    """The values of what forgets this record when it changes; an instance's machine changes by itself."""
    values = thing.noted
    if values is None or (isinstance(thing, LabInstance) and values["shown_state"] != thing._state.name):
        values = _values(thing)
        thing.noted = values
    return values


def _shared(before: Values | None, values: Values) -> Values:
    return before if before is not None and before == values else values


def _values(thing: Any) -> Values:
    """What an object holds, and what it would show of others."""
    values = {
        name: copy(value) if type(value) in _CHANGED_IN_PLACE else value
        for name, value in vars(thing).items()
        if name not in RECORDS
    }
    if isinstance(thing, LabInstance):
        values["shown_state"] = thing._state.name
    if isinstance(thing, LabSubnet):
        values["shown_free"] = thing.available_ip_address_count
    return values
