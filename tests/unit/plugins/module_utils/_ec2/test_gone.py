# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of hosts that leave, and those that leaked."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import waiters
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import (
    remove,
    run,
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
