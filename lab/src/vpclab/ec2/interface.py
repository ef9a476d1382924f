# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One network interface: what it holds, how a describe shows it, what a filter compares."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.utils import random_eni_id

from vpclab.ec2.addresses import PREFIX_LENGTH
from vpclab.ec2.recorded import Recorded
from vpclab.ec2.refusal import Refusal, invalid
from vpclab.ec2.subnet import LabSubnet
from vpclab.topology import Eni

_NOT_BY_INSTANCE = ("AvailabilityZone", "RequesterManaged", "TagSet")
_ATTACHMENT_BY_INSTANCE = (
    *("AttachTime", "AttachmentId", "DeleteOnTermination", "DeviceIndex", "NetworkCardIndex", "Status"),
)


@dataclass(frozen=True, slots=True)
class Ipv6Ask:
    """The IPv6 part of a request: texts and counts as they came."""

    addresses: tuple[str, ...] = ()
    address_count: int = 0
    prefixes: tuple[str, ...] = ()
    prefix_count: int = 0

    def __bool__(self) -> bool:
        return bool(self.addresses or self.address_count or self.prefixes or self.prefix_count)

    def require_one_kind(self) -> None:
        """Refuse more than one of the four, as CreateNetworkInterface and RunInstances do."""
        if sum(map(bool, (self.addresses, self.address_count, self.prefixes, self.prefix_count))) > 1:
            # Seen in aws/karpenter-provider-aws, issue 2187.
            raise invalid(
                "You can and can only specify one of ipv6-addresses or ipv6-addresses-count ipv6-prefix and "
                "ipv6-prefix-count."
            )

    def require_addresses_or_count(self) -> None:
        """Refuse addresses next to a count of them, as RunInstances does."""
        if self.addresses and self.address_count:
            # Seen in ansible/ansible, pull request 40334.
            raise Refusal(
                "InvalidParameterCombination",
                "IPv6 addresses and IPv6 address count may not be specified on the same request",
            )

    def require_text_or_count(self) -> None:
        """Refuse a count next to texts of its own kind, and an empty ask, as AssignIpv6Addresses does."""
        if (self.addresses and self.address_count) or (self.prefixes and self.prefix_count):
            raise Refusal("InvalidParameterCombination", "Specify either addresses or prefixes, or how many, not both")
        if not self:
            raise Refusal("MissingParameter", "Either ipv6Addresses, ipv6AddressCount or a prefix must be specified")


