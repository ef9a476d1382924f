# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 has, read once in a number of calls that does not depend on the number of hosts (but for pages)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._plan.model import Instance, Interface, Observed
from .._plan.tags import FLEET, owner_of
from . import translate
from .api import Ec2Api


def observe(
    api: Ec2Api, fleet: str, subnet_ids: Iterable[str], groups: Iterable[str], types: Iterable[str]
) -> Observed:
    """Everything that a plan needs: seven lists, one more for each further subnet, and one more where an interface of
    the fleet is attached to an instance without the fleet's tag.

    Besides the named subnets those are read which have interfaces of the fleet: hosts stay where they are.
    """
    own = tuple(map(translate.interface, api.interfaces_tagged(FLEET, fleet)))
    wanted = {*subnet_ids, *(item.subnet_id for item in own)}
    subnets = {item.id: item for item in map(translate.subnet, api.subnets(wanted))}
    found = {item.id: item for item in own}
    found.update((item.id, item) for item in map(translate.interface, api.interfaces_in(subnets)))
    instances = _instances(api, fleet, (item for item in found.values() if _is_of(item, fleet)))
    names = {*types, *(item.instance_type for item in instances.values())}
    return Observed(
        subnets=subnets,
        interfaces=tuple(found.values()),
        reservations=tuple(translate.reservation(raw) for key in sorted(subnets) for raw in api.reservations(key)),
        types={item.name: item for item in map(translate.instance_type, api.instance_types(names))},
        groups={raw["GroupId"]: raw["VpcId"] for raw in api.security_groups(groups)},
        instances=instances,
    )


def observe_fleet(api: Ec2Api, fleet: str, subnet_id: str | None = None) -> Observed:
    """The interfaces that carry the fleet's tag, wherever they are or in one subnet, with their subnets and instances:
    three lists."""
    interfaces = tuple(map(translate.interface, api.interfaces_tagged(FLEET, fleet, subnet_id)))
    return _with_instances(api, fleet, interfaces, api.subnets(item.subnet_id for item in interfaces))


def observe_whole(api: Ec2Api, fleet: str, subnet_id: str | None = None) -> Observed:
    """The same, with the reservations of the subnets, and with interfaces there that have lost the fleet's tag: four
    lists, and one more for each subnet."""
    tagged = tuple(map(translate.interface, api.interfaces_tagged(FLEET, fleet, subnet_id)))
    subnets = api.subnets({*(item.subnet_id for item in tagged), *filter(None, [subnet_id])})
    listed = map(translate.interface, api.interfaces_in(raw["SubnetId"] for raw in subnets))
    found = {**{item.id: item for item in tagged}, **{item.id: item for item in listed}}
    reserved = [entry for raw in subnets for entry in api.reservations(raw["SubnetId"])]
    observed = _with_instances(api, fleet, found.values(), subnets)
    return replace(observed, reservations=tuple(map(translate.reservation, reserved)))


def _with_instances(
    api: Ec2Api, fleet: str, interfaces: Iterable[Interface], subnets: Iterable[Mapping[str, Any]]
) -> Observed:
    own = tuple(item for item in interfaces if _is_of(item, fleet))
    known = {item.id: item for item in map(translate.subnet, subnets)}
    return Observed(subnets=known, interfaces=own, instances=instances_of(api, own))


def instances_of(api: Ec2Api, interfaces: Iterable[Interface]) -> dict[str, Instance]:
    """The instances that have any of the interfaces, by id."""
    ids = {item.instance_id for item in interfaces if item.instance_id}
    return {item.id: item for item in map(translate.instance, api.instances(ids))}


def _instances(api: Ec2Api, fleet: str, interfaces: Iterable[Interface]) -> dict[str, Instance]:
    """The fleet's instances by id: those that carry its tag, and those that have its interfaces though they don't."""
    tagged = {item.id: item for item in map(translate.instance, api.instances_tagged(FLEET, fleet))}
    others = (item for item in interfaces if item.instance_id not in tagged)
    return {**tagged, **instances_of(api, others)}


def _is_of(interface: Interface, fleet: str) -> bool:
    owner = owner_of(interface)
    return owner is not None and owner[0] == fleet
