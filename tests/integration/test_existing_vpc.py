# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial's own start: a subnet, a security group and a key pair that somebody else made, and keeps."""

from __future__ import annotations

import ipaddress

import pytest


@pytest.fixture
def theirs(neighbour):
    """A VPC as its owner left it, with another's ENI on the addresses that a plan would take first."""
    vpc, subnet, network = neighbour.subnet("10.98.0.0/24")
    group, key = neighbour.group(vpc), neighbour.key()
    neighbour.eni(subnet, network, [4, 9])
    return {"subnet": subnet, "group": group, "key": key, "network": network}


def test_a_fleet_in_an_existing_subnet_comes_and_goes_without_a_trace(ec2, theirs, inventory, playbook, world):
    before = world()
    path = inventory(
        {"guest": {"container_mode": "block", "instance_type": "t3.medium"}},
        aws_containers_fleet="guests",
        vpc_subnets=[{"name": "theirs", "id": theirs["subnet"]}],
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
