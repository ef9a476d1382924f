# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others at work at the same time, reads that lag, refusals: one interface a host, nothing twice, nothing left."""

from __future__ import annotations

import random
import threading

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import apply as apply_module
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import fleet as fleet_module
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import waiters
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.fleet import Overtaken
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CONTAINER_PREFIX, FLEET, HOST
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import SUBNET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import refusal
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import (
    BASE,
    TUTORIAL,
    Hours,
    remove,
    run,
)


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


@pytest.mark.parametrize("later", [0, 3600])
def test_token_of_an_interface_deleted_since(ec2, later):
    """EC2 may answer with the interface that the token once made, or that the request is another: the next token."""
    ec2.keep_tokens_of_deleted = True
    hosts, hours = [{"name": "a"}], Hours()
    hours.sleep(later)
    old = run(ec2, hosts).hosts["a"]["eni_id"]
    remove(ec2)
    report = run(ec2, hosts, hours=hours)
    assert report.hosts["a"]["eni_id"] in ec2.enis
    assert report.hosts["a"]["eni_id"] != old
    assert len(ec2.enis) == 1


def test_a_later_run_does_not_see_yet_what_an_earlier_one_made(ec2):
    """Its request differs by when the interface is made, so EC2 refuses it; a read soon explains why."""
    first = run(ec2, [{"name": "a"}])
    ec2.lag, hours = 9, Hours()
    hours.sleep(3600)
    assert run(ec2, [{"name": "a"}], hours=hours).hosts == first.hosts
    assert ec2.count("CreateNetworkInterface") == 2
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


BLOCK = [{"name": "a", "container_mode": "block"}]
RANGE = f"{BASE}:0:1::/96"


@pytest.mark.parametrize("lag", [0, 4])
def test_another_run_reserves_first(ec2, lag):
    """One of two runs of a fleet makes the reservation, and both use it."""
    ec2.lag = lag

    def race(operation, request):
        if operation == "CreateSubnetCidrReservation" and not ec2.reservations:
            ec2.reserve(RANGE, [{"Key": FLEET, "Value": "default"}])

    ec2.before = race
    report = run(ec2, BLOCK, reservation="::1:0:0/96")
    assert report.hosts["a"]["container_prefix"] == f"{BASE}:0:1::/126"
    assert len(ec2.reservations) == 1


def test_somebody_else_reserves_first(ec2):
    """A range that others took is refused, before anything is assigned in it."""

    def race(operation, request):
        if operation == "CreateSubnetCidrReservation" and not ec2.reservations:
            ec2.reserve(RANGE)

    ec2.before = race
    with pytest.raises(PlanError, match="reservation: must overlap no other reservation"):
        run(ec2, BLOCK, reservation="::1:0:0/96")
    assert ec2.enis == {}


def test_someone_takes_what_was_pinned(ec2):
    """There is no other choice then, and the error does not say that nothing was changed."""

    def race(operation, request):
        if operation == "CreateNetworkInterface" and "/a" in request["Description"]:
            ec2.before = lambda operation, request: None
            ec2.add_eni([f"{BASE}::8", f"{BASE}::1:1"])

    ec2.before = race
    hosts = [{"name": "a", "container_prefix": "::8/126", "host_address": "::1:1"}, {"name": "b"}]
    with pytest.raises(Overtaken) as caught:
        run(ec2, hosts)
    text = str(caught.value)
    assert text.startswith("Others acted meanwhile, after 2 changes were made; now this is in the way:\nhosts[a].")
    assert "nothing was changed" not in text
    assert {change.host for change in caught.value.done} == {"b"}


def test_a_reservation_whose_answer_was_lost(ec2):
    """EC2 has no token for it: the repeated call is refused, and the range turns out to be ours."""
    lost = []

    def lose(operation, request):
        if operation == "CreateSubnetCidrReservation" and not lost:
            lost.append(operation)
            ec2.create_subnet_cidr_reservation(**request)

    ec2.before = lose
    report = run(ec2, BLOCK, reservation="::1:0:0/96")
    assert report.reservations == {SUBNET: RANGE}
    assert len(ec2.reservations) == 1


