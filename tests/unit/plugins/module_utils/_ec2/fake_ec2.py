# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small EC2 in memory behind boto3's client interface.

Strict where EC2 is, and every request is checked against botocore's service model.
"""

from __future__ import annotations

import copy
import ipaddress
import threading
from collections.abc import Callable
from typing import Any

import botocore.session
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import (
    GROUP,
    VPC,
    ZONE,
    Account,
)
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

_MODEL = botocore.session.get_session().get_service_model("ec2")

# (IPv6 addresses per interface, interfaces, hypervisor), from EC2's own table.
_TYPES = {
    "t2.micro": (2, 2, "xen"),
    "t3.micro": (2, 2, "nitro"),
    "t3.medium": (6, 3, "nitro"),
    "r5d.large": (10, 3, "nitro"),
}


class FakeEc2(Account):
    """The account's EC2. ``calls`` lists ``(operation, request)``.

    ``before``: called with operation and request before each call, to make someone else act or to raise. ``lag``: reads
    show interfaces and reservations as they were that many calls ago.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.before: Callable[[str, dict[str, Any]], None] = lambda operation, request: None
        self.lag = 0
        self.keep_tokens_of_deleted = False
        self._tokens: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self._history: list[tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]] = []
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
                self._history.append(copy.deepcopy((self.enis, self.reservations)))
                return copy.deepcopy(handler(**request))

        return call

    # For tests
    def count(self, operation: str) -> int:
        return sum(1 for name, _request in self.calls if name == operation)

    def writes(self) -> list[str]:
        return [name for name, _request in self.calls if not name.startswith(("Describe", "Get"))]

    # EC2's verbs
    def _describe_subnets(self, Filters, MaxResults=None):
        (entry,) = Filters
        assert entry["Name"] == "subnet-id"
        return {"Subnets": [self._subnet(key) for key in self.subnets if key in entry["Values"]]}

    def _subnet(self, subnet_id: str) -> dict[str, Any]:
        gone = {"Ipv6CidrBlock": "2001:db8:dead::/64", "Ipv6CidrBlockState": {"State": "disassociated"}}
        there = {"Ipv6CidrBlock": self.subnets[subnet_id], "Ipv6CidrBlockState": {"State": "associated"}}
        return {
            "SubnetId": subnet_id,
            "VpcId": self.vpcs.get(subnet_id, VPC),
            "AvailabilityZone": self.zones.get(subnet_id, ZONE),
            "Ipv6Native": subnet_id in self.native,
            "Ipv6CidrBlockAssociationSet": [gone, *([there] if self.subnets[subnet_id] else [])],
        }

    def _seen(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        return self._history[-1 - self.lag] if self.lag < len(self._history) else ({}, [])

    def _describe_network_interfaces(self, Filters, MaxResults=None):
        found = [
            eni
            for eni in self._seen()[0].values()
            if all(set(_values(eni, entry["Name"])) & set(entry["Values"]) for entry in Filters)
        ]
        return {"NetworkInterfaces": found}

    def _describe_instance_types(self, Filters, MaxResults=None):
        return {
            "InstanceTypes": [
                {
                    "InstanceType": name,
                    "Hypervisor": hypervisor,
                    "NetworkInfo": {
                        "Ipv6AddressesPerInterface": addresses,
                        "MaximumNetworkInterfaces": interfaces,
                        "Ipv6Supported": True,
                    },
                }
                for name, (addresses, interfaces, hypervisor) in _TYPES.items()
                if name in Filters[0]["Values"]
            ]
        }

    def _describe_security_groups(self, Filters, MaxResults=None):
        known = self.groups.items()
        return {"SecurityGroups": [{"GroupId": g, "VpcId": vpc} for g, vpc in known if g in Filters[0]["Values"]]}

    def _describe_instances(self, Filters, MaxResults=None):
        (entry,) = Filters
        found = [
            {**item, "NetworkInterfaces": self._devices(key)}
            for key, item in self.instances.items()
            if set([key] if entry["Name"] == "instance-id" else tagged(item["Tags"], entry["Name"]))
            & {*entry["Values"]}
        ]
        return {"Reservations": [{"Instances": [item]} for item in found]}

    def _devices(self, instance_id: str) -> list[dict[str, Any]]:
        attachments = (eni["Attachment"] for eni in self.enis.values() if "Attachment" in eni)
        return [{"Attachment": item} for item in attachments if item["InstanceId"] == instance_id]

    def _get_subnet_cidr_reservations(self, SubnetId):
        listed = [item for item in self._seen()[1] if item["SubnetId"] == SubnetId]
        return {"SubnetIpv4CidrReservations": [], "SubnetIpv6CidrReservations": listed}

    def _create_subnet_cidr_reservation(self, SubnetId, Cidr, ReservationType, Description="", TagSpecifications=()):
        wanted = ipaddress.IPv6Network(Cidr)
        for item in self.reservations:
            if item["SubnetId"] == SubnetId and ipaddress.IPv6Network(item["Cidr"]).overlaps(wanted):
                raise refusal("InvalidParameterValue", "CreateSubnetCidrReservation")
        tags = [tag for entry in TagSpecifications for tag in entry["Tags"]]
        return {"SubnetCidrReservation": self.reserve(Cidr, tags, SubnetId, ReservationType)}

    def _delete_subnet_cidr_reservation(self, SubnetCidrReservationId):
        left = [item for item in self.reservations if item["SubnetCidrReservationId"] != SubnetCidrReservationId]
        if len(left) == len(self.reservations):
            raise refusal("InvalidSubnetCidrReservationID.NotFound", "DeleteSubnetCidrReservation")
        self.reservations = left
        return {}

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
            self._check_free(SubnetId, ipaddress.IPv6Network(item["Ipv6Address"]), "CreateNetworkInterface")
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
            self._check_free(eni["SubnetId"], ipaddress.IPv6Network(text), "AssignIpv6Addresses")
        eni["Ipv6Addresses"] += [{"Ipv6Address": text} for text in Ipv6Addresses]
        eni["Ipv6Prefixes"] += [{"Ipv6Prefix": text} for text in Ipv6Prefixes]
        return {}

    def _unassign_ipv6_addresses(self, NetworkInterfaceId, Ipv6Addresses=(), Ipv6Prefixes=()):
        assert bool(Ipv6Addresses) != bool(Ipv6Prefixes), "one kind a call"
        eni = self._eni(NetworkInterfaceId, "UnassignIpv6Addresses")
        if not {*Ipv6Addresses} <= self.addresses(eni["NetworkInterfaceId"]) or not {*Ipv6Prefixes} <= self.prefixes(
            eni["NetworkInterfaceId"]
        ):
            raise refusal("InvalidParameterValue", "UnassignIpv6Addresses")
        eni["Ipv6Addresses"] = [item for item in eni["Ipv6Addresses"] if item["Ipv6Address"] not in Ipv6Addresses]
        eni["Ipv6Prefixes"] = [item for item in eni["Ipv6Prefixes"] if item["Ipv6Prefix"] not in Ipv6Prefixes]
        return {}

    def _attach_network_interface(self, NetworkInterfaceId, InstanceId, DeviceIndex):
        eni = self._eni(NetworkInterfaceId, "AttachNetworkInterface")
        if eni["Status"] != "available":
            raise refusal("InvalidNetworkInterface.InUse", "AttachNetworkInterface")
        if InstanceId not in self.instances:
            raise refusal("InvalidInstanceID.NotFound", "AttachNetworkInterface")
        if any(item["Attachment"]["DeviceIndex"] == DeviceIndex for item in self._devices(InstanceId)):
            raise refusal("InvalidParameterValue", "AttachNetworkInterface")
        self.attach(NetworkInterfaceId, InstanceId, index=DeviceIndex)
        return {"AttachmentId": "eni-attach-1"}

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

    def _check_free(self, subnet_id: str, wanted: ipaddress.IPv6Network, operation: str) -> None:
        network = ipaddress.IPv6Network(self.subnets[subnet_id])
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
        return tagged(eni["TagSet"], name)
    return [eni[{"subnet-id": "SubnetId", "network-interface-id": "NetworkInterfaceId"}[name]]]


def tagged(tags: list[dict[str, str]], name: str) -> list[str]:
    return [tag["Value"] for tag in tags if tag["Key"] == name.removeprefix("tag:")]
