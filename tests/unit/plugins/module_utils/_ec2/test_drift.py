# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed by hand, and what a run cut short left: each has one outcome."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import (
    CONTAINER_PREFIX,
    FLEET,
    HOST,
    HOST_ADDRESS,
)
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import refusal
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import (
    BASE,
    TUTORIAL,
    run,
)


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


def test_two_interfaces_that_claim_one_host(ec2):
    """Both are named, with who uses them, and nothing is changed."""
    eni_id = run(ec2, [{"name": "a"}]).hosts["a"]["eni_id"]
    other = ec2.add_eni([f"{BASE}::50"], tags=ec2.tags(eni_id), instance_id="i-1")
    ec2.calls.clear()
    with pytest.raises(PlanError) as caught:
        run(ec2, [{"name": "a"}])
    assert f"got {eni_id} (available) and {other} (used by i-1, which is running) for a" in str(caught.value)
    assert not ec2.writes()


def test_what_was_added_by_hand_goes_when_that_is_asked_for(ec2):
    eni_id = run(ec2).hosts["instance-1"]["eni_id"]
    ec2.enis[eni_id]["Ipv6Addresses"].append({"Ipv6Address": f"{BASE}::99"})
    ec2.enis[eni_id]["Ipv6Prefixes"].append({"Ipv6Prefix": f"{BASE}:9::/80"})
    report = run(ec2, purge=True)
    assert [change.action for change in report.changes] == ["unassign_addresses", "unassign_prefixes"]
    assert f"{BASE}::99" not in ec2.addresses(eni_id)
    assert ec2.prefixes(eni_id) == set()
    assert run(ec2).notes == ()


def test_an_interface_deleted_by_hand_is_made_anew(ec2):
    before = run(ec2).hosts
    del ec2.enis[before["instance-1"]["eni_id"]]
    after = run(ec2).hosts
    assert after["instance-1"]["eni_id"] != before["instance-1"]["eni_id"]
    assert after["instance-1"]["container_prefix"] == before["instance-1"]["container_prefix"]
    assert {name: host for name, host in after.items() if name != "instance-1"} == {
        name: host for name, host in before.items() if name != "instance-1"
    }


def test_the_interface_of_a_terminated_instance_is_used_again(ec2):
    before = run(ec2).hosts["instance-1"]
    ec2.attach(before["eni_id"], "i-1")
    ec2.instances["i-1"]["State"] = {"Name": "terminated"}
    ec2.detach(before["eni_id"])
    report = run(ec2)
    assert report.changes == ()
    assert report.hosts["instance-1"] == before


def detached(ec2, **instance):
    """A host's interface taken from its live instance by hand: its id."""
    eni_id = run(ec2, [{"name": "a"}]).hosts["a"]["eni_id"]
    ec2.launch("i-1", {FLEET: "default", HOST: "a"}, **instance)
    return eni_id


def test_a_detached_interface_goes_back_to_its_live_instance(ec2):
    eni_id = detached(ec2)
    ec2.attach(ec2.add_eni([f"{BASE}::70"]), "i-1", index=0)
    report = run(ec2, [{"name": "a"}])
    assert [change.action for change in report.changes] == ["attach_interface"]
    assert report.hosts["a"]["instance_id"] == "i-1"
    assert ec2.enis[eni_id]["Attachment"] == {"InstanceId": "i-1", "DeviceIndex": 1}
    assert run(ec2, [{"name": "a"}]).changes == ()


def test_a_detached_interface_is_not_forced_onto_a_full_instance(ec2):
    detached(ec2, kind="t3.micro")
    for index in range(2):
        ec2.attach(ec2.add_eni([f"{BASE}::7{index}"]), "i-1", index=index)
    with pytest.raises(PlanError, match=r"hosts\[a\]: .*t3.micro"):
        run(ec2, [{"name": "a"}])


def test_a_fleets_name_that_another_vpc_has(ec2):
    ec2.subnets["subnet-far"], ec2.vpcs["subnet-far"] = "2600:1f18:47b:cb00::/64", "vpc-2"
    run(ec2, [{"name": "far"}], subnet_id="subnet-far", groups=())
    with pytest.raises(PlanError, match=r"fleet: .*vpc-2"):
        run(ec2, [{"name": "a"}])