def test_an_attachment_whose_answer_was_lost(ec2):
    eni_id = run(ec2, [{"name": "a"}]).hosts["a"]["eni_id"]
    ec2.launch("i-1", {FLEET: "default", HOST: "a"})

    def lose(operation, request):
        if operation == "AttachNetworkInterface" and "Attachment" not in ec2.enis[eni_id]:
            ec2.attach(eni_id, "i-1")

    ec2.before = lose
    assert run(ec2, [{"name": "a"}]).hosts["a"]["instance_id"] == "i-1"
    assert ec2.count("AttachNetworkInterface") == 1


def test_what_was_to_be_unassigned_is_gone_in_part(ec2):
    """EC2 takes all of it or nothing; looking again tells what is left."""
    eni_id = run(ec2, BLOCK).hosts["a"]["eni_id"]
    ec2.enis[eni_id]["Ipv6Addresses"] += [{"Ipv6Address": f"{BASE}::{end}"} for end in ("98", "99")]

    def race(operation, request):
        if operation == "UnassignIpv6Addresses" and len(request["Ipv6Addresses"]) == 2:
            ec2.enis[eni_id]["Ipv6Addresses"].pop()

    ec2.before = race
    run(ec2, BLOCK, purge=True)
    assert len(ec2.addresses(eni_id)) == 5


def test_someone_takes_the_block_to_which_a_host_moves(ec2):
    run(ec2, BLOCK)
    taken = []

    def race(operation, request):
        if operation == "AssignIpv6Addresses" and not taken:
            taken.append(ec2.add_eni(request["Ipv6Addresses"]))

    ec2.before = race
    hosts = [{**BLOCK[0], "container_count": 6}, {"name": "b", "container_prefix": "::c/126"}]
    run(ec2, [hosts[1]], fleet="theirs")
    report = run(ec2, [hosts[0]], move=("a",))
    eni_id = report.hosts["a"]["eni_id"]
    assert len(ec2.addresses(eni_id)) == 9
    assert ec2.addresses(eni_id).isdisjoint(ec2.addresses(taken[0]))
    assert run(ec2, [hosts[0]]).changes == ()


@pytest.mark.parametrize("lag", [0, 12])
def test_bursts_of_throttling(ec2, lag):
    """Longer than botocore's own retries: every call is refused for half a minute, now and then."""
    ec2.lag, hours = lag, Hours()

    def throttle(operation, request):
        if hours.now % 60 >= 30:
            raise refusal("RequestLimitExceeded", operation)
        hours.sleep(1.5)

    ec2.before = throttle
    hosts = [{"name": f"h{number}"} for number in range(20)]
    run(ec2, hosts, hours=hours)
    assert len(ec2.enis) == 20
    assert run(ec2, hosts, hours=hours).changes == ()


def test_the_last_round_may_leave_nothing_to_do(ec2, monkeypatch):
    """Another run made the host while this one gave way: that is what was wanted."""
    monkeypatch.setattr(fleet_module, "ROUNDS", 1)

    def race(operation, request):
        ec2.before = lambda operation, request: None
        if operation == "CreateNetworkInterface":
            ec2.add_eni([f"{BASE}::4"])
            run(ec2, BLOCK)
        else:
            ec2.before = race

    ec2.before = race
    assert run(ec2, BLOCK).hosts["a"]["host_address"] == f"{BASE}::5"


def test_runs_that_meet_part_by_chance(ec2):
    """Between two rounds each waits a little, and not the same."""
    hours = Hours()

    def race(operation, request):
        if operation == "CreateNetworkInterface" and len(ec2.enis) < 3:
            ec2.add_eni([item["Ipv6Address"] for item in request["Ipv6Addresses"]])

    ec2.before = race
    run(ec2, BLOCK, hours=hours)
    assert 0 < hours.now < 2


def test_progress_counts_on_over_rounds(ec2):
    said = []

    def race(operation, request):
        if operation == "CreateNetworkInterface" and "/a" in request["Description"] and not ec2.enis.get("x"):
            ec2.enis["x"] = ec2.enis.pop(ec2.add_eni([item["Ipv6Address"] for item in request["Ipv6Addresses"]]))

    ec2.before = race
    run(ec2, [*BLOCK, {"name": "b", "container_mode": "block"}], progress=said.append)
    assert said[-1].startswith("a: create an interface")
    assert said[-1].endswith("(2 of 2)")
