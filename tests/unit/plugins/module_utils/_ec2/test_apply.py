# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to calls: in phases, hosts side by side, with progress; what is gone already is no failure."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Api, Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.apply import apply
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.progress import Tally
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import read_address, read_block
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.changes import (
    ASSIGN_PREFIXES,
    ATTACH,
    CREATE,
    DELETE,
    GROUPS,
    RELEASE,
    RESERVE,
    UNASSIGN_ADDRESSES,
    UNASSIGN_PREFIXES,
    Change,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CREATED, FLEET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import GROUP, SUBNET
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import refusal
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import BASE, Hours

MADE = "2026-11-23T12:00:00Z"


def make(ec2, changes, tally=None):
    return apply(Ec2Api(ec2, Hours().clock()), "f", changes, {}, MADE, tally or Tally(lambda text: None))


def creation(host, address):
    return Change(CREATE, host, subnet_id=SUBNET, addresses=(read_address(address),), groups=(GROUP,), description="d")


def reservation(action, cidr, reservation_id=None):
    block, tags = read_block(cidr), {FLEET: "f"}
    return Change(action, "", subnet_id=SUBNET, prefixes=(block,), reservation_id=reservation_id, tags=tags)


def test_what_is_freed_is_free_before_anyone_takes_it(ec2):
    """The first in name order takes what the last gives up, many times over."""
    changes = []
    for number in range(0x10, 0x40):
        eni_id = ec2.add_eni([f"{BASE}::{number:x}", f"{BASE}::1:{number:x}"])
        address = read_address(f"{BASE}::{number:x}")
        changes.append(Change(UNASSIGN_ADDRESSES, f"z{number}", eni_id, addresses=(address,)))
        changes.append(creation(f"a{number}", f"{BASE}::{number:x}"))
    outcome = make(ec2, changes)
    assert outcome.conflicts == []
    assert outcome.done == sorted(changes)


def test_a_range_is_released_before_another_is_reserved_and_that_before_it_is_used(ec2):
    old = ec2.reserve(f"{BASE}:0:2::/96")["SubnetCidrReservationId"]
    changes = [
        creation("a", f"{BASE}:0:2::8"),
        reservation(RESERVE, f"{BASE}:0:2::/95"),
        reservation(RELEASE, f"{BASE}:0:2::/96", old),
    ]
    make(ec2, changes)
    assert ec2.writes() == ["DeleteSubnetCidrReservation", "CreateSubnetCidrReservation", "CreateNetworkInterface"]
    (made,) = ec2.reservations
    assert (made["Cidr"], made["ReservationType"]) == (f"{BASE}:0:2::/95", "explicit")
    assert made["Tags"] == [{"Key": FLEET, "Value": "f"}]


def test_an_interface_says_when_it_was_made(ec2):
    eni_id = make(ec2, [creation("a", f"{BASE}::8")]).created["a"]
    assert ec2.tags(eni_id)[CREATED] == MADE


def test_a_conflict_leaves_the_later_phases_undone(ec2):
    ec2.reserve(f"{BASE}:0:1::/96")
    outcome = make(ec2, [reservation(RESERVE, f"{BASE}:0:1::/96"), creation("a", f"{BASE}:0:1::8")])
    assert [conflict.error.code for conflict in outcome.conflicts] == ["InvalidParameterValue"]
    assert ec2.enis == {}


def test_a_conflict_leaves_the_hosts_later_changes_undone_and_no_other_hosts(ec2):
    ec2.add_eni([f"{BASE}::8"])
    prefix = Change(ASSIGN_PREFIXES, "a", prefixes=(read_block(f"{BASE}:1::/80"),))
    outcome = make(ec2, [creation("a", f"{BASE}::8"), prefix, creation("b", f"{BASE}::9")])
    assert [conflict.change.host for conflict in outcome.conflicts] == ["a"]
    assert [change.host for change in outcome.done] == ["b"]


def test_an_error_is_raised_once_every_host_of_the_phase_came_to_an_end(ec2):
    def fail(operation, request):
        if "a" in str(request.get("ClientToken")) and request["Ipv6Addresses"][0]["Ipv6Address"].endswith(":8"):
            raise refusal("SubnetFull", operation)

    ec2.before = fail
    with pytest.raises(Ec2Error, match="Could not create the network interface of a: SubnetFull"):
        make(ec2, [creation("a", f"{BASE}::8"), creation("b", f"{BASE}::9")])
    assert len(ec2.enis) == 1


def test_what_is_gone_already_needs_no_taking_away(ec2):
    changes = [
        Change(DELETE, "a", "eni-gone"),
        Change(UNASSIGN_ADDRESSES, "b", "eni-gone", addresses=(read_address(f"{BASE}::8"),)),
        Change(UNASSIGN_PREFIXES, "c", "eni-gone", prefixes=(read_block(f"{BASE}:1::/80"),)),
        reservation(RELEASE, f"{BASE}:0:1::/96", "scr-gone"),
    ]
    assert len(make(ec2, changes).done) == 4


def test_an_interface_goes_to_the_device_that_was_chosen(ec2):
    ec2.launch("i-1")
    eni_id = ec2.add_eni([f"{BASE}::8"])
    make(ec2, [Change(ATTACH, "a", eni_id, instance_id="i-1", device_index=1)])
    assert ec2.enis[eni_id]["Attachment"] == {"InstanceId": "i-1", "DeviceIndex": 1}


def test_progress_counts_across_phases_and_rounds(ec2):
    eni_id = ec2.add_eni([f"{BASE}::8", f"{BASE}::9"])
    said = []
    changes = [
        Change(UNASSIGN_ADDRESSES, "a", eni_id, addresses=(read_address(f"{BASE}::8"),)),
        Change(GROUPS, "a", eni_id, groups=(GROUP,)),
    ]
    tally = Tally(said.append)
    tally.expect(3)
    make(ec2, changes, tally)
    tally.expect(2)
    make(ec2, [creation("b", f"{BASE}::8")], tally)
    assert said == [
        f"a: unassign {BASE}::8 from {eni_id} (1 of 3)",
        f"a: put {eni_id} into {GROUP} (2 of 3)",
        f"b: create an interface in {SUBNET} with {BASE}::8 (3 of 4)",
    ]
