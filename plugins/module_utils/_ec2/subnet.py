# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subnet that has IPv6 alone, made so or gone. The one thing about subnets that amazon.aws can't do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._plan.addresses import read_block
from .._plan.errors import Problems
from . import translate
from .api import Ec2Api, Ec2Error
from .codes import SUBNET_CONFLICT, SUBNET_GONE
from .progress import Progress
from .verbs import unless
from .waiters import wait_for

# Seconds for a new subnet to be shown and available.
PATIENCE = 60.0


@dataclass(frozen=True)
class Wanted:
    """A subnet as asked for; ``zone`` is empty where EC2 may choose. Its tags are added to those that it has."""

    vpc_id: str
    ipv6_cidr: str
    zone: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What was done, or would be; ``subnet`` is the module's result, empty where there is none."""

    changed: bool
    subnet: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def present(api: Ec2Api, wanted: Wanted, check: bool, progress: Progress) -> Report:
    """Make the subnet where the VPC has none of its network, and give it its tags.

    Two runs may do so at once: EC2 lets one of them make it, and the other finds it.

    :raises PlanError: the network is malformed, or that of a subnet which is otherwise.
    :raises Ec2Error: what EC2 refused. :raises WaitTimeout: it did not become available.
    """
    problems = Problems()
    try:
        network = str(read_block(wanted.ipv6_cidr))
    except ValueError as error:
        network = ""
        problems.add("ipv6_cidr", str(error), wanted.ipv6_cidr)
    problems.raise_if_any()
    found = _of_network(api, wanted.vpc_id, network)
    if found is None:
        made = {**_shown(wanted.vpc_id, network, wanted.zone), "tags": dict(wanted.tags)}
        if check:
            return Report(True, {}, {}, made)
        try:
            what = f"the IPv6-only subnet {wanted.ipv6_cidr} in {wanted.vpc_id}"
            created = api.create_subnet(what, _request(wanted))
            found = _available(api, created["SubnetId"], progress)
            return Report(True, describe(found), {}, made)
        except Ec2Error as error:
            found = _of_network(api, wanted.vpc_id, network) if error.code == SUBNET_CONFLICT else None
            if found is None:
                raise
    _refuse_other(found, wanted)
    before = describe(found)
    missing = {key: value for key, value in wanted.tags.items() if before["tags"].get(key) != value}
    after = {**before, "tags": {**before["tags"], **missing}}
    if missing and not check:
        api.set_tags(before["id"], before["id"], translate.tag_list(missing))
    return Report(bool(missing), before if check else after, before, after)


def absent(api: Ec2Api, subnet_id: str, check: bool) -> Report:
    """Delete the subnet; one that is gone is as it should be.

    :raises PlanError: it has IPv4, so it is not this module's. :raises Ec2Error: what EC2 refused.
    """
    found = next(iter(api.subnets([subnet_id])), None)
    if found is None:
        return Report(False, {}, {}, {})
    if not found.get("Ipv6Native"):
        problems = Problems()
        rule = "must be a subnet without IPv4; amazon.aws.ec2_vpc_subnet deletes the others"
        problems.add("subnet_id", rule, f"{subnet_id}, which has {found.get('CidrBlock')}")
        problems.raise_if_any()
    if not check:
        unless(SUBNET_GONE, lambda: api.delete_subnet(subnet_id, subnet_id))
    return Report(True, {}, describe(found), {})


def describe(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The module's result from EC2's description."""
    subnet = translate.subnet(raw)
    shown = _shown(subnet.vpc_id, str(subnet.block or ""), subnet.zone)
    return {"id": subnet.id, **shown, "tags": translate.tags(raw.get("Tags"))}


def _request(wanted: Wanted) -> dict[str, Any]:
    """CreateSubnet's parameters, tags and all."""
    request: dict[str, Any] = {"VpcId": wanted.vpc_id, "Ipv6CidrBlock": wanted.ipv6_cidr, "Ipv6Native": True}
    if wanted.zone:
        request["AvailabilityZone"] = wanted.zone
    if wanted.tags:
        request["TagSpecifications"] = [{"ResourceType": "subnet", "Tags": translate.tag_list(wanted.tags)}]
    return request


def _shown(vpc_id: str, network: str, zone: str) -> dict[str, Any]:
    return {"vpc_id": vpc_id, "ipv6_cidr": network, "availability_zone": zone}


def _of_network(api: Ec2Api, vpc_id: str, network: str) -> dict[str, Any] | None:
    """The VPC's subnet with exactly this network; numbers are compared, as EC2 may write an address otherwise."""
    for raw in api.subnets_in(vpc_id):
        block = translate.subnet(raw).block
        if block is not None and str(block) == network:
            return raw
    return None


def _available(api: Ec2Api, subnet_id: str, progress: Progress) -> dict[str, Any]:
    """The subnet once reads show it (they may lag the write) and it may be used."""

    def look() -> tuple[dict[str, Any] | None, str]:
        found = next(iter(api.subnets([subnet_id])), None)
        if found is not None and found.get("State") == "available":
            return found, ""
        return None, f"{subnet_id} is {found.get('State') if found else 'not shown yet'}"

    return wait_for("the subnet", look, PATIENCE, progress, api.clock)


def _refuse_other(found: Mapping[str, Any], wanted: Wanted) -> None:
    problems = Problems()
    subnet_id, zone = found["SubnetId"], found.get("AvailabilityZone", "")
    if not found.get("Ipv6Native"):
        rule = f"must be a network of no subnet with IPv4; {subnet_id} has it, and {found.get('CidrBlock')}"
        problems.add("ipv6_cidr", rule, wanted.ipv6_cidr)
    if wanted.zone and wanted.zone != zone:
        problems.add("availability_zone", f"must stay {zone}, where {subnet_id} is", wanted.zone)
    problems.raise_if_any()
