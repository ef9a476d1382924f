# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 has, read once in a number of calls that does not depend on the number of hosts (but for pages)."""

from __future__ import annotations

from collections.abc import Iterable

from .._plan.model import UNMADE_SUBNET, Instance, Interface, Observed, Subnet
from .._plan.tags import FLEET, owner_of
from . import translate
from .api import Ec2Api


def subnet_of_fleet(api: Ec2Api, fleet: str) -> Subnet:
    """The subnet that was made for the fleet, by its tag; ``UNMADE_SUBNET`` where there is none, or more than one."""
    tagged = api.subnets_tagged(FLEET, fleet)
    return translate.subnet(tagged[0]) if len(tagged) == 1 else UNMADE_SUBNET


def observe(api: Ec2Api, fleet: str, subnet_id: str, groups: Iterable[str], types: Iterable[str]) -> Observed:
    """Everything that a plan for one subnet needs: at most six lists.

    The fleet's interfaces are listed by tag as well as the subnet's, so that a host that lives in another subnet is not
    made twice.
    """
    if subnet_id == UNMADE_SUBNET.id:
        subnets = {UNMADE_SUBNET.id: UNMADE_SUBNET}
    else:
        subnets = {item.id: item for item in map(translate.subnet, api.subnets([subnet_id]))}
    found = {item.id: item for item in map(translate.interface, api.interfaces({f"tag:{FLEET}": [fleet]}))}
    reservations = []
    if subnet_id in subnets and subnet_id != UNMADE_SUBNET.id:
        listed = map(translate.interface, api.interfaces({"subnet-id": [subnet_id]}))
        found.update((item.id, item) for item in listed)
        reservations = api.reservations(subnet_id)
    return Observed(
        subnets=subnets,
        interfaces=tuple(found.values()),
        reservations=tuple(map(translate.reservation, reservations)),
        types={item.name: item for item in map(translate.instance_type, api.instance_types(types))},
        groups={raw["GroupId"]: raw["VpcId"] for raw in api.security_groups(groups)},
    )


def observe_fleet(api: Ec2Api, fleet: str, subnet_id: str | None = None) -> Observed:
    """The fleet's interfaces, wherever they are or in one subnet, with their subnets and instances: three lists."""
    filters = {f"tag:{FLEET}": [fleet], **({"subnet-id": [subnet_id]} if subnet_id else {})}
    interfaces = tuple(map(translate.interface, api.interfaces(filters)))
    interfaces = tuple(item for item in interfaces if owner_of(item) is not None)
    return Observed(
        subnets={item.id: item for item in map(translate.subnet, api.subnets(item.subnet_id for item in interfaces))},
        interfaces=interfaces,
        instances=instances_of(api, interfaces),
    )


def instances_of(api: Ec2Api, interfaces: Iterable[Interface]) -> dict[str, Instance]:
    """The instances that have any of the interfaces, by id."""
    ids = {item.instance_id for item in interfaces if item.instance_id}
    return {item.id: item for item in map(translate.instance, api.instances(ids))}
