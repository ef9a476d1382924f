# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv6-only subnets: no IPv4 anywhere in them, Nitro types alone, an IPv6 address for every interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server

NATIVE = "2600:1f18:47b:ca06"


@pytest.fixture
def native(ec2: Any, net: Any) -> Any:
    """The how-to's VPC, and an IPv6-only subnet in its other zone."""
    made = ec2.create_subnet(
        VpcId=net.vpc, Ipv6Native=True, Ipv6CidrBlock=f"{NATIVE}::/64", AvailabilityZone="us-east-1b"
    )["Subnet"]
    return replace(net, subnet=made["SubnetId"])


def test_the_subnet_is_shown_as_ec2_does(ec2: Any, net: Any, native: Any) -> None:
    """Without a CIDR block, with no address to count; found by the filter."""
    (shown,) = ec2.describe_subnets(Filters=[{"Name": "ipv6-native", "Values": ["true"]}])["Subnets"]
    assert shown["SubnetId"] == native.subnet
    assert (shown["Ipv6Native"], shown["AssignIpv6AddressOnCreation"]) == (True, True)
    assert "CidrBlock" not in shown
    assert shown["AvailableIpAddressCount"] == 0
    assert shown["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "resource-name"
    (other,) = ec2.describe_subnets(Filters=[{"Name": "ipv6-native", "Values": ["false"]}])["Subnets"]
    assert (other["SubnetId"], other["Ipv6Native"]) == (net.subnet, False)


def test_an_interface_has_no_ipv4_and_always_ipv6(native: Any) -> None:
    """Named addresses, or one that EC2 picks."""
    shown = native.shown(native.eni(Ipv6Addresses=[{"Ipv6Address": f"{NATIVE}::1:1"}]))
    assert [item["Ipv6Address"] for item in shown["Ipv6Addresses"]] == [f"{NATIVE}::1:1"]
    assert "PrivateIpAddress" not in shown
    assert shown["PrivateIpAddresses"] == []
    picked = native.shown(native.eni())["Ipv6Addresses"]
    assert len(picked) == 1
    assert picked[0]["Ipv6Address"].startswith(NATIVE)


def test_an_instance_runs_there(server: Server, ec2: Any, native: Any) -> None:
    """Named by its id; the snapshot tells of no IPv4, and of IMDS over IPv6 where it was asked for."""
    eni = native.eni(Ipv6Addresses=[{"Ipv6Address": f"{NATIVE}::1:1"}])
    made = native.launch(eni, MetadataOptions={"HttpTokens": "required", "HttpProtocolIpv6": "enabled"})
    shown = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    assert "PrivateIpAddress" not in shown
    assert shown["Ipv6Address"] == f"{NATIVE}::1:1"
    assert shown["PrivateDnsName"] == f"{made}.ec2.internal"
    assert shown["MetadataOptions"]["HttpProtocolIpv6"] == "enabled"
    topology = server.topology()
    assert next(one for one in topology.enis if one.id == eni).private_ip is None
    assert next(one for one in topology.subnets if one.id == native.subnet).ipv4 is None
    assert topology.instances[0].imds_ipv6


def test_without_being_asked_imds_is_not_there_over_ipv6(server: Server, native: Any) -> None:
    """Not even in an IPv6-only subnet (EC2 User Guide, "Configure the instance metadata options")."""
    native.launch(native.eni())
    assert not server.topology().instances[0].imds_ipv6


def test_terminated_and_deleted_it_leaves_nothing(ec2: Any, net: Any, native: Any) -> None:
    """An interface without IPv4 keeps its subnet from being deleted, too."""
    eni = native.eni()
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=native.subnet)
    ec2.terminate_instances(InstanceIds=[native.launch(eni)])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_subnet(SubnetId=native.subnet)
    assert [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]] == [net.subnet]


Case = Callable[[Any, Any], Any]


def attach_to_xen(ec2: Any, native: Any) -> None:
    subnet = ec2.create_subnet(VpcId=native.vpc, CidrBlock="10.0.5.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    eni = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    instance = native.launch(eni, "m4.large")
    ec2.attach_network_interface(NetworkInterfaceId=native.eni(), InstanceId=instance, DeviceIndex=1)


def turn_off(name: str, value: bool) -> Case:
    return lambda ec2, native: ec2.modify_subnet_attribute(SubnetId=native.subnet, **{name: {"Value": value}})


def take_network(ec2: Any, native: Any) -> None:
    shown = ec2.describe_subnets(SubnetIds=[native.subnet])["Subnets"][0]
    ec2.disassociate_subnet_cidr_block(AssociationId=shown["Ipv6CidrBlockAssociationSet"][0]["AssociationId"])


WRONG = "InvalidParameterValue"
REFUSALS: dict[str, tuple[Case, str]] = {
    "native without an IPv6 network": (
        lambda ec2, native: ec2.create_subnet(VpcId=native.vpc, Ipv6Native=True),
        "MissingParameter",
    ),
    "native with an IPv4 network": (
        lambda ec2, native: ec2.create_subnet(
            VpcId=native.vpc, Ipv6Native=True, CidrBlock="10.0.9.0/24", Ipv6CidrBlock="2600:1f18:47b:ca09::/64"
        ),
        "InvalidParameterCombination",
    ),
    "no network at all": (lambda ec2, native: ec2.create_subnet(VpcId=native.vpc), "MissingParameter"),
    "private address": (lambda ec2, native: native.eni(PrivateIpAddress="10.0.3.9"), WRONG),
    "private addresses by count": (lambda ec2, native: native.eni(SecondaryPrivateIpAddressCount=1), WRONG),
    "assign a private address": (
        lambda ec2, native: ec2.assign_private_ip_addresses(
            NetworkInterfaceId=native.eni(), SecondaryPrivateIpAddressCount=1
        ),
        WRONG,
    ),
    "type without Nitro": (lambda ec2, native: native.launch(native.eni(), "m4.large"), WRONG),
    "attach to a type without Nitro": (attach_to_xen, WRONG),
    "no address on creation": (turn_off("AssignIpv6AddressOnCreation", False), WRONG),
    "public IPv4 addresses": (turn_off("MapPublicIpOnLaunch", True), WRONG),
    "take its network": (take_network, WRONG),
    "IPv4 reservation": (
        lambda ec2, native: ec2.create_subnet_cidr_reservation(
            SubnetId=native.subnet, Cidr="10.0.3.0/28", ReservationType="explicit"
        ),
        WRONG,
    ),
}


@pytest.mark.parametrize(("case", "code"), REFUSALS.values(), ids=REFUSALS)
def test_refused(ec2: Any, native: Any, case: Case, code: str) -> None:
    """With EC2's code, or InvalidParameterValue where none is recorded."""
    with pytest.raises(ClientError) as refusal:
        case(ec2, native)
    assert refusal.value.response["Error"]["Code"] == code


def test_what_holds_already_may_be_said_again(ec2: Any, native: Any) -> None:
    """That an address is assigned on creation is always so."""
    turn_off("AssignIpv6AddressOnCreation", True)(ec2, native)
    assert len(native.shown(native.eni())["Ipv6Addresses"]) == 1
