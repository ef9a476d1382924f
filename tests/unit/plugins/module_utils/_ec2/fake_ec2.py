# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small EC2 in memory behind boto3's client interface.

Strict where EC2 is, and every request is checked against botocore's service model.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

SUBNET = "subnet-1"
NETWORK = "2600:1f18:47b:ca03::/64"
GROUP = "sg-1"
VPC = "vpc-1"

_MODEL = botocore.session.get_session().get_service_model("ec2")

# (IPv6 addresses per interface, hypervisor), from EC2's own table.
_TYPES = {
    "t2.micro": (2, "xen"),
    "t3.micro": (2, "nitro"),
    "t3.medium": (6, "nitro"),
    "r5d.large": (10, "nitro"),
}


class FakeEc2:
    """One VPC with one subnet. ``calls`` lists ``(operation, request)``.

    ``before``: called with operation and request before each call, to make someone else act or to raise. ``lag``: reads
    show the interfaces as they were that many calls ago.
    """

    def __init__(self) -> None:
        self.enis: dict[str, dict[str, Any]] = {}
        self.instances: dict[str, dict[str, Any]] = {}
        self.reservations: list[dict[str, Any]] = []
        self.subnets = {SUBNET: NETWORK}
        self.subnet_tags: dict[str, dict[str, str]] = {}
        self.groups = {GROUP: VPC, "sg-other": "vpc-2", "sg-2": VPC}
        self.consoles: dict[str, list[str]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[str, dict[str, Any]], None] = lambda operation, request: None
        self.lag = 0
        self.keep_tokens_of_deleted = False
        self._tokens: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._history: list[dict[str, dict[str, Any]]] = []
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    # What boto3 offers
    def get_paginator(self, verb: str) -> _Paginator:
        return _Paginator(getattr(self, verb))

    def __getattr__(self, verb: str) -> Callable[..., dict[str, Any]]:
        operation = "".join(part.capitalize() for part in verb.split("_"))
        if verb.startswith("_") or operation not in _MODEL.operation_names:
            raise AttributeError(verb)
        handler = object.__getattribute__(self, f"_{verb}")

        def call(**request: Any) -> dict[str, Any]:
            report = ParamValidator().validate(request, _MODEL.operation_model(operation).input_shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
            # Outside the lock: what acts before a call may make calls itself, from threads of its own.
            self.calls.append((operation, request))
            self.before(operation, request)
            with self._lock:
                self._history.append(copy.deepcopy(self.enis))
                return copy.deepcopy(handler(**request))

        return call

    # For tests
    def count(self, operation: str) -> int:
        return sum(1 for name, _request in self.calls if name == operation)

    def writes(self) -> list[str]:
        return [name for name, _request in self.calls if not name.startswith(("Describe", "Get"))]

    def add_eni(
        self, addresses=(), prefixes=(), tags=None, description="", instance_id=None, groups=(GROUP,), subnet=SUBNET
    ) -> str:
        """An interface that somebody else made, unchecked."""
        eni_id = f"eni-{next(self._ids):04d}"
        number = len(self.enis) + 1
        self.enis[eni_id] = {
            "NetworkInterfaceId": eni_id,
            "SubnetId": subnet,
            "VpcId": VPC,
            "AvailabilityZone": "us-east-1a",
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

    def attach(self, eni_id: str, instance_id: str, state: str = "running") -> None:
        self.enis[eni_id]["Status"] = "in-use"
        self.enis[eni_id]["Attachment"] = {"InstanceId": instance_id, "DeviceIndex": 0}
        self.instances[instance_id] = {
            "InstanceId": instance_id,
            "State": {"Name": state},
            "InstanceType": "r5d.large",
            "ImageId": "ami-1",
            "KeyName": "admin",
            "MetadataOptions": {"HttpTokens": "required"},
            "Tags": [],
        }

    def detach(self, eni_id: str) -> None:
        self.enis[eni_id]["Status"] = "available"
        self.enis[eni_id].pop("Attachment", None)

    def addresses(self, eni_id: str) -> set[str]:
        return {item["Ipv6Address"] for item in self.enis[eni_id]["Ipv6Addresses"]}

    def prefixes(self, eni_id: str) -> set[str]:
        return {item["Ipv6Prefix"] for item in self.enis[eni_id]["Ipv6Prefixes"]}

    def tags(self, eni_id: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.enis[eni_id]["TagSet"]}

    # EC2's verbs
    def _describe_subnets(self, Filters, MaxResults=None):
        name, wanted = Filters[0]["Name"], Filters[0]["Values"]

        def value_of(subnet_id):
            return subnet_id if name == "subnet-id" else self.subnet_tags.get(subnet_id, {}).get(name[4:])

        return {
            "Subnets": [
                {
                    "SubnetId": subnet_id,
                    "VpcId": VPC,
                    "AvailabilityZone": "us-east-1a",
                    "Ipv6CidrBlockAssociationSet": [
                        {"Ipv6CidrBlock": "2001:db8:dead::/64", "Ipv6CidrBlockState": {"State": "disassociated"}},
                        *(
                            [{"Ipv6CidrBlock": network, "Ipv6CidrBlockState": {"State": "associated"}}]
                            if network
                            else []
                        ),
                    ],
                }
                for subnet_id, network in self.subnets.items()
                if value_of(subnet_id) in wanted
            ]
        }

    def _describe_network_interfaces(self, Filters, MaxResults=None):
        seen = self._history[-1 - self.lag] if self.lag < len(self._history) else {}
        found = [
            eni
            for eni in seen.values()
            if all(set(_values(eni, entry["Name"])) & set(entry["Values"]) for entry in Filters)
        ]
        return {"NetworkInterfaces": found}

    def _describe_instance_types(self, Filters, MaxResults=None):
        return {
            "InstanceTypes": [
                {
                    "InstanceType": name,
                    "Hypervisor": hypervisor,
                    "NetworkInfo": {"Ipv6AddressesPerInterface": limit, "Ipv6Supported": True},
                }
                for name, (limit, hypervisor) in _TYPES.items()
                if name in Filters[0]["Values"]
            ]
        }

    def _describe_security_groups(self, Filters, MaxResults=None):
        known = self.groups.items()
        return {"SecurityGroups": [{"GroupId": g, "VpcId": vpc} for g, vpc in known if g in Filters[0]["Values"]]}

    def _describe_instances(self, Filters, MaxResults=None):
        found = [item for key, item in self.instances.items() if key in Filters[0]["Values"]]
        return {"Reservations": [{"Instances": [item]} for item in found]}

    def _get_subnet_cidr_reservations(self, SubnetId):
        return {"SubnetIpv4CidrReservations": [], "SubnetIpv6CidrReservations": self.reservations}

    def _create_network_interface(
        self, SubnetId, Description, Ipv6Addresses, TagSpecifications, ClientToken, Groups=(GROUP,)
    ):
        request = {"s": SubnetId, "d": Description, "a": Ipv6Addresses, "t": TagSpecifications, "g": Groups}
        if ClientToken in self._tokens:
            earlier, answer = self._tokens[ClientToken]
            if earlier != request:
                raise refusal("IdempotentParameterMismatch", "CreateNetworkInterface")
            return answer
        for item in Ipv6Addresses:
            self._check_free(ipaddress.IPv6Network(item["Ipv6Address"]), "CreateNetworkInterface")
        tags = {tag["Key"]: tag["Value"] for tag in TagSpecifications[0]["Tags"]}
        addresses = [item["Ipv6Address"] for item in Ipv6Addresses]
        eni_id = self.add_eni(addresses, (), tags, Description, groups=Groups, subnet=SubnetId)
        answer = {"NetworkInterface": {**self.enis[eni_id], "Status": "pending"}}
        self._tokens[ClientToken] = (request, answer)
        return answer

    def _assign_ipv6_addresses(self, NetworkInterfaceId, Ipv6Addresses=(), Ipv6Prefixes=()):
        assert bool(Ipv6Addresses) != bool(Ipv6Prefixes), "EC2 takes one of the two"
        eni = self._eni(NetworkInterfaceId, "AssignIpv6Addresses")
        for text in [*Ipv6Addresses, *Ipv6Prefixes]:
            self._check_free(ipaddress.IPv6Network(text), "AssignIpv6Addresses")
        eni["Ipv6Addresses"] += [{"Ipv6Address": text} for text in Ipv6Addresses]
        eni["Ipv6Prefixes"] += [{"Ipv6Prefix": text} for text in Ipv6Prefixes]
        return {}

    def _modify_network_interface_attribute(self, NetworkInterfaceId, Groups):
        eni = self._eni(NetworkInterfaceId, "ModifyNetworkInterfaceAttribute")
        eni["Groups"] = [{"GroupId": group} for group in Groups]
        return {}

    def _create_tags(self, Resources, Tags):
        for resource in Resources:
            item = self.enis.get(resource) or self.instances[resource]
            key = "TagSet" if resource in self.enis else "Tags"
            kept = {tag["Key"]: tag["Value"] for tag in item[key]}
            kept.update((tag["Key"], tag["Value"]) for tag in Tags)
            item[key] = [{"Key": name, "Value": value} for name, value in kept.items()]
        return {}

    def _delete_network_interface(self, NetworkInterfaceId):
        eni = self._eni(NetworkInterfaceId, "DeleteNetworkInterface")
        if eni["Status"] != "available":
            raise refusal("InvalidNetworkInterface.InUse", "DeleteNetworkInterface")
        del self.enis[NetworkInterfaceId]
        if not self.keep_tokens_of_deleted:
            kept = self._tokens.items()
            self._tokens = {
                t: e for t, e in kept if e[1]["NetworkInterface"]["NetworkInterfaceId"] != NetworkInterfaceId
            }
        return {}

    def _get_console_output(self, InstanceId, Latest=False):
        outputs = self.consoles[InstanceId]
        return {"Output": outputs.pop(0) if len(outputs) > 1 else outputs[0]}

    def _eni(self, eni_id: str, operation: str) -> dict[str, Any]:
        if eni_id not in self.enis:
            raise refusal("InvalidNetworkInterfaceID.NotFound", operation)
        return self.enis[eni_id]

    def _check_free(self, wanted: ipaddress.IPv6Network, operation: str) -> None:
        network = ipaddress.IPv6Network(NETWORK)
        kept = [network[0], network[1], network[2], network[3], network[-1]]
        if not wanted.subnet_of(network) or any(address in wanted for address in kept):
            raise refusal("InvalidParameterValue", operation)
        for eni in self.enis.values():
            for text in [*_values(eni, "address"), *_values(eni, "prefix")]:
                if ipaddress.IPv6Network(text).overlaps(wanted):
                    raise refusal("InvalidIPAddress.InUse" if "/" not in text else "InvalidParameterValue", operation)


class _Paginator:
    def __init__(self, verb: Callable[..., dict[str, Any]]) -> None:
        self._verb = verb

    def paginate(self, Filters, PaginationConfig):
        yield self._verb(Filters=Filters, MaxResults=PaginationConfig["PageSize"])


def refusal(code: str, operation: str) -> ClientError:
    """What botocore raises when EC2 says no."""
    return ClientError({"Error": {"Code": code, "Message": f"refused: {code}"}}, operation)


def _values(eni: dict[str, Any], name: str) -> list[str]:
    if name == "address":
        return [item["Ipv6Address"] for item in eni["Ipv6Addresses"]]
    if name == "prefix":
        return [item["Ipv6Prefix"] for item in eni["Ipv6Prefixes"]]
    if name.startswith("tag:"):
        return [tag["Value"] for tag in eni["TagSet"] if tag["Key"] == name[4:]]
    return [eni[{"subnet-id": "SubnetId", "network-interface-id": "NetworkInterfaceId"}[name]]]
