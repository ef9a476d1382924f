# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet over two zones and a subnet without IPv4, from its first host to its last: who comes, goes and stays."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

FLEET = "zones"
SUBNETS = [
    {"name": "a", "zone": "us-east-1a"},
    {"name": "b", "zone": "us-east-1b"},
    {"name": "six", "zone": "us-east-1b", "ipv6_only": True},
]
DENSE = {"container_mode": "block", "container_count": 4, "instance_type": "t3.medium"}
HOSTS = {"dense": {"subnet": "b", **DENSE}, "plain": {}, "six": {"subnet": "six"}}
VARIABLES: dict[str, Any] = {
    "aws_containers_fleet": FLEET,
    "vpc_subnets": SUBNETS,
    "aws_containers_assign": "containers",
    "aws_containers_reservation": "::1:0:0/96",
}


@pytest.fixture
def fleet(ec2):
    """The fleet's ENIs by host, as EC2 has them."""

    def observe():
        mine = [{"Name": "tag:ipv6.aws_containers:fleet", "Values": [FLEET]}]
        found = ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
        return {tag["Value"]: eni for eni in found for tag in eni["TagSet"] if tag["Key"].endswith(":host")}

    return observe


def addresses(eni):
    return {ipaddress.IPv6Address(address["Ipv6Address"]) for address in eni["Ipv6Addresses"]}


def ids(enis):
    return {host: eni["NetworkInterfaceId"] for host, eni in enis.items()}


def succeed(run):
    assert run.status == 0, run.output
    return run


def end(ec2, eni):
    """Terminate the instance that has the ENI, behind everybody's back."""
    instance = eni["Attachment"]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})


def test_a_fleet_in_many_subnets_from_its_first_host_to_its_last(ec2, inventory, playbook, world, fleet):
    before = world()
    path = inventory(HOSTS, **VARIABLES)
    succeed(playbook("-i", path, "playbooks/provision.yml", "--check", "--diff"))
    assert world() == before, "check mode makes nothing"
    succeed(playbook("-i", path, "playbooks/provision.yml"))
    made = fleet()

    described = {subnet["SubnetId"]: subnet for subnet in ec2.describe_subnets()["Subnets"]}
    place = {host: described[eni["SubnetId"]] for host, eni in made.items()}
    assert {host: subnet["AvailabilityZone"] for host, subnet in place.items()} == {
        "dense": "us-east-1b",
        "plain": "us-east-1a",
        "six": "us-east-1b",
    }
    assert {host: subnet.get("Ipv6Native", False) for host, subnet in place.items()} == {
        "dense": False,
        "plain": False,
        "six": True,
    }
    instances = {
        host: ec2.describe_instances(InstanceIds=[eni["Attachment"]["InstanceId"]])["Reservations"][0]["Instances"][0]
        for host, eni in made.items()
    }
    imds = {host: instance["MetadataOptions"].get("HttpProtocolIpv6") for host, instance in instances.items()}
    assert imds == {"dense": "disabled", "plain": "disabled", "six": "enabled"}

    network = ipaddress.IPv6Network(place["dense"]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    (reserved,) = ec2.get_subnet_cidr_reservations(SubnetId=place["dense"]["SubnetId"])["SubnetIpv6CidrReservations"]
    block = ipaddress.IPv6Network((int(network[0x1_0000_0000]), 125))
    assert ipaddress.IPv6Network(reserved["Cidr"]) == ipaddress.IPv6Network((int(block[0]), 96))
    assert addresses(made["dense"]) == {network[4], *(block[value] for value in (2, 3, 4, 5))}

    again = succeed(playbook("-i", path, "playbooks/provision.yml"))
    assert again.changed == {"localhost": 0}

    # A host comes and one goes from the inventory; its instance ends by somebody's hand, and its ENI stays behind.
    end(ec2, made["plain"])
    path = inventory({"dense": HOSTS["dense"], "six": {}, "new": {}}, **VARIABLES)
    succeed(playbook("-i", path, "playbooks/provision.yml"))
    grown = fleet()
    assert ids(grown) == {**ids(made), "new": grown["new"]["NetworkInterfaceId"]}
    assert grown["new"]["SubnetId"] == made["plain"]["SubnetId"], "the first subnet is that of hosts that name none"
    assert grown["six"]["SubnetId"] == made["six"]["SubnetId"], "a host that names none stays where it is"
    assert not addresses(grown["new"]) & addresses(grown["plain"])

    moved = playbook("-i", inventory({"six": {"subnet": "a"}}, **VARIABLES), "playbooks/provision.yml")
    assert moved.status != 0
    assert "hosts[six].subnet_id: must " in " ".join(moved.output.split())

    succeed(playbook("-i", path, "playbooks/teardown.yml"))
    assert world() == before