class LabInterface(Recorded, NetworkInterface):
    """moto's network interface with prefixes, a primary IPv6 address, and addresses that its subnet has given.

    moto's own constructor is not called: it draws addresses at random, taken or not.
    """

    told: Eni | None

    def __init__(
        self,
        ec2_backend: Any,
        subnet: LabSubnet,
        mac_address: str,
        groups: list[SecurityGroup],
        description: str,
        *,
        delete_on_termination: bool,
    ) -> None:
        self.ec2_backend = ec2_backend
        self.id = random_eni_id()
        self.subnet = subnet
        self.mac_address = mac_address
        self.description = description
        self.interface_type = "interface"
        self.source_dest_check = True
        self.requester_managed = False
        self.status = "available"
        self.addresses: list[IPv6Address] = []
        self.prefixes: list[IPv6Network] = []
        self.primary_ipv6: IPv6Address | None = None
        self.private_ips: list[IPv4Address] = []
        self._group_set: list[SecurityGroup] = groups
        self.instance: Any = None
        self.attachment_id: str | None = None
        self.attach_time: datetime | None = None
        self.device_index: int | None = None
        self.delete_on_termination = delete_on_termination
        self.public_ip: str | None = None
        self.public_ip_auto_assign = False

    @property
    def group_set(self) -> list[SecurityGroup]:
        """Its own groups: an instance has no others than its interfaces'."""
        return self._group_set

    @property
    def ipv6_addresses(self) -> list[str]:
        """The addresses as texts, in an order that means nothing, as on EC2: sorted by a digest."""
        return sorted(map(str, self.addresses), key=lambda text: hashlib.blake2b(text.encode()).digest())

    @property
    def private_ip_address(self) -> str | None:
        """The primary private IPv4 address; None in an IPv6-only subnet."""
        return str(self.private_ips[0]) if self.private_ips else None

    @property
    def private_ip_addresses(self) -> list[dict[str, Any]]:
        """All private IPv4 addresses in the API's shape."""
        return [{"Primary": index == 0, "PrivateIpAddress": str(ip)} for index, ip in enumerate(self.private_ips)]

    @property
    def private_dns_name(self) -> str | None:
        """The internal name of the primary IPv4 address, if it has one."""
        return f"ip-{self.private_ip_address.replace('.', '-')}.ec2.internal" if self.private_ip_address else None

    def shown(self) -> dict[str, Any]:
        """The interface as DescribeNetworkInterfaces shows it."""
        shown: dict[str, Any] = {
            "AvailabilityZone": self.subnet.availability_zone,
            "Description": self.description,
            "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in self._group_set],
            "InterfaceType": self.interface_type,
            "Ipv6Addresses": [
                {"Ipv6Address": text, "IsPrimaryIpv6": text == str(self.primary_ipv6)} for text in self.ipv6_addresses
            ],
            "MacAddress": self.mac_address,
            "NetworkInterfaceId": self.id,
            "OwnerId": self.owner_id,
            "PrivateDnsName": self.private_dns_name,
            "PrivateIpAddress": self.private_ip_address,
            "PrivateIpAddresses": self.private_ip_addresses,
            "RequesterManaged": self.requester_managed,
            "SourceDestCheck": self.source_dest_check,
            "Status": self.status,
            "SubnetId": self.subnet.id,
            "TagSet": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
            "VpcId": self.subnet.vpc_id,
        }
        if self.prefixes:
            shown["Ipv6Prefixes"] = [{"Ipv6Prefix": str(prefix)} for prefix in self.prefixes]
        if self.attachment_id:
            shown["Attachment"] = {
                "AttachTime": self.attach_time,
                "AttachmentId": self.attachment_id,
                "DeleteOnTermination": self.delete_on_termination,
                "DeviceIndex": self.device_index,
                "InstanceId": self.instance.id,
                "InstanceOwnerId": self.owner_id,
                "NetworkCardIndex": 0,
                "Status": "attached",
            }
        return shown

    def shown_by_instance(self) -> dict[str, Any]:
        """The interface as its instance shows it: without what the instance's own members say."""
        shown = {name: value for name, value in self.shown().items() if name not in _NOT_BY_INSTANCE}
        shown["Attachment"] = {name: shown["Attachment"][name] for name in _ATTACHMENT_BY_INSTANCE}
        return shown

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What DescribeNetworkInterfaces' filter of this name compares."""
        attached = self.attachment_id is not None
        match filter_name:
            case "network-interface-id":
                return self.id
            case "subnet-id":
                return self.subnet.id
            case "vpc-id":
                return self.subnet.vpc_id
            case "availability-zone":
                return self.subnet.availability_zone
            case "group-id":
                return [group.id for group in self._group_set]
            case "group-name":
                return [group.name for group in self._group_set]
            case "ipv6-addresses.ipv6-address":
                return list(map(str, self.addresses))
            case "private-ip-address":
                return self.private_ip_address
            case "addresses.private-ip-address":
                return list(map(str, self.private_ips))
            case "attachment.instance-id":
                return self.instance.id if attached else None
            case "attachment.device-index":
                return self.device_index if attached else None
            case "attachment.status":
                return "attached" if attached else None
            case "attachment.delete-on-termination":
                return self.delete_on_termination if attached else None
            case "attachment.attachment-id" | "attachment.attach-time":
                return getattr(self, filter_name.removeprefix("attachment.").replace("-", "_"))
            case _:
                # Tags, and what an attribute of that name holds: status, description, mac-address, owner-id, …
                return super().get_filter_value(filter_name, method_name)


def prefix_network(start: int) -> IPv6Network:
    """The /80 that starts at this address."""
    return IPv6Network((start, PREFIX_LENGTH))
