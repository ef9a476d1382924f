# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can't be met is refused before the first write, with the path, the rule and the value."""

from __future__ import annotations

import pytest

BLOCK = {"container_mode": "block"}
CASES = {
    "unknown mode": ({"a": {"container_mode": "nat"}}, {}, ["container_mode", "nat"]),
    "unaligned block": ({"a": {"container_prefix": "::9/126"}}, {}, ["hosts[a].container_prefix", "::9/126"]),
    "reserved addresses": ({"a": {"container_prefix": "::/126"}}, {}, ["hosts[a].container_prefix", "reserves"]),
    "reserved host address": ({"a": {"host_address": "::2"}}, {}, ["hosts[a].host_address", "reserves"]),
    "outside the subnet": (
        {"a": {"container_prefix": "2001:db8:1::8/126"}},
        {},
        ["hosts[a].container_prefix", "relative to the subnet", "2001:db8:1::8/126"],
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
        {"vpc_subnets": [{"name": "a", "id": "subnet-0123456789abcdef0"}]},
        ["vpc_subnets[a].id", "subnet-0123456789abcdef0"],
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
    "no such subnet number": (
        {"a": {}},
        {"vpc_subnets": [{"name": "a", "index": 256}]},
        ["vpc_subnets[a].index", "255"],
    ),
    "no such subnet name": (
        {"a": {"subnet": "b"}, "c": {"subnet": "d"}},
        {},
        ["hosts[a].subnet: must be one of a, got b", "hosts[c].subnet: must be one of a, got d"],
    ),
    "a Xen type without IPv4": (
        {"a": {**BLOCK, "instance_type": "t2.medium"}},
        {"vpc_subnets": [{"name": "a", "ipv6_only": True}]},
        ["hosts[a].instance_type", "Nitro", "t2.medium"],
    ),
    "gaps without a reservation": (
        {"a": {**BLOCK, "instance_type": "t3.large"}},
        {"aws_containers_assign": "containers"},
        ["reservation", "none"],
    ),
    "a move of nobody": ({"a": {}}, {"aws_containers_move": ["b"]}, ["move", "b"]),
    "bad port": (
        {"a": {"containers": [{"name": "web", "image": "i", "ports": ["http"]}]}},
        {},
        ["a.containers[web].ports[0]", "http"],
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
        part for part in ("hosts[a].host_address", "hosts[b].container_prefix", "hosts[c]") if part not in run.output
    ] == []
    assert world() == before


@pytest.fixture
def refused(inventory, playbook, world):
    """Runs provision for hosts and variables that can't be met, and returns what it said, on one line."""

    def run(hosts, **variables):
        before = world()
        path = inventory(hosts, aws_containers_fleet="refused", **variables)
        done = playbook("-i", path, "playbooks/provision.yml")
        assert done.status != 0, done.output
        assert world() == before
        return " ".join(done.output.split())

    return run


def existing(*ids):
    return [{"name": f"subnet-{number}", "id": subnet} for number, subnet in enumerate(ids)]


def state(fleet, host, address, prefix):
    """The tags by which a host's ENI is known."""
    values = {"fleet": fleet, "host": host, "host_address": address, "container_prefix": prefix, "schema": 1}
    return {f"ipv6.aws_containers:{key}": str(value) for key, value in values.items()}


def test_a_subnet_without_ipv6_is_refused(ec2, refused):
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/24")["Subnet"]["SubnetId"]
    try:
        said = refused({"a": {}}, vpc_subnets=existing(subnet))
        assert "must have an IPv6 network" in said
        assert subnet in said
    finally:
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)


def test_subnets_and_groups_of_another_vpc_are_refused(neighbour, refused):
    ours, subnet, _network = neighbour.subnet("10.95.0.0/24")
    theirs, other, _network = neighbour.subnet("10.96.0.0/24")
    group = neighbour.group(theirs)
    said = refused({"a": {}}, vpc_subnets=existing(subnet, other))
    assert f"vpc_subnets: must be of one VPC, got subnet-0 ({subnet}) in {ours}, subnet-1 ({other}) in {theirs}" in said
    said = refused({"a": {}}, vpc_subnets=existing(subnet), vpc_security_group_ids=[group])
    assert f"security_groups[0]: must be of the subnet's VPC {ours}, got {group} of {theirs}" in said


def test_a_fleet_name_that_is_in_use_in_another_vpc_is_refused(neighbour, refused):
    _vpc, subnet, _network = neighbour.subnet("10.95.0.0/24")
    theirs, other, network = neighbour.subnet("10.96.0.0/24")
    eni = neighbour.eni(other, network, [4, 8, 9, 10, 11], state("refused", "b", network[4], f"{network[8]}/126"))
    said = refused({"a": {}}, vpc_subnets=existing(subnet))
    assert "fleet: must " in said
    assert [word for word in (eni, theirs) if word not in said] == []


def test_growth_and_pins_that_can_not_be_met_are_said_at_once(neighbour, refused):
    """What others hold stays theirs, and a host's block grows in place or, where its owner says so, elsewhere."""
    vpc, subnet, network = neighbour.subnet("10.95.0.0/24")
    neighbour.eni(subnet, network, [4, 8, 9, 10, 11], state("refused", "a", network[4], f"{network[8]}/126"))
    neighbour.eni(subnet, network, [12])
    reserved = neighbour.reservation(subnet, f"{network[0x10000]}/112")
    block = {"container_mode": "block", "instance_type": "t3.large"}
    said = refused(
        {"a": {**block, "container_count": 6}, "b": {**block, "container_prefix": "::1:8/126"}},
        vpc_subnets=existing(subnet),
        vpc_security_group_ids=[neighbour.group(vpc)],
    )
    for part in ("hosts[a].container_count: ", "move", "hosts[b].container_prefix: ", reserved):
        assert part in said


def test_a_pin_that_would_move_a_live_host_is_refused(neighbour, refused):
    _vpc, subnet, network = neighbour.subnet("10.95.0.0/24")
    eni = neighbour.eni(subnet, network, [4, 8, 9, 10, 11], state("refused", "a", network[4], f"{network[8]}/126"))
    instance = neighbour.instance(eni)
    said = refused(
        {"a": {"host_address": "::5", "instance_type": "t3.medium"}},
        vpc_subnets=existing(subnet),
        aws_containers_move=["a"],
    )
    assert "hosts[a].host_address: " in said
    assert "terminate" in said
    assert instance in said or eni in said
