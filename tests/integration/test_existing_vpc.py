# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial's own start: a subnet, a security group and a key pair that somebody else made, and keeps."""

from __future__ import annotations

import ipaddress

import pytest

from .conftest import RUN


@pytest.fixture
def theirs(ec2):
    """A VPC as its owner left it, with another's ENI on the addresses that a plan would take first."""
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    block = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    cidr = str(next(ipaddress.IPv6Network(block).subnets(new_prefix=64)))
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.98.0.0/24", Ipv6CidrBlock=cidr)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)["GroupId"]
    key = ec2.import_key_pair(KeyName="theirs", PublicKeyMaterial=(RUN / "id_ed25519.pub").read_bytes())["KeyName"]
    network = ipaddress.IPv6Network(cidr)
    eni = ec2.create_network_interface(
        SubnetId=subnet, Groups=[group], Ipv6Addresses=[{"Ipv6Address": str(network[value])} for value in (4, 9)]
    )["NetworkInterface"]["NetworkInterfaceId"]
    yield {"vpc": vpc, "subnet": subnet, "group": group, "key": key, "eni": eni, "network": network}
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_key_pair(KeyName=key)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_a_fleet_in_an_existing_subnet_comes_and_goes_without_a_trace(ec2, theirs, inventory, playbook, world):
    before = world()
    path = inventory(
        {"guest": {"container_mode": "block", "instance_type": "t3.medium"}},
        aws_containers_fleet="guests",
        vpc_subnet_id=theirs["subnet"],
        vpc_security_group_ids=[theirs["group"]],
        instances_key_name=theirs["key"],
        instances_public_key_file="",
    )
    first = playbook("-i", path, "playbooks/provision.yml")
    assert first.status == 0, first.output
    made = world()
    assert {kind: len(made[kind] - before[kind]) for kind in made if made[kind] != before[kind]} == {
        "eni": 1,
        "instance": 1,
    }

    (eni_id,) = made["eni"] - before["eni"]
    eni = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni_id])["NetworkInterfaces"][0]
    held = {ipaddress.IPv6Address(address["Ipv6Address"]) for address in eni["Ipv6Addresses"]}
    network = theirs["network"]
    assert len(held) == 5
    assert not held & {network[value] for value in (0, 1, 2, 3, 4, 9)}, "reserved, or somebody else's"
    (instance_id,) = made["instance"] - before["instance"]
    instance = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert instance["NetworkInterfaces"][0]["NetworkInterfaceId"] == eni_id
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["KeyName"] == "theirs"

    second = playbook("-i", path, "playbooks/provision.yml")
    assert second.status == 0, second.output
    assert second.changed == {"localhost": 0}

    listed = playbook("-i", path, "playbooks/teardown.yml", "--check")
    assert listed.status == 0, listed.output
    assert world() == made, "check mode deletes nothing"

    down = playbook("-i", path, "playbooks/teardown.yml")
    assert down.status == 0, down.output
    assert world() == before
