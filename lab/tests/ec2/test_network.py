# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPCs, subnets, routes, groups and reservations."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server


def test_the_first_vpc_has_the_how_tos_network_and_the_next_ones_follow(ec2: Any, connect: Any) -> None:
    """Over regions, and a freed network is given again."""
    seen = []
    for region in (ec2, ec2, connect(region="eu-central-1")):
        vpc = region.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        seen.append(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    assert seen == ["2600:1f18:47b:ca00::/56", "2600:1f18:47b:cb00::/56", "2600:1f18:47b:cc00::/56"]
    ec2.delete_vpc(VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"])
    again = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    assert again["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == "2600:1f18:47b:ca00::/56"


def test_a_subnet_is_found_by_its_ipv6_network(ec2: Any, net: Any) -> None:
    """The filter that moto lacks, and the state that it renders wrong."""
    filters = [{"Name": "ipv6-cidr-block-association.ipv6-cidr-block", "Values": ["2600:1f18:47b:ca03::/64"]}]
    (subnet,) = ec2.describe_subnets(Filters=filters)["Subnets"]
    assert subnet["SubnetId"] == net.subnet
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlockState"] == {"State": "associated"}


def test_an_ipv6_network_can_come_and_go(ec2: Any, net: Any) -> None:
    """Associated later, used, and taken away once nobody uses it."""
    subnet = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.4.0/24")["Subnet"]["SubnetId"]
    made = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock="2600:1f18:47b:ca04::/64")
    ec2.disassociate_subnet_cidr_block(AssociationId=made["Ipv6CidrBlockAssociation"]["AssociationId"])
    (shown,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    assert shown["Ipv6CidrBlockAssociationSet"] == []


def test_a_reservation_around_what_is_assigned(ec2: Any, net: Any) -> None:
    """It may hold assigned addresses; more may be assigned in it by name; none is picked from it; its subnet takes it
    along when it goes."""
    eni = net.eni(":1:0:1")
    made = ec2.create_subnet_cidr_reservation(
        SubnetId=net.subnet,
        Cidr="2600:1f18:47b:ca03:0:1::/96",
        ReservationType="explicit",
        Description="blocks",
        TagSpecifications=[{"ResourceType": "subnet-cidr-reservation", "Tags": [{"Key": "fleet", "Value": "a"}]}],
    )["SubnetCidrReservation"]
    assert (made["Cidr"], made["ReservationType"]) == ("2600:1f18:47b:ca03:0:1::/96", "explicit")
    assert made["Description"] == "blocks"
    assert made["Tags"] == [{"Key": "fleet", "Value": "a"}]
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=["2600:1f18:47b:ca03:0:1:0:2"])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_subnet(SubnetId=net.subnet)
    with pytest.raises(ClientError, match=r"InvalidSubnetCidrReservationID\.NotFound"):
        ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=made["SubnetCidrReservationId"])


def test_reservations_of_a_whole_prefix_are_instant(ec2: Any, net: Any) -> None:
    """Moto counts 2^48 addresses one by one here. Tags, pages and deletion work."""
    tags = [{"ResourceType": "subnet-cidr-reservation", "Tags": [{"Key": "fleet", "Value": "default"}]}]
    made = [
        ec2.create_subnet_cidr_reservation(
            SubnetId=net.subnet,
            Cidr=f"2600:1f18:47b:ca03:{number}::/80",
            ReservationType="explicit",
            TagSpecifications=tags,
        )["SubnetCidrReservation"]["SubnetCidrReservationId"]
        for number in range(1, 8)
    ]
    first = ec2.get_subnet_cidr_reservations(SubnetId=net.subnet, MaxResults=5)
    second = ec2.get_subnet_cidr_reservations(SubnetId=net.subnet, NextToken=first["NextToken"])
    shown = first["SubnetIpv6CidrReservations"] + second["SubnetIpv6CidrReservations"]
    assert sorted(item["SubnetCidrReservationId"] for item in shown) == sorted(made)
    assert shown[0]["Tags"] == [{"Key": "fleet", "Value": "default"}]
    for reservation in made:
        ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=reservation)
    assert ec2.get_subnet_cidr_reservations(SubnetId=net.subnet)["SubnetIpv6CidrReservations"] == []


def test_the_snapshot_knows_which_subnet_reaches_the_internet(server: Server, ec2: Any, net: Any) -> None:
    """Only with ::/0 to a gateway of the VPC in its own table, or in the main one when it has none."""
    assert [subnet.internet for subnet in server.topology().subnets] == [False]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    main = ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=main, DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
    assert [subnet.internet for subnet in server.topology().subnets] == [True]
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)
    assert [subnet.internet for subnet in server.topology().subnets] == [False]
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
    assert [subnet.internet for subnet in server.topology().subnets] == [True]
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    assert [subnet.internet for subnet in server.topology().subnets] == [False]


def test_rules_are_stored_as_ec2_stores_them(server: Server, ec2: Any, net: Any) -> None:
    """Protocol numbers become names, networks their canonical form, in describes and in the snapshot."""
    ec2.authorize_security_group_ingress(
        GroupId=net.group,
        IpPermissions=[
            {"IpProtocol": "58", "FromPort": -1, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": net.group}]},
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "2001:DB8:0::1/32"}]},
        ],
    )
    (shown,) = ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"]
    assert [rule["IpProtocol"] for rule in shown["IpPermissions"]] == ["icmpv6", "tcp"]
    assert shown["IpPermissions"][1]["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]
    told = next(group for group in server.topology().groups if group.id == net.group)
    assert [(rule.protocol, rule.from_port, rule.networks, rule.groups) for rule in told.ingress] == [
        ("icmpv6", None, (), (net.group,)),
        ("tcp", 80, (IPv6Network("2001:db8::/32"),), ()),
    ]


def test_everything_can_be_taken_down_again(server: Server, ec2: Any, net: Any) -> None:
    """In EC2's order of dependencies, until nothing is left, tags included."""
    eni = net.eni(":a")
    ec2.create_tags(Resources=[eni, net.subnet, net.vpc, net.group], Tags=[{"Key": "Name", "Value": "fleet"}])
    ec2.terminate_instances(InstanceIds=[net.launch(eni)])
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_security_group(GroupId=net.group)
    ec2.delete_subnet(SubnetId=net.subnet)
    ec2.delete_vpc(VpcId=net.vpc)
    left = server.topology()
    assert (left.vpcs, left.subnets, left.enis, left.groups, left.instances) == ((), (), (), (), ())
    assert ec2.describe_tags()["Tags"] == []
