# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's shapes to the core's values and back: pure functions, nothing else knows the names EC2 uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._plan.addresses import address_text, read_address, read_block
from .._plan.changes import Change
from .._plan.model import EXPLICIT, Instance, InstanceType, Interface, Reservation, Subnet
from .._plan.tags import CREATED, FLEET

_HOST_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_ED25519 = re.compile(r"\b(ssh-ed25519 AAAA[0-9A-Za-z+/]+=*)")


def tags(raw: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """A dictionary from EC2's list of keys and values."""
    return {tag["Key"]: tag["Value"] for tag in raw or ()}


def tag_list(values: Mapping[str, str]) -> list[dict[str, str]]:
    """EC2's list from a dictionary, in key order: equal tags give equal requests."""
    return [{"Key": key, "Value": str(values[key])} for key in sorted(values)]


def subnet(raw: Mapping[str, Any]) -> Subnet:
    """From ``DescribeSubnets``; only an associated IPv6 network counts."""
    networks = [
        association["Ipv6CidrBlock"]
        for association in raw.get("Ipv6CidrBlockAssociationSet") or ()
        if association.get("Ipv6CidrBlockState", {}).get("State", "associated") == "associated"
    ]
    return Subnet(
        id=raw["SubnetId"],
        block=read_block(networks[0]) if networks else None,
        vpc_id=raw.get("VpcId", ""),
        zone=raw.get("AvailabilityZone", ""),
        native=bool(raw.get("Ipv6Native")),
    )


def interface(raw: Mapping[str, Any]) -> Interface:
    """From ``DescribeNetworkInterfaces`` or ``CreateNetworkInterface``.

    Addresses become numbers: their text may differ.
    """
    attachment = raw.get("Attachment") or {}
    return Interface(
        id=raw["NetworkInterfaceId"],
        subnet_id=raw.get("SubnetId", ""),
        vpc_id=raw.get("VpcId", ""),
        zone=raw.get("AvailabilityZone", ""),
        mac=raw.get("MacAddress", ""),
        status=raw.get("Status", ""),
        description=raw.get("Description") or "",
        addresses=frozenset(read_address(item["Ipv6Address"]) for item in raw.get("Ipv6Addresses") or ()),
        prefixes=frozenset(read_block(item["Ipv6Prefix"]) for item in raw.get("Ipv6Prefixes") or ()),
        groups=tuple(group["GroupId"] for group in raw.get("Groups") or ()),
        instance_id=attachment.get("InstanceId"),
        device_index=attachment.get("DeviceIndex"),
        tags=tags(raw.get("TagSet") or raw.get("Tags")),
    )


def reservation(raw: Mapping[str, Any]) -> Reservation:
    """From ``GetSubnetCidrReservations``, an IPv6 one."""
    return Reservation(
        id=raw["SubnetCidrReservationId"],
        subnet_id=raw["SubnetId"],
        block=read_block(raw["Cidr"]),
        fleet=tags(raw.get("Tags")).get(FLEET),
        kind=raw["ReservationType"],
    )


def instance_type(raw: Mapping[str, Any]) -> InstanceType:
    """From ``DescribeInstanceTypes``.

    Bare metal names no hypervisor, and is built on Nitro.
    """
    network = raw.get("NetworkInfo") or {}
    return InstanceType(
        name=raw["InstanceType"],
        addresses=int(network.get("Ipv6AddressesPerInterface") or 0),
        nitro=raw.get("Hypervisor") == "nitro" or bool(raw.get("BareMetal")),
        ipv6=bool(network.get("Ipv6Supported")),
        interfaces=int(network.get("MaximumNetworkInterfaces") or 0),
    )


def instance(raw: Mapping[str, Any]) -> Instance:
    """From ``DescribeInstances``."""
    return Instance(
        id=raw["InstanceId"],
        state=raw["State"]["Name"],
        instance_type=raw.get("InstanceType", ""),
        image_id=raw.get("ImageId", ""),
        key_name=raw.get("KeyName") or None,
        http_tokens=(raw.get("MetadataOptions") or {}).get("HttpTokens"),
        tags=tags(raw.get("Tags")),
        zone=(raw.get("Placement") or {}).get("AvailabilityZone", ""),
        devices=frozenset(nic["Attachment"]["DeviceIndex"] for nic in raw.get("NetworkInterfaces") or ()),
    )


def create_request(change: Change, token: str, made: str) -> dict[str, Any]:
    """The parameters of ``CreateNetworkInterface``: everything in one call, tags and the moment ``made`` included."""
    request: dict[str, Any] = {
        "SubnetId": change.subnet_id,
        "Description": change.description,
        "Ipv6Addresses": [{"Ipv6Address": address_text(value)} for value in change.addresses],
        "TagSpecifications": [{"ResourceType": "network-interface", "Tags": tag_list({**change.tags, CREATED: made})}],
        "ClientToken": token,
    }
    if change.groups:
        request["Groups"] = list(change.groups)
    return request


def assign_request(change: Change, eni_id: str) -> dict[str, Any]:
    """The parameters of ``AssignIpv6Addresses`` and of ``UnassignIpv6Addresses``: never a count, which a retry would
    assign twice."""
    request: dict[str, Any] = {"NetworkInterfaceId": eni_id}
    if change.addresses:
        request["Ipv6Addresses"] = [address_text(value) for value in change.addresses]
    if change.prefixes:
        request["Ipv6Prefixes"] = [str(block) for block in change.prefixes]
    return request


def reserve_request(change: Change) -> dict[str, Any]:
    """The parameters of ``CreateSubnetCidrReservation``: EC2 assigns nothing in an ``explicit`` one by itself."""
    return {
        "SubnetId": change.subnet_id,
        "Cidr": str(change.prefixes[0]),
        "ReservationType": EXPLICIT,
        "Description": change.description or "",
        "TagSpecifications": [{"ResourceType": "subnet-cidr-reservation", "Tags": tag_list(change.tags)}],
    }


def host_key(console: str) -> str | None:
    """The ed25519 host key that cloud-init printed on the console, of the latest boot there; ``None``: not (yet)
    there."""
    for block in reversed(_HOST_KEYS.findall(console)):
        found = _ED25519.search(block)
        if found:
            return found[1]
    return None
