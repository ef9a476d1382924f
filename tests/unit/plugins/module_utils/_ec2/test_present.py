# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of the eni module do to EC2: first, again, in check mode, and with what can't be."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import FLEET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import (
    NETWORK,
    SUBNET,
)
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import FakeEc2
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import (
    BASE,
    TUTORIAL,
    remove,
    run,
)


def test_tutorial(ec2):
    """Rows 1 and 2 of the how-to: five addresses each; and a chosen block and a delegated prefix beside them."""
    report = run(ec2)
    one, four = report.hosts["instance-1"], report.hosts["instance-4"]
    assert one["host_address"] == f"{BASE}::1:1"
    assert one["container_prefix"] == f"{BASE}::8/126"
    assert ec2.addresses(one["eni_id"]) == {f"{BASE}::{end}" for end in ("1:1", "8", "9", "a", "b")}
    assert report.hosts["instance-3"]["container_prefix"] == f"{BASE}::10/126"
    assert four["container_prefix"] == f"{BASE}:1::/80"
    assert ec2.prefixes(four["eni_id"]) == {f"{BASE}:1::/80"}
    assert ec2.addresses(four["eni_id"]) == {four["host_address"]}
    assert one == {
        "eni_id": one["eni_id"],
        "mac_address": ec2.enis[one["eni_id"]]["MacAddress"],
        "host_address": f"{BASE}::1:1",
        "container_prefix": f"{BASE}::8/126",
        "container_mode": "block",
        "container_count": 2,
        "assign": "block",
        "subnet_id": SUBNET,
        "subnet_cidr": NETWORK,
        "gateway": "fe80:ec2::1",
        "instance_id": None,
        "vpc_id": "vpc-1",
        "availability_zone": "us-east-1a",
    }
    assert ec2.tags(one["eni_id"])["Name"] == "instance-1"


def test_second_run_changes_nothing(ec2):
    first = run(ec2)
    ec2.calls.clear()
    second = run(ec2)
    assert second.changes == ()
    assert second.before == second.after
    assert second.hosts == first.hosts
    assert len(ec2.calls) <= 8
    assert not ec2.writes()


def test_converged_calls_do_not_grow_with_hosts(ec2):
    run(ec2, [{"name": f"host-{n}"} for n in range(3)])
    ec2.calls.clear()
    run(ec2, [{"name": f"host-{n}"} for n in range(3)])
    few = len(ec2.calls)
    hosts = [{"name": f"host-{n}"} for n in range(60)]
    run(ec2, hosts)
    ec2.calls.clear()
    run(ec2, hosts)
    assert len(ec2.calls) == few


def test_first_run_costs_one_call_a_host_in_block_mode_and_two_in_prefix_mode(ec2):
    run(ec2, [{"name": f"block-{n}", "container_mode": "block"} for n in range(40)])
    assert len(ec2.calls) <= 40 + 10
    ec2.calls.clear()
    run(ec2, [{"name": f"prefix-{n}"} for n in range(40)])
    assert len(ec2.calls) <= 2 * 40 + 10


def test_check_mode_writes_nothing_and_says_what_the_run_then_does(ec2):
    planned = run(ec2, check=True)
    assert not ec2.writes()
    assert planned.hosts["instance-1"]["eni_id"] is None
    made = run(ec2)
    assert [str(change) for change in made.changes] == [str(change) for change in planned.changes]
    assert (planned.before, planned.after) == (made.before, made.after)
    for host, values in planned.hosts.items():
        assert values["container_prefix"] == made.hosts[host]["container_prefix"]


def test_growth_in_place(ec2):
    eni_id = run(ec2, [{"name": "a", "container_mode": "block"}]).hosts["a"]["eni_id"]
    report = run(ec2, [{"name": "a", "container_count": 6}])
    assert report.hosts["a"]["container_prefix"] == f"{BASE}::8/125"
    assert len(ec2.addresses(eni_id)) == 9
    assert run(ec2, [{"name": "a"}]).changes == ()


def test_security_groups_are_corrected(ec2):
    eni_id = run(ec2).hosts["instance-1"]["eni_id"]
    report = run(ec2, groups=["sg-2"])
    assert {change.action for change in report.changes} == {"set_security_groups"}
    assert ec2.enis[eni_id]["Groups"] == [{"GroupId": "sg-2"}]


def test_user_tags_are_added_and_corrected_others_left(ec2):
    eni_id = run(ec2, tags={"team": "a"}).hosts["instance-1"]["eni_id"]
    ec2.enis[eni_id]["TagSet"].append({"Key": "by-hand", "Value": "x"})
    run(ec2, tags={"team": "b"})
    assert ec2.tags(eni_id)["team"] == "b"
    assert ec2.tags(eni_id)["by-hand"] == "x"


