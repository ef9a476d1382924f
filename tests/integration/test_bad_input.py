# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can't be met is refused before the first write, with the path, the rule and the value."""

from __future__ import annotations

import pytest

BLOCK = {"container_mode": "block"}
CASES = {
    "unknown mode": ({"a": {"container_mode": "nat"}}, {}, ["container_mode", "nat"]),
    "unaligned block": ({"a": {"container_prefix": "::9/126"}}, {}, ["hosts[0].container_prefix", "::9/126"]),
    "reserved addresses": ({"a": {"container_prefix": "::/126"}}, {}, ["hosts[0].container_prefix", "reserves"]),
    "reserved host address": ({"a": {"host_address": "::2"}}, {}, ["hosts[0].host_address", "reserves"]),
    "outside the subnet": (
        {"a": {"container_prefix": "2001:db8:1::8/126"}},
        {},
        ["hosts[0].container_prefix", "relative to the subnet", "2001:db8:1::8/126"],
    ),
    "overlapping hosts": (
        {"a": {"container_prefix": "::8/126"}, "b": {"container_prefix": "::8/125"}},
        {},
        ["container_prefix", "::8/125", "a"],
    ),
    "over the type's limit": ({"a": {**BLOCK, "instance_type": "t3.micro"}}, {}, ["t3.micro", "2", "5"]),
    "unknown type": ({"a": {"instance_type": "t3.huge"}}, {}, ["instance_type", "t3.huge"]),
    "no such subnet": (
        {"a": {}},
        {"vpc_subnet_id": "subnet-0123456789abcdef0"},
        ["subnet_id", "subnet-0123456789abcdef0"],
    ),
    "nobody may ssh": ({"a": {}}, {"vpc_ssh_from": []}, ["vpc_ssh_from", "[]"]),
    "no such image": ({"a": {"image": "no-such-image"}}, {}, ["image", "no-such-image"]),
    "no such parameter": ({"a": {"image": "ssm:/no/such"}}, {}, ["image", "ssm:/no/such"]),
    "no such key pair": (
        {"a": {}},
        {"instances_key_name": "nobodys", "instances_public_key_file": ""},
        ["instances_key_name", "nobodys"],
    ),
    "no such key file": ({"a": {}}, {"instances_public_key_file": "/no/key"}, ["instances_public_key_file", "/no/key"]),
    "no such network": ({"a": {"container_network": "nat"}}, {}, ["a.container_network", "routed", "nat"]),
    "no such subnet number": ({"a": {}}, {"vpc_subnet_index": 256}, ["vpc_subnet_index", "255", "256"]),
    "bad port": (
        {"a": {"containers": [{"name": "web", "image": "i", "ports": ["http"]}]}},
        {},
        ["a.containers[0].ports[0]", "http"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_made_for_what_cannot_be_met(case, inventory, playbook, world):
    hosts, variables, said = CASES[case]
    before = world()
    path = inventory(hosts, aws_containers_fleet="refused", **variables)
    run = playbook("-i", path, "playbooks/provision.yml")
    assert run.status != 0, run.output
    assert [word for word in said if word not in run.output] == [], run.output
    assert world() == before


def test_every_violation_is_said_at_once(inventory, playbook, world):
    """An operator mends a file once, not once for each mistake in it."""
    before = world()
    path = inventory(
        {"a": {"host_address": "::1"}, "b": {"container_prefix": "::9/126"}, "c": {"container_mode": "nat"}},
        aws_containers_fleet="refused",
    )
    run = playbook("-i", path, "playbooks/provision.yml")
    assert run.status != 0
    assert [
        part for part in ("hosts[0].host_address", "hosts[1].container_prefix", "hosts[2]") if part not in run.output
    ] == []
    assert world() == before


def test_a_subnet_without_ipv6_is_refused(ec2, inventory, playbook, world):
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/24")["Subnet"]["SubnetId"]
    try:
        before = world()
        run = playbook(
            "-i", inventory({"a": {}}, vpc_subnet_id=subnet, aws_containers_fleet="refused"), "playbooks/provision.yml"
        )
        assert run.status != 0
        assert subnet in run.output
        assert "IPv6" in run.output
        assert world() == before
    finally:
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)
