# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an AWS account has, and what happens to it without our doing."""

from __future__ import annotations

import itertools
from typing import Any

SUBNET = "subnet-1"
NETWORK = "2600:1f18:47b:ca03::/64"
ZONE = "us-east-1a"
GROUP = "sg-1"
VPC = "vpc-1"


class Account:
    """One VPC with one subnet, more of both on request."""

    def __init__(self) -> None:
        self.enis: dict[str, dict[str, Any]] = {}
        self.instances: dict[str, dict[str, Any]] = {}
        self.reservations: list[dict[str, Any]] = []
        self.subnets: dict[str, str | None] = {SUBNET: NETWORK}
        self.vpcs: dict[str, str] = {}
        self.zones: dict[str, str] = {}
        self.native: set[str] = set()
        self.groups = {GROUP: VPC, "sg-other": "vpc-2", "sg-2": VPC}
        self.consoles: dict[str, list[str]] = {}
        self._ids = itertools.count(1)

    def add_eni(
        self, addresses=(), prefixes=(), tags=None, description="", instance_id=None, groups=(GROUP,), subnet=SUBNET
    ) -> str:
        """An interface that somebody else made, unchecked."""
        eni_id = f"eni-{next(self._ids):04d}"
        number = len(self.enis) + 1
        self.enis[eni_id] = {
            "NetworkInterfaceId": eni_id,
            "SubnetId": subnet,
            "VpcId": self.vpcs.get(subnet, VPC),
            "AvailabilityZone": self.zones.get(subnet, ZONE),
            "MacAddress": f"06:00:00:00:{number >> 8:02x}:{number & 255:02x}",
            "Status": "in-use" if instance_id else "available",
            "Description": description,
            "Ipv6Addresses": [{"Ipv6Address": address} for address in addresses],
            "Ipv6Prefixes": [{"Ipv6Prefix": prefix} for prefix in prefixes],
            "Groups": [{"GroupId": group} for group in groups],
            "TagSet": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        }
        if instance_id:
            self.attach(eni_id, instance_id)
        return eni_id

    def attach(self, eni_id: str, instance_id: str, state: str = "running", index: int = 0) -> None:
        """An instance gets the interface; it is launched for it if need be."""
        self.enis[eni_id]["Status"] = "in-use"
        self.enis[eni_id]["Attachment"] = {"InstanceId": instance_id, "DeviceIndex": index}
        if instance_id not in self.instances:
            self.launch(instance_id)
        self.instances[instance_id]["State"] = {"Name": state}

    def launch(self, instance_id: str, tags=None, kind: str = "r5d.large", zone: str = ZONE) -> None:
        """A running instance that somebody else made."""
        self.instances[instance_id] = {
            "InstanceId": instance_id,
            "State": {"Name": "running"},
            "InstanceType": kind,
            "ImageId": "ami-1",
            "KeyName": "admin",
            "MetadataOptions": {"HttpTokens": "required"},
            "Placement": {"AvailabilityZone": zone},
            "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        }

    def reserve(self, cidr: str, tags=(), subnet: str = SUBNET, kind: str = "explicit") -> dict[str, Any]:
        """A CIDR reservation that somebody else made, unchecked."""
        made = {
            "SubnetCidrReservationId": f"scr-{next(self._ids):04d}",
            "SubnetId": subnet,
            "Cidr": cidr,
            "ReservationType": kind,
            "Tags": list(tags),
        }
        self.reservations.append(made)
        return made

    def detach(self, eni_id: str) -> None:
        self.enis[eni_id]["Status"] = "available"
        self.enis[eni_id].pop("Attachment", None)

    def addresses(self, eni_id: str) -> set[str]:
        return {item["Ipv6Address"] for item in self.enis[eni_id]["Ipv6Addresses"]}

    def prefixes(self, eni_id: str) -> set[str]:
        return {item["Ipv6Prefix"] for item in self.enis[eni_id]["Ipv6Prefixes"]}

    def tags(self, eni_id: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.enis[eni_id]["TagSet"]}
