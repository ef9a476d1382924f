# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 refuses of networks, groups, reservations, tags and pages, the lab refuses with EC2's code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

SUBNET = "2600:1f18:47b:ca03"
Case = Callable[[Any, Any], Any]


def subnet(**params: Any) -> Case:
    """CreateSubnet in the VPC."""
    return lambda ec2, net: ec2.create_subnet(VpcId=net.vpc, **params)


def delete_used_group(ec2: Any, net: Any) -> None:
    net.eni(Groups=[net.group])
    ec2.delete_security_group(GroupId=net.group)


def delete_named_group(ec2: Any, net: Any) -> None:
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=net.vpc)["GroupId"]
    permission = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": net.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[permission])
    ec2.delete_security_group(GroupId=net.group)


def delete_default_group(ec2: Any, net: Any) -> None:
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    ec2.delete_security_group(GroupId=groups[0]["GroupId"])


def delete_used_subnet(ec2: Any, net: Any) -> None:
    net.eni()
    ec2.delete_subnet(SubnetId=net.subnet)


def gateway(ec2: Any, net: Any) -> str:
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=net.vpc)
    return made


def delete_vpc_with_gateway(ec2: Any, net: Any) -> None:
    gateway(ec2, net)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_vpc(VpcId=net.vpc)


def delete_vpc_with_group(ec2: Any, net: Any) -> None:
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_vpc(VpcId=net.vpc)


def delete_attached_gateway(ec2: Any, net: Any) -> None:
    ec2.delete_internet_gateway(InternetGatewayId=gateway(ec2, net))


def route_to_stranger(ec2: Any, net: Any) -> None:
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    stranger = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=stranger)


def reserve(*cidrs: str) -> Case:
    def run(ec2: Any, net: Any) -> None:
        for cidr in cidrs:
            ec2.create_subnet_cidr_reservation(SubnetId=net.subnet, Cidr=cidr, ReservationType="explicit")

    return run


def page_of_named(ec2: Any, net: Any) -> None:
    ec2.describe_network_interfaces(NetworkInterfaceIds=[net.eni()], MaxResults=5)


WRONG = "InvalidParameterValue"
REFUSALS: dict[str, tuple[Case, str]] = {
    "delete a group in use": (delete_used_group, "DependencyViolation"),
    "delete a group that a rule names": (delete_named_group, "DependencyViolation"),
    "delete the default group": (delete_default_group, "CannotDelete"),
    "delete a subnet in use": (delete_used_subnet, "DependencyViolation"),
    "delete a VPC with a subnet": (lambda ec2, net: ec2.delete_vpc(VpcId=net.vpc), "DependencyViolation"),
    "delete a VPC with a gateway": (delete_vpc_with_gateway, "DependencyViolation"),
    "delete a VPC with a group": (delete_vpc_with_group, "DependencyViolation"),
    "delete an attached gateway": (delete_attached_gateway, "DependencyViolation"),
    "a second gateway": (lambda ec2, net: (gateway(ec2, net), gateway(ec2, net)), WRONG),
    "a route to another VPC's gateway": (route_to_stranger, WRONG),
    "overlapping IPv4 subnet": (subnet(CidrBlock="10.0.3.128/25"), "InvalidSubnet.Conflict"),
    "overlapping IPv6 subnet": (
        subnet(CidrBlock="10.0.4.0/24", Ipv6CidrBlock=f"{SUBNET}::/64"),
        "InvalidSubnet.Conflict",
    ),
    "IPv4 subnet outside the VPC": (subnet(CidrBlock="10.1.0.0/24"), "InvalidSubnet.Range"),
    "IPv6 subnet outside the VPC": (
        subnet(CidrBlock="10.0.4.0/24", Ipv6CidrBlock="2600:1f18:47b:cb00::/64"),
        "InvalidSubnet.Range",
    ),
    "IPv6 subnet of a wrong length": (
        subnet(CidrBlock="10.0.4.0/24", Ipv6CidrBlock="2600:1f18:47b:ca04::/62"),
        WRONG,
    ),
    "reservation outside the subnet": (reserve("2600:1f18:47b:ca04::/80"), WRONG),
    "overlapping reservations": (reserve(f"{SUBNET}:1::/80", f"{SUBNET}:1::/126"), WRONG),
    "reservation with host bits": (reserve(f"{SUBNET}::1:0/96"), WRONG),
    "reservation of another family": (reserve("10.1.0.0/28"), WRONG),
    "malformed reservation": (reserve("::g/96"), WRONG),
    "delete an unknown reservation": (
        lambda ec2, net: ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId="scr-12345678901234567"),
        "InvalidSubnetCidrReservationID.NotFound",
    ),
    "reservation in an unknown subnet": (
        lambda ec2, net: ec2.get_subnet_cidr_reservations(SubnetId="subnet-12345678"),
        "InvalidSubnetID.NotFound",
    ),
    "page size with ids": (page_of_named, "InvalidParameterCombination"),
    "foreign page token": (lambda ec2, net: ec2.describe_network_interfaces(NextToken="abc"), "InvalidNextToken"),
    "tag an interface that is not there": (
        lambda ec2, net: ec2.create_tags(Resources=["eni-12345678"], Tags=[{"Key": "a", "Value": "b"}]),
        "InvalidNetworkInterfaceID.NotFound",
    ),
    "tag with a reserved key": (
        lambda ec2, net: ec2.create_tags(Resources=[net.subnet], Tags=[{"Key": "aws:a", "Value": "b"}]),
        WRONG,
    ),
}


@pytest.mark.parametrize(("case", "code"), REFUSALS.values(), ids=REFUSALS)
def test_refused_with_ec2s_code(ec2: Any, net: Any, case: Case, code: str) -> None:
    """Each of these is refused, and the code is EC2's (or InvalidParameterValue where EC2's is not recorded)."""
    with pytest.raises(ClientError) as refusal:
        case(ec2, net)
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
