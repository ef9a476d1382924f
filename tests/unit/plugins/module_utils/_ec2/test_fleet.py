# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of the eni module do to EC2, against a small strict EC2 in memory."""

from __future__ import annotations

import random
import threading

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import apply as apply_module
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import fleet as fleet_module
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import waiters
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Api, Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.fleet import absent, present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Desired
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CONTAINER_PREFIX, HOST_ADDRESS
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import (
    GROUP,
    NETWORK,
    SUBNET,
    FakeEc2,
    refusal,
)

BASE = NETWORK.removesuffix("::/64")
TUTORIAL = [
    {"name": "instance-1", "instance_type": "r5d.large", "host_address": "::1:1", "container_prefix": "::8/126"},
    {"name": "instance-2", "instance_type": "r5d.large", "host_address": "::2:2", "container_prefix": "::c/126"},
    {"name": "instance-3", "instance_type": "t3.medium", "container_mode": "block", "container_count": 2},
    {"name": "instance-4", "instance_type": "t3.micro", "container_mode": "prefix"},
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits take no time: a clock that only sleeping moves."""
    now = [0.0]
    monkeypatch.setattr(waiters.wait_for, "__kwdefaults__", None)
    defaults = list(waiters.wait_for.__defaults__)
    defaults[-2:] = [lambda seconds: now.__setitem__(0, now[0] + seconds), lambda: now[0]]
    monkeypatch.setattr(waiters.wait_for, "__defaults__", tuple(defaults))


@pytest.fixture
def ec2():
    return FakeEc2()


def run(ec2, hosts=TUTORIAL, check=False, **settings):
    desired = Desired(
        fleet=settings.get("fleet", "default"),
        subnet_id=settings.get("subnet_id", SUBNET),
        groups=tuple(settings.get("groups", [GROUP])),
        tags=settings.get("tags", {}),
        hosts=hosts,
    )
    return present(Ec2Api(ec2), desired, check, lambda text: None)


def remove(ec2, hosts=None, check=False, timeout=60, fleet="default", leaving=()):
    return absent(Ec2Api(ec2), fleet, None, hosts, leaving, check, timeout, lambda text: None)


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


@pytest.mark.parametrize("host", ["instance-1", "instance-4"])
def test_what_was_removed_by_hand_is_put_back(ec2, host):
    before = run(ec2)
    eni = ec2.enis[before.hosts[host]["eni_id"]]
    had = (ec2.addresses(eni["NetworkInterfaceId"]), ec2.prefixes(eni["NetworkInterfaceId"]))
    eni["Ipv6Addresses"] = eni["Ipv6Addresses"][1:]
    eni["Ipv6Prefixes"] = []
    eni["TagSet"] = [tag for tag in eni["TagSet"] if tag["Key"] != "Name"]
    after = run(ec2)
    assert after.hosts == before.hosts
    assert after.changes
    assert (ec2.addresses(eni["NetworkInterfaceId"]), ec2.prefixes(eni["NetworkInterfaceId"])) == had
    assert ec2.tags(eni["NetworkInterfaceId"])["Name"] == host


def test_lost_state_tags_are_read_off_the_addresses(ec2):
    before = run(ec2)
    for values in before.hosts.values():
        eni = ec2.enis[values["eni_id"]]
        eni["TagSet"] = [tag for tag in eni["TagSet"] if tag["Key"] not in (HOST_ADDRESS, CONTAINER_PREFIX)]
    after = run(ec2, [{"name": host["name"]} for host in TUTORIAL])
    assert after.hosts == before.hosts
    assert {change.action for change in after.changes} == {"set_tags"}


def test_lost_owner_tags_are_read_off_the_description(ec2):
    before = run(ec2)
    eni = ec2.enis[before.hosts["instance-1"]["eni_id"]]
    eni["TagSet"] = []
    after = run(ec2)
    assert after.hosts == before.hosts
    assert ec2.count("CreateNetworkInterface") == len(TUTORIAL)


def test_what_was_added_by_hand_stays_and_is_reported(ec2):
    eni_id = run(ec2).hosts["instance-1"]["eni_id"]
    ec2.enis[eni_id]["Ipv6Addresses"].append({"Ipv6Address": f"{BASE}::99"})
    report = run(ec2)
    assert report.changes == ()
    assert report.notes == (f"instance-1: {eni_id} has {BASE}::99 besides its allocation; left as it is",)
    assert f"{BASE}::99" in ec2.addresses(eni_id)


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


def test_growth_in_place(ec2):
    eni_id = run(ec2, [{"name": "a", "container_mode": "block"}]).hosts["a"]["eni_id"]
    report = run(ec2, [{"name": "a", "container_count": 6}])
    assert report.hosts["a"]["container_prefix"] == f"{BASE}::8/125"
    assert len(ec2.addresses(eni_id)) == 9
    assert run(ec2, [{"name": "a"}]).changes == ()


def test_growth_cut_short_after_the_addresses_is_completed(ec2):
    run(ec2, [{"name": "a", "container_mode": "block"}])

    def fail(operation, request):
        if operation == "CreateTags":
            raise refusal("UnauthorizedOperation", operation)

    ec2.before = fail
    with pytest.raises(Ec2Error, match=r"Could not tag .* UnauthorizedOperation"):
        run(ec2, [{"name": "a", "container_count": 6}])
    ec2.before = lambda operation, request: None
    report = run(ec2, [{"name": "a", "container_count": 6}])
    assert report.hosts["a"]["container_prefix"] == f"{BASE}::8/125"


def test_a_run_cut_short_between_create_and_prefix_is_completed(ec2):
    def fail(operation, request):
        if operation == "AssignIpv6Addresses":
            raise refusal("UnauthorizedOperation", operation)

    ec2.before = fail
    planned = run(ec2, check=True)
    with pytest.raises(Ec2Error, match="Could not assign"):
        run(ec2)
    ec2.before = lambda operation, request: None
    report = run(ec2)
    assert [change.action for change in report.changes] == ["assign_prefixes"]
    assert report.hosts["instance-4"]["container_prefix"] == planned.hosts["instance-4"]["container_prefix"]


@pytest.mark.parametrize("lag", [0, 3, 9])
def test_someone_else_takes_the_block_first(ec2, lag):
    """A conflict makes us look again and take the next block, also when reads lag."""
    ec2.lag = lag
    taken = []

    def race(operation, request):
        if operation == "CreateNetworkInterface" and not taken:
            taken.append(ec2.add_eni([item["Ipv6Address"] for item in request["Ipv6Addresses"]]))

    ec2.before = race
    report = run(ec2, [{"name": "a", "container_mode": "block"}])
    assert report.hosts["a"]["container_prefix"] == f"{BASE}::c/126"
    assert ec2.addresses(report.hosts["a"]["eni_id"]).isdisjoint(ec2.addresses(taken[0]))
    assert len(ec2.enis) == 2


@pytest.mark.parametrize("lag", [0, 3, 9])
def test_someone_else_takes_the_prefix_first(ec2, lag):
    ec2.lag = lag
    taken = []

    def race(operation, request):
        if operation == "AssignIpv6Addresses" and not taken:
            taken.append(ec2.add_eni(prefixes=request["Ipv6Prefixes"]))

    ec2.before = race
    report = run(ec2, [{"name": "a"}])
    eni_id = report.hosts["a"]["eni_id"]
    assert ec2.prefixes(eni_id) == {f"{BASE}:2::/80"}
    assert ec2.tags(eni_id)[CONTAINER_PREFIX] == f"{BASE}:2::/80"
    assert len(ec2.enis) == 2
    assert run(ec2, [{"name": "a"}]).changes == ()


def test_another_run_makes_the_host_first_with_another_block(ec2):
    """Two runs of overlapping fleets never give one host two interfaces: the token lets EC2 decide."""
    raced = []

    def race(operation, request):
        if operation == "CreateNetworkInterface" and not raced:
            raced.append(True)
            ec2.add_eni([f"{BASE}::4"])
            run(ec2, [{"name": "b", "container_mode": "block"}])

    ec2.before = race
    report = run(ec2, [{"name": "b", "container_mode": "block"}])
    assert ec2.count("CreateNetworkInterface") == 2
    assert len(ec2.enis) == 2
    assert report.hosts["b"]["host_address"] == f"{BASE}::5"


def test_token_of_an_interface_deleted_since(ec2):
    """EC2 may answer with the interface that the token once made: then the next token is used."""
    ec2.keep_tokens_of_deleted = True
    hosts = [{"name": "a"}]
    old = run(ec2, hosts).hosts["a"]["eni_id"]
    remove(ec2)
    report = run(ec2, hosts)
    assert report.hosts["a"]["eni_id"] in ec2.enis
    assert report.hosts["a"]["eni_id"] != old
    assert len(ec2.enis) == 1


@pytest.mark.parametrize("lag", [1, 4, 12])
def test_reads_that_lag_writes_neither_duplicate_nor_fail(ec2, lag):
    ec2.lag = lag
    first = run(ec2)
    second = run(ec2)
    assert second.changes == ()
    assert second.hosts == first.hosts
    assert len(ec2.enis) == len(TUTORIAL)


def test_concurrent_runs_of_overlapping_fleets(ec2, monkeypatch):
    """Every host ends with one interface, nothing overlaps, nothing leaks."""
    monkeypatch.setattr(apply_module, "WORKERS", 2)
    failures = []
    names = [f"host-{n:02d}" for n in range(12)]

    def one(seed):
        chosen = random.Random(seed).sample(names, 7)
        modes = {name: {"container_mode": "block" if int(name[-2:]) % 2 else "prefix"} for name in names}
        try:
            run(ec2, [{"name": name, **modes[name]} for name in chosen])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    report = run(
        ec2, [{"name": name} for name in names if any(f"/{name}" in e["Description"] for e in ec2.enis.values())]
    )
    assert report.changes == ()
    assert len(ec2.enis) == len(report.hosts)


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
        "hosts[0].instance_type: must allow 5 IPv6 addresses per interface",
        "hosts[1].instance_type: must be an instance type of this region, got t9.huge",
        "hosts[2].container_prefix: must overlap nothing in use",
        "hosts[3].instance_type: must be a Nitro type for container_mode prefix",
        "hosts[4].name: must be unique, and hosts[3] has it too, got d",
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
    assert f"hosts[0].host_address: must stay {BASE}::4, which a holds (eni-0001)" in text
    assert f"hosts[0].container_prefix: must stay {BASE}::8/126, which a holds (eni-0001)" in text


def test_two_interfaces_that_claim_one_host(ec2):
    eni_id = run(ec2, [{"name": "a"}]).hosts["a"]["eni_id"]
    other = ec2.add_eni([f"{BASE}::50"], tags=ec2.tags(eni_id))
    with pytest.raises(PlanError, match=f"must have one interface in fleet default: .* got {eni_id} and {other} for a"):
        run(ec2, [{"name": "a"}])


def test_a_host_of_another_subnet_is_not_made_twice(ec2):
    run(ec2, [{"name": "a"}])
    ec2.subnets["subnet-2"] = "2600:1f18:47b:ca04::/64"
    with pytest.raises(PlanError, match="hosts\\[0\\]: must stay in subnet-1"):
        run(ec2, [{"name": "a"}], subnet_id="subnet-2")


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


def test_an_error_that_is_no_conflict_names_the_action(ec2):
    def fail(operation, request):
        if operation == "CreateNetworkInterface":
            raise refusal("SubnetFull", operation)

    ec2.before = fail
    with pytest.raises(Ec2Error, match="Could not create the network interface of a: SubnetFull"):
        run(ec2, [{"name": "a"}])


def test_a_refusal_that_no_read_explains_is_raised(ec2):
    def fail(operation, request):
        if operation == "CreateNetworkInterface":
            raise refusal("InvalidParameterValue", operation)

    ec2.before = fail
    with pytest.raises(Ec2Error, match="InvalidParameterValue"):
        run(ec2, [{"name": "a"}])
    assert ec2.count("CreateNetworkInterface") == 1


def test_others_that_are_always_faster_end_in_an_error(ec2):
    def race(operation, request):
        if operation == "CreateNetworkInterface":
            ec2.add_eni([item["Ipv6Address"] for item in request["Ipv6Addresses"]])

    ec2.before = race
    with pytest.raises(waiters.WaitTimeout, match="others were faster"):
        run(ec2, [{"name": "a", "container_mode": "block"}])
    assert ec2.count("CreateNetworkInterface") == fleet_module.ROUNDS


def test_absent_deletes_the_named_hosts_only(ec2):
    report = run(ec2)
    gone = remove(ec2, [{"name": "instance-1"}, {"name": "never-was"}])
    assert [change.host for change in gone.changes] == ["instance-1"]
    assert report.hosts["instance-1"]["eni_id"] not in ec2.enis
    assert len(ec2.enis) == 3
    assert remove(ec2, []).changes == ()
    assert len(remove(ec2).changes) == 3
    assert remove(ec2).changes == ()
    assert ec2.enis == {}


def test_absent_in_check_mode_deletes_nothing(ec2):
    run(ec2)
    planned = remove(ec2, check=True)
    assert len(planned.changes) == 4
    assert planned.after == ""
    assert "instance-1:" in planned.before
    assert len(ec2.enis) == 4


def test_absent_may_be_told_which_instances_are_about_to_go(ec2):
    """A teardown in check mode lists the interfaces though their instances still run."""
    ec2.attach(run(ec2).hosts["instance-2"]["eni_id"], "i-1")
    report = remove(ec2, check=True, leaving=["i-1"])
    assert [change.host for change in report.changes] == [f"instance-{number}" for number in range(1, 5)]
    assert len(ec2.enis) == 4


def test_absent_refuses_what_is_in_use_before_any_delete(ec2):
    eni_id = run(ec2).hosts["instance-2"]["eni_id"]
    ec2.attach(eni_id, "i-1")
    with pytest.raises(PlanError, match=rf"hosts\[instance-2\]: .*{eni_id} used by i-1, which is running"):
        remove(ec2)
    assert len(ec2.enis) == 4


def test_absent_waits_for_instances_that_leave(ec2):
    eni_id = run(ec2).hosts["instance-2"]["eni_id"]
    ec2.attach(eni_id, "i-1", state="shutting-down")
    reads = []

    def leave(operation, request):
        reads.append(operation)
        if operation == "DescribeNetworkInterfaces" and reads.count(operation) == 3:
            ec2.detach(eni_id)

    ec2.before = leave
    assert len(remove(ec2).changes) == 4
    assert ec2.enis == {}


def test_absent_gives_up_waiting_and_says_what_it_saw(ec2):
    eni_id = run(ec2).hosts["instance-2"]["eni_id"]
    ec2.attach(eni_id, "i-1", state="shutting-down")
    with pytest.raises(waiters.WaitTimeout, match=rf"after 60 s .* last seen: {eni_id} in-use \(instance i-1\)"):
        remove(ec2)
    assert len(ec2.enis) == 4


def test_the_token_is_the_same_across_runs_and_differs_by_host_and_fleet(ec2):
    run(ec2, [{"name": "a"}, {"name": "b"}])
    run(ec2, [{"name": "a"}], fleet="other")
    tokens = [request["ClientToken"] for name, request in ec2.calls if name == "CreateNetworkInterface"]
    assert len(set(tokens)) == 3
    again = FakeEc2()
    run(again, [{"name": "a", "container_mode": "block"}])
    assert next(request["ClientToken"] for name, request in again.calls if "Token" in str(request)) in tokens


def test_a_check_before_the_subnet_is_made_finds_mistakes_and_shows_a_plan(ec2):
    """It shows addresses kept for documentation, until a subnet carries the fleet's tag."""
    planned = run(ec2, check=True, subnet_id="", groups=[])
    assert planned.hosts["instance-1"]["container_prefix"] == "2001:db8::8/126"
    assert planned.hosts["instance-1"]["subnet_id"] is None
    with pytest.raises(PlanError, match=r"hosts\[0\].instance_type: must allow 5"):
        run(ec2, [{**TUTORIAL[0], "instance_type": "t3.micro"}], check=True, subnet_id="", groups=[])
    ec2.subnet_tags[SUBNET] = {"ipv6.aws_containers:fleet": "default"}
    planned = run(ec2, check=True, subnet_id="", groups=[])
    assert planned.hosts["instance-1"]["container_prefix"] == f"{BASE}::8/126"
    assert not ec2.writes()
