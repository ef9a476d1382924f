# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnets a fleet has and gets: what is there stays, what is made takes networks that no other has."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.subnets import layout

VPC = "2600:1f18:47b:ca00::/56"


def described(name, number, *, zone="us-east-1a", native=False, subnet_id=None, vpc="vpc-1"):
    """A subnet as amazon.aws.ec2_vpc_subnet_info shows one that was made for a fleet."""
    return {
        "id": subnet_id or f"subnet-{name}",
        "vpc_id": vpc,
        "availability_zone": zone,
        "cidr_block": None if native else f"10.42.{number}.0/24",
        "ipv6_native": native,
        "ipv6_cidr_block_association_set": [
            {"ipv6_cidr_block": f"2600:1f18:47b:ca{number:02x}::/64", "ipv6_cidr_block_state": {"state": "associated"}}
        ],
        "tags": {"ipv6.aws_containers:fleet": "demo", "ipv6.aws_containers:subnet": name},
    }


def said(declared, *given, **more):
    with pytest.raises(PlanError) as error:
        layout(declared, *given, **more)
    return [str(violation) for violation in error.value.violations]


def test_the_tutorials_subnet_is_number_three_of_its_vpc():
    (subnet,) = layout([{"name": "a", "index": 3}], [], VPC)
    assert (subnet["ipv6_cidr"], subnet["ipv4_cidr"]) == ("2600:1f18:47b:ca03::/64", "10.42.3.0/24")


def test_what_is_to_be_made_has_a_name_for_an_id_and_networks_of_its_own():
    found = layout([{"name": "a", "zone": "us-east-1a"}, {"name": "b", "ipv6_only": True}, {"name": "c", "index": 0}])
    assert [(entry["id"], entry["ipv6_cidr"], entry["ipv4_cidr"], entry["zone"]) for entry in found] == [
        ("new:a", "2001:db8:0:1::/64", "10.42.1.0/24", "us-east-1a"),
        ("new:b:ipv6-only", "2001:db8:0:2::/64", "", ""),
        ("new:c", "2001:db8::/64", "10.42.0.0/24", ""),
    ]


def test_what_is_there_keeps_its_networks_whatever_comes_and_goes_beside_it():
    """A name that is put in front must not move the subnets in which hosts live; one taken off the list stays known."""
    there = [described("a", 0), described("b", 1, zone="us-east-1b")]
    found = layout([{"name": "new"}, {"name": "b"}], there, VPC)
    assert [(entry["name"], entry["id"], entry["ipv6_cidr"]) for entry in found] == [
        ("new", "new:new", "2600:1f18:47b:ca02::/64"),
        ("b", "subnet-b", "2600:1f18:47b:ca01::/64"),
        ("a", "subnet-a", "2600:1f18:47b:ca00::/64"),
    ]


def test_a_subnet_that_is_there_can_not_be_declared_otherwise():
    there = [described("a", 0)]
    declared = [{"name": "a", "index": 1, "zone": "us-east-1b", "ipv6_only": True}]
    assert said(declared, there) == [
        "vpc_subnets[a].index: must stay 0, as subnet-a is there already and can't be changed, got 1",
        "vpc_subnets[a].zone: must stay us-east-1a, as subnet-a is there already and can't be changed, got us-east-1b",
        "vpc_subnets[a].ipv6_only: must stay false, as subnet-a is there already and can't be changed, got True",
    ]
    assert layout([{"name": "a", "index": 0, "zone": "us-east-1a", "ipv6_only": False}], there)[0]["id"] == "subnet-a"


def test_two_subnets_of_one_name_are_refused_with_both_ids():
    (line,) = said([{"name": "a"}], [described("a", 0), described("a", 1, subnet_id="subnet-z")])
    assert line.startswith("vpc_subnets[a]: must be one subnet with the tag")
    assert "subnet-a and subnet-z" in line


def test_existing_subnets_are_taken_as_they_are():
    there = [described("x", 5, native=True)]
    (subnet,) = layout([{"name": "a", "id": "subnet-x"}], there)
    assert (subnet["id"], subnet["ipv6_only"], subnet["made"]) == ("subnet-x", True, False)


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        ([], "vpc_subnets: must be a list of at least one subnet, got []"),
        ("a", "vpc_subnets: must be a list of at least one subnet, got 'a'"),
        ([{"id": "subnet-x"}], "vpc_subnets[0]: must be a dictionary with a name of 1 to 100 letters, digits, dots, "),
        ([{"name": "a"}, {"name": "a"}], "vpc_subnets[a].name: must be one subnet's only, got a"),
        ([{"name": "a", "index": 256}], "vpc_subnets[a].index: must be 0 to 255, the /64 subnets of a VPC's block, "),
        ([{"name": "a", "cidr": "::/64"}], "vpc_subnets[a].cidr: must be one of name, id, index, zone, ipv4_cidr, "),
        ([{"name": "a", "ipv6_only": "maybe"}], "vpc_subnets[a].ipv6_only: must be true or false, got 'maybe'"),
        ([{"name": "a", "id": "vpc-1"}], "vpc_subnets[a].id: must be an existing subnet's id, subnet-…, got vpc-1"),
        ([{"name": "a", "id": "subnet-9"}], "vpc_subnets[a].id: must be an existing subnet of this account and region"),
        ([{"name": "a", "ipv4_cidr": "10.1.0.0/24"}], "vpc_subnets[a].ipv4_cidr: must lie in the VPC's block 10.42.0"),
        (
            [{"name": "a", "ipv6_only": True, "ipv4_cidr": "10.42.0.0/24"}],
            "vpc_subnets[a].ipv4_cidr: must be left out where ipv6_only is true, got 10.42.0.0/24",
        ),
        (
            [{"name": "a", "index": 1}, {"name": "b", "index": 1}],
            "vpc_subnets[b].index: must be one subnet's only; a has it too, got 1",
        ),
        (
            [{"name": "a"}, {"name": "b", "ipv4_cidr": "10.42.0.128/25"}],
            "vpc_subnets[b].ipv4_cidr: must not overlap 10.42.0.0/24 of a, got 10.42.0.128/25",
        ),
        (
            [{"name": "a", "id": "subnet-x", "zone": "us-east-1a"}],
            "vpc_subnets[a].zone: must be left out where id names an existing subnet, got us-east-1a",
        ),
        (
            [{"name": "a", "id": "subnet-x"}, {"name": "b"}],
            "vpc_subnets[b].id: must be given, as other subnets' is: either all of them exist, or all are made, ",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(declared, line):
    found = said(declared, [described("x", 5)])
    assert any(entry.startswith(line) for entry in found), found


def test_subnets_of_two_vpcs_are_refused():
    there = [described("x", 1), described("y", 2, vpc="vpc-2")]
    declared = [{"name": "a", "id": "subnet-x"}, {"name": "b", "id": "subnet-y"}]
    assert said(declared, there) == [
        "vpc_subnets: must be of one VPC, got a (subnet-x) in vpc-1, b (subnet-y) in vpc-2"
    ]


def test_every_problem_is_said_at_once():
    assert len(said([{"name": "a", "index": 300}, {"name": "b", "size": 1}, {}])) == 3