def test_everything_wrong_is_reported_at_once_and_nothing_written(ec2):
    ec2.add_eni([f"{BASE}::8"])
    hosts = [
        {"name": "a", "instance_type": "t3.micro", "container_mode": "block"},
        {"name": "b", "instance_type": "t9.huge"},
        {"name": "c", "container_prefix": "::8/126"},
        {"name": "d", "instance_type": "t2.micro", "container_mode": "prefix"},
        {"name": "d"},
    ]
    with pytest.raises(PlanError) as caught:
        run(ec2, hosts, groups=["sg-none", "sg-other"])
    lines = "\n".join(map(str, caught.value.violations))
    for expected in (
        "security_groups[0]: must be an existing security group, got sg-none",
        "security_groups[1]: must be of the subnet's VPC vpc-1, got sg-other of vpc-2",
        "hosts[a].instance_type: must allow 5 IPv6 addresses per interface",
        "hosts[b].instance_type: must be an instance type of this region, got t9.huge",
        "hosts[c].container_prefix: must overlap nothing in use",
        "hosts[d].instance_type: must be a Nitro type for container_mode prefix",
        "hosts[d].name: must be unique",
    ):
        assert expected in lines
    assert not ec2.writes()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"subnet_id": "subnet-none"},
            "subnet_id: must be an existing subnet of this account and region, got subnet-none",
        ),
        ({"subnet_id": "subnet-4"}, "subnet_id: must have an IPv6 network associated, got subnet-4"),
        ({"fleet": "a/b"}, "fleet: must be 1 to 100 letters"),
        ({"tags": {"ipv6.aws_containers:host": "x"}}, "must not begin with ipv6.aws_containers:"),
    ],
)
def test_settings_are_checked_before_any_write(ec2, settings, expected):
    ec2.subnets["subnet-4"] = None
    with pytest.raises(PlanError) as caught:
        run(ec2, **settings)
    assert expected in str(caught.value)
    assert not ec2.writes()


def test_a_pin_can_not_move_a_live_host(ec2):
    run(ec2, [{"name": "a", "container_mode": "block"}])
    with pytest.raises(PlanError) as caught:
        run(ec2, [{"name": "a", "host_address": "::77", "container_prefix": "::20/126"}])
    text = str(caught.value)
    assert f"hosts[a].host_address: must stay {BASE}::4, which a holds (eni-0001)" in text
    assert f"hosts[a].container_prefix: must stay {BASE}::8/126, which a holds (eni-0001)" in text


def test_a_host_stays_in_its_subnet(ec2):
    """A default that has changed moves nobody; a host's own subnet that has is refused."""
    run(ec2, [{"name": "a"}])
    ec2.subnets["subnet-2"] = "2600:1f18:47b:ca04::/64"
    report = run(ec2, [{"name": "a"}, {"name": "b"}], subnet_id="subnet-2")
    assert [report.hosts[host]["subnet_id"] for host in "ab"] == [SUBNET, "subnet-2"]
    with pytest.raises(PlanError, match=r"hosts\[a\]\S*: must stay subnet-1, where"):
        run(ec2, [{"name": "a", "subnet_id": "subnet-2"}])


def test_another_fleets_hosts_and_reservations_are_left_alone(ec2):
    ec2.reservations = [
        {
            "SubnetCidrReservationId": "scr-1",
            "SubnetId": SUBNET,
            "Cidr": f"{BASE}:1::/80",
            "ReservationType": "explicit",
        }
    ]
    theirs = run(ec2, [{"name": "a", "container_mode": "block"}], fleet="theirs").hosts["a"]
    ours = run(ec2, [{"name": "a"}], fleet="ours").hosts["a"]
    assert ours["eni_id"] != theirs["eni_id"]
    assert ours["container_prefix"] == f"{BASE}:2::/80"
    remove(ec2, fleet="ours")
    assert list(ec2.enis) == [theirs["eni_id"]]


def test_the_token_is_the_same_across_runs_and_differs_by_host_and_fleet(ec2):
    run(ec2, [{"name": "a"}, {"name": "b"}])
    run(ec2, [{"name": "a"}], fleet="other")
    tokens = [request["ClientToken"] for name, request in ec2.calls if name == "CreateNetworkInterface"]
    assert len(set(tokens)) == 3
    again = FakeEc2()
    run(again, [{"name": "a", "container_mode": "block"}])
    assert next(request["ClientToken"] for name, request in again.calls if "Token" in str(request)) in tokens


SECOND = "subnet-2"


@pytest.fixture
def two(ec2):
    """A second subnet of the VPC, in another zone."""
    ec2.subnets[SECOND], ec2.zones[SECOND] = "2600:1f18:47b:ca04::/64", "us-east-1b"
    return ec2


SPREAD = [{"name": "a", "container_mode": "block"}, {"name": "b", "container_mode": "block", "subnet_id": SECOND}]


