# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces that were detached by hand go back to the live instances that carry their hosts' tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from .changes import ATTACH, Change
from .errors import Problems
from .model import LEAVING, Instance, InstanceType, Observed, Request, Subnet
from .ownership import Owned
from .tags import FLEET, HOST


def live_instances(fleet: str, observed: Observed) -> dict[str, list[Instance]]:
    """The fleet's instances by host, by id; none that is gone or leaving."""
    found: dict[str, list[Instance]] = {}
    for _id, instance in sorted(observed.instances.items()):
        host = instance.tags.get(HOST)
        if host and instance.tags.get(FLEET) == fleet and instance.state not in LEAVING:
            found.setdefault(host, []).append(instance)
    return found


def is_detached(owned: Owned | None) -> bool:
    """Whether a host's interface is there for an instance to have (``None``: it is about to be made)."""
    return owned is None or (owned.interface.instance_id is None and owned.interface.status == "available")


def attachments(
    requests: Iterable[Request],
    owned: Mapping[str, Owned],
    live: Mapping[str, list[Instance]],
    subnets: Mapping[str, Subnet],
    types: Mapping[str, InstanceType],
    problems: Problems,
) -> dict[str, Change]:
    """By host, the change that gives an instance its interface back, at the lowest device index that is free."""
    found = {}
    for request in requests:
        entry, instances = owned.get(request.host), live.get(request.host, [])
        if not instances or not is_detached(entry):
            continue
        if len(instances) > 1:
            names = " and ".join(f"{item.id} (which is {item.state})" for item in instances)
            problems.add(request.path, "must be one instance: terminate the one that is not wanted", names)
            continue
        instance = instances[0]
        subnet = subnets.get(request.subnet_id)
        zone = entry.interface.zone if entry else subnet.zone if subnet else ""
        _check_room(request, instance, zone, types, problems)
        index = next(number for number in count() if number not in instance.devices)
        eni_id = entry.interface.id if entry else None
        found[request.host] = Change(ATTACH, request.host, eni_id, instance_id=instance.id, device_index=index)
    return found


def _check_room(
    request: Request, instance: Instance, zone: str, types: Mapping[str, InstanceType], problems: Problems
) -> None:
    kind = types.get(instance.instance_type)
    if kind is not None and kind.interfaces and len(instance.devices) >= kind.interfaces:
        rule = f"must have room for another interface on {instance.id}: {kind.name} takes {kind.interfaces}"
        problems.add(request.path, rule, f"{len(instance.devices)} in use")
    if zone and instance.zone and zone != instance.zone:
        rule = f"must have its interface in the zone of its instance {instance.id}, {instance.zone}"
        problems.add(request.path, rule, zone)
