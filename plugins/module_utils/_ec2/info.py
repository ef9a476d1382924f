# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet has, as plain data, from three lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._plan.addresses import address_text
from .._plan.claims import Claim, claim_of
from .._plan.errors import Problems
from .._plan.model import GATEWAY, Allocation, Instance, Interface, Subnet
from .._plan.ownership import network_of
from .._plan.tags import HOST_KEY
from .api import Ec2Api
from .observe import observe_fleet


def fleet_info(api: Ec2Api, fleet: str, subnet_id: str | None, names: Iterable[str] | None) -> dict[str, Any]:
    """``hosts`` by name and the ``missing`` ones of ``names`` (``None``: all hosts are wanted).

    :raises PlanError: two interfaces claim one host.
    """
    observed = observe_fleet(api, fleet, subnet_id)
    wanted = None if names is None else set(names)
    problems = Problems()
    found: dict[str, Interface] = {}
    hosts: dict[str, dict[str, Any]] = {}
    for interface in sorted(observed.interfaces, key=lambda item: item.id):
        claim = claim_of(interface, network_of(interface, observed))
        if claim is None or (wanted is not None and claim.host not in wanted):
            continue
        if claim.host in found:
            names_of_both = f"{found[claim.host].id} and {interface.id}"
            problems.add(f"hosts[{claim.host}]", f"must have one interface in fleet {fleet}", names_of_both)
            continue
        found[claim.host] = interface
        subnet = observed.subnets.get(interface.subnet_id)
        instance = observed.instances.get(interface.instance_id or "")
        hosts[claim.host] = _describe(interface, claim, subnet, instance)
    problems.raise_if_any()
    return {"hosts": hosts, "missing": sorted((wanted or set()) - set(hosts))}


def _describe(interface: Interface, claim: Claim, subnet: Subnet | None, instance: Instance | None) -> dict[str, Any]:
    given = None
    if claim.block is not None:
        given = Allocation(claim.host, interface.subnet_id, claim.address or 0, claim.block, claim.count)
    return {
        "eni_id": interface.id,
        "mac_address": interface.mac,
        "host_address": None if claim.address is None else address_text(claim.address),
        "container_prefix": None if claim.block is None else str(claim.block),
        "container_mode": given.mode if given else None,
        "container_count": given.container_count if given else None,
        "assign": given.assign if given else None,
        "subnet_id": interface.subnet_id,
        "subnet_cidr": str(subnet.block) if subnet and subnet.block else None,
        "gateway": GATEWAY,
        "vpc_id": interface.vpc_id,
        "availability_zone": interface.zone,
        "status": interface.status,
        "security_groups": list(interface.groups),
        "addresses": [address_text(value) for value in sorted(interface.addresses)],
        "prefixes": [str(block) for block in sorted(interface.prefixes)],
        "instance_id": interface.instance_id,
        "instance": None if instance is None else _instance(instance),
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "instance_id": instance.id,
        "state": instance.state,
        "instance_type": instance.instance_type,
        "image_id": instance.image_id,
        "key_name": instance.key_name,
        "http_tokens": instance.http_tokens,
        "host_key": instance.tags.get(HOST_KEY),
    }