def test_a_fleet_in_two_subnets(two):
    report = run(two, SPREAD, reservation="::1:0:0/96")
    assert [report.hosts[host]["container_prefix"] for host in "ab"] == [
        f"{BASE}:0:1::/126",
        "2600:1f18:47b:ca04:0:1::/126",
    ]
    assert [report.hosts[host]["availability_zone"] for host in "ab"] == ["us-east-1a", "us-east-1b"]
    assert report.reservations == {SUBNET: f"{BASE}:0:1::/96", SECOND: "2600:1f18:47b:ca04:0:1::/96"}
    two.calls.clear()
    again = run(two, SPREAD)
    assert again.changes == ()
    assert again.reservations == report.reservations
    assert len(two.calls) <= 8


def test_one_list_a_kind_whatever_the_number_of_subnets_but_for_reservations(two):
    for number in range(3, 9):
        two.subnets[f"subnet-{number}"] = f"2600:1f18:47b:ca{number + 2:02x}::/64"
    hosts = [{"name": f"h{number}", "subnet_id": f"subnet-{number}"} for number in range(1, 9)]
    run(two, hosts)
    two.calls.clear()
    assert run(two, hosts).changes == ()
    assert len(two.calls) == 5 + 8


def test_an_attached_instance_without_the_fleets_tag_costs_one_list_more(ec2):
    hosts = [{"name": "a"}, {"name": "b"}]
    made = run(ec2, hosts).hosts
    ec2.attach(made["a"]["eni_id"], "i-1")
    ec2.attach(made["b"]["eni_id"], "i-2")
    ec2.calls.clear()
    run(ec2, hosts)
    assert ec2.count("DescribeInstances") == 2
    assert len(ec2.calls) <= 8


def test_subnets_of_two_vpcs_are_refused(two):
    two.vpcs[SECOND] = "vpc-2"
    with pytest.raises(PlanError, match="vpc-2"):
        run(two, SPREAD)
    assert not two.writes()


def test_a_check_plans_for_subnets_that_are_yet_to_be_made(ec2):
    hosts = [{**TUTORIAL[0], "subnet_id": "new:b"}, {"name": "c", "subnet_id": "new:a:ipv6-only"}]
    planned = run(ec2, hosts, check=True, subnet_id="", groups=())
    assert planned.hosts["instance-1"]["container_prefix"] == "2001:db8:0:1::8/126"
    assert planned.hosts["instance-1"]["subnet_id"] == "new:b"
    assert planned.hosts["instance-1"]["vpc_id"] is None
    assert planned.hosts["c"]["container_prefix"] == "2001:db8:0:0:1::/80"
    with pytest.raises(PlanError, match=r"hosts\[instance-1\].instance_type: must allow 5"):
        run(ec2, [{**hosts[0], "instance_type": "t3.micro"}], check=True, subnet_id="", groups=())


def test_only_a_check_may_name_a_subnet_that_is_yet_to_be_made(ec2):
    with pytest.raises(PlanError) as caught:
        run(ec2, [{"name": "a", "subnet_id": "new:x"}, {"name": "b"}], subnet_id="new:y")
    paths = [violation.path for violation in caught.value.violations]
    assert sorted(paths) == ["hosts[a].subnet_id", "subnet_id"]
    assert ec2.calls == []


def test_an_ipv6_only_subnet_needs_nitro(ec2):
    ec2.native.add(SUBNET)
    with pytest.raises(PlanError, match=r"hosts\[a\].instance_type: .*Nitro"):
        run(ec2, [{"name": "a", "instance_type": "t2.micro", "container_mode": "block"}])


def test_nine_containers_on_a_type_with_ten_addresses(ec2):
    hosts = [{"name": "a", "instance_type": "r5d.large", "container_mode": "block", "container_count": 9}]
    host = run(ec2, hosts, assign="containers", reservation="::1:0:0/96").hosts["a"]
    assert (host["container_count"], host["assign"]) == (9, "containers")
    assert host["container_prefix"] == f"{BASE}:0:1::/124"
    assert len(ec2.addresses(host["eni_id"])) == 10
    (made,) = ec2.reservations
    assert made["Tags"] == [{"Key": FLEET, "Value": "default"}]
    assert run(ec2, hosts, assign="containers").changes == ()


def test_a_host_moves_only_when_it_is_told_to(ec2):
    """What it gives up goes before it is given anything else, and is free for others in the same run."""
    before = run(ec2, [{"name": "a", "container_mode": "block"}]).hosts["a"]
    hosts = [{"name": "a", "container_mode": "prefix"}, {"name": "b", "container_prefix": "::8/126"}]
    with pytest.raises(PlanError, match=r"hosts\[a\].container_mode: .*move"):
        run(ec2, hosts)
    report = run(ec2, hosts, move=("a",))
    after = report.hosts["a"]
    assert after["eni_id"] == before["eni_id"]
    assert ec2.prefixes(after["eni_id"]) == {after["container_prefix"]}
    assert ec2.addresses(after["eni_id"]) == {after["host_address"]}
    assert report.hosts["b"]["container_prefix"] == before["container_prefix"]
    assert run(ec2, hosts).changes == ()
