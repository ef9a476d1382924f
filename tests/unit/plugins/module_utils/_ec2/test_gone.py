# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of hosts that leave, and those that leaked."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import waiters
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CREATED, FLEET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import SUBNET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import (
    BASE,
    Hours,
    remove,
    run,
    sweep,
)


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


BLOCK = [{"name": "a", "container_mode": "block"}]


def test_absent_of_the_whole_fleet_releases_its_reservation(ec2):
    ec2.reserve(f"{BASE}:0:9::/96")
    run(ec2, [*BLOCK, {"name": "b"}], reservation="::1:0:0/96")
    remove(ec2, [{"name": "b"}])
    assert len(ec2.reservations) == 2
    ec2.calls.clear()
    said = []
    remove(ec2, progress=said.append)
    assert [line[-8:] for line in said] == ["(1 of 2)", "(2 of 2)"]
    assert [item["Cidr"] for item in ec2.reservations] == [f"{BASE}:0:9::/96"]
    # A run that is cut short after the interfaces could not find the reservation again.
    assert ec2.writes() == ["DeleteSubnetCidrReservation", "DeleteNetworkInterface"]


def test_absent_finds_a_reservation_that_is_left_alone_in_the_subnet_named(ec2):
    ec2.reserve(f"{BASE}:0:1::/96", [{"Key": FLEET, "Value": "default"}])
    assert remove(ec2).changes == ()
    remove(ec2, subnet_id=SUBNET)
    assert ec2.reservations == []


def test_absent_finds_what_lost_its_tags_beside_the_others(ec2):
    report = run(ec2, [{"name": "a"}, {"name": "b"}])
    ec2.enis[report.hosts["a"]["eni_id"]]["TagSet"] = []
    remove(ec2)
    assert ec2.enis == {}


@pytest.fixture
def hour():
    """A clock by which everything was made an hour ago and a second."""
    hours = Hours()
    hours.sleep(3601)
    return hours


def test_sweeping_deletes_what_nobody_uses_and_nobody_wants(ec2, hour):
    made = run(ec2, [{"name": name} for name in ("kept", "leaked", "used")]).hosts
    ec2.attach(made["used"]["eni_id"], "i-1")
    report = sweep(ec2, ["kept"], hours=hour)
    assert [change.host for change in report.changes] == ["leaked"]
    assert set(ec2.enis) == {made["kept"]["eni_id"], made["used"]["eni_id"]}
    assert any("used by i-1" in note for note in report.notes)


def test_sweeping_in_check_mode_only_lists(ec2, hour):
    run(ec2, [{"name": "leaked"}])
    report = sweep(ec2, check=True, hours=hour)
    assert [change.host for change in report.changes] == ["leaked"]
    assert (bool(report.before), report.after) == (True, "")
    assert len(ec2.enis) == 1


def test_sweeping_leaves_what_is_young_or_of_unknown_age(ec2):
    eni_id = run(ec2, [{"name": "young"}, {"name": "ageless"}]).hosts["ageless"]["eni_id"]
    ec2.enis[eni_id]["TagSet"] = [tag for tag in ec2.enis[eni_id]["TagSet"] if tag["Key"] != CREATED]
    report = sweep(ec2)
    assert report.changes == ()
    assert len(report.notes) == 2


def test_sweeping_deletes_the_spare_one_of_a_host(ec2, hour):
    eni_id = run(ec2, [{"name": "a"}]).hosts["a"]["eni_id"]
    spare = ec2.add_eni([f"{BASE}::70"], tags=ec2.tags(eni_id), description="ipv6.aws_containers default/a")
    ec2.attach(eni_id, "i-1")
    assert [change.eni_id for change in sweep(ec2, ["a"], hours=hour).changes] == [spare]


def test_sweeping_leaves_others_alone(ec2, hour):
    run(ec2, [{"name": "a"}], fleet="theirs")
    ec2.add_eni([f"{BASE}::70"])
    assert sweep(ec2, hours=hour).changes == ()


def test_sweeping_notes_what_comes_into_use_meanwhile(ec2, hour):
    made = run(ec2, [{"name": "a"}, {"name": "b"}]).hosts

    def race(operation, request):
        if operation == "DeleteNetworkInterface" and "Attachment" not in ec2.enis[made["a"]["eni_id"]]:
            ec2.attach(made["a"]["eni_id"], "i-1")

    ec2.before = race
    report = sweep(ec2, hours=hour)
    assert [change.host for change in report.changes] == ["b"]
    assert report.notes == (f"a: {made['a']['eni_id']} came into use meanwhile; kept",)
