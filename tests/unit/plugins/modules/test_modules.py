# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' mains: parameters in, one JSON document out, whatever happens; run as Ansible runs them."""

from __future__ import annotations

import json
import re

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils import modules as amazon
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import api
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.description import read_description
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import Problems
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Desired
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CREATED, HOST_KEY
from ansible_collections.ipv6.aws_containers.plugins.modules import eni, eni_info, host_keys, plan_info
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import (
    GROUP,
    NETWORK,
    SUBNET,
)
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import FakeEc2, refusal
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import Hours

BASE = NETWORK.removesuffix("::/64")
HOSTS = [{"name": "a", "container_mode": "block"}, {"name": "b", "instance_type": "t3.micro"}]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
CONSOLE = f"""
[   12.3] cloud-init[611]: -----BEGIN SSH HOST KEY KEYS-----
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI root@ip
{KEY} root@ip
-----END SSH HOST KEY KEYS-----
"""


@pytest.fixture
def ec2(monkeypatch):
    fake = FakeEc2()
    monkeypatch.setattr(amazon.AnsibleAWSModule, "client", lambda self, service, **settings: fake)
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    monkeypatch.setattr(api, "Clock", Hours().clock)
    return fake


@pytest.fixture
def run(ec2, capsys):
    """Run a module; the document that it prints."""

    def call(module, **parameters):
        with patch_module_args({"region": "us-east-1", **parameters}), pytest.raises(SystemExit) as caught:
            module.main()
        answer = json.loads(capsys.readouterr().out)
        assert bool(answer.get("failed")) == bool(caught.value.code)
        return answer

    return call


def present(run, **more):
    return run(eni, subnet_id=SUBNET, security_groups=[GROUP], hosts=HOSTS, **more)


def test_eni_makes_then_leaves(run):
    made = present(run)
    assert made["changed"]
    assert [(change["action"], change["host"]) for change in made["changes"]] == [
        ("create_interface", "a"),
        ("create_interface", "b"),
        ("assign_prefixes", "b"),
    ]
    assert made["changes"][2]["prefixes"] == [f"{BASE}:1::/80"]
    assert made["hosts"]["a"]["container_prefix"] == f"{BASE}::8/126"
    again = present(run)
    assert not again["changed"]
    assert again["hosts"] == made["hosts"]
    planned = made["diff"]["after"]
    for host in made["hosts"].values():
        planned = planned.replace("(to be created)", host["eni_id"], 1)
    assert again["diff"]["before"] == again["diff"]["after"]
    # When it was made is not known before.
    assert f"tag: {CREATED}=(time of creation)" in planned
    shown = re.sub(rf"({CREATED})=\d.*Z", r"\1=(time of creation)", again["diff"]["before"])
    assert shown == planned


def test_eni_in_check_mode(run, ec2):
    planned = present(run, _ansible_check_mode=True)
    assert planned["changed"]
    assert planned["hosts"]["a"]["eni_id"] is None
    assert ec2.enis == {}


def test_eni_reports_every_fault_with_path_rule_and_value(run, ec2):
    answer = run(eni, subnet_id="subnet-none", hosts=[{"name": "a", "container_mode": "x"}, {"name": "a"}])
    assert [violation["path"] for violation in answer["violations"]] == [
        "subnet_id",
        "hosts[a].container_mode",
        "hosts[a].name",
    ]
    assert "hosts[a].container_mode: must be block or prefix, got x" in answer["msg"]
    assert not ec2.writes()


def test_eni_tells_what_ec2_refused(run, ec2):
    def refuse(operation, request):
        raise refusal("UnauthorizedOperation", operation)

    ec2.before = refuse
    answer = present(run)
    assert answer["error_code"] == "UnauthorizedOperation"
    assert answer["msg"].startswith("Could not list the network interfaces tagged ")


def test_eni_warns_of_what_was_added_by_hand(run, ec2, monkeypatch):
    # Ansible's own warn goes elsewhere in a process that has imported its controller's side, as other tests do.
    said = []
    monkeypatch.setattr(eni, "warn", said.append)
    eni_id = present(run)["hosts"]["a"]["eni_id"]
    ec2.enis[eni_id]["Ipv6Addresses"].append({"Ipv6Address": f"{BASE}::99"})
    answer = present(run)
    assert not answer["changed"]
    assert [warning for warning in said if f"{BASE}::99" in warning]
    # Warnings in the result itself would be called deprecated on every run.
    assert not answer.get("deprecations")


def test_eni_absent(run, ec2):
    present(run)
    gone = run(eni, state="absent")
    assert gone["changed"]
    assert gone["hosts"] == {}
    assert ec2.enis == {}
    assert not run(eni, state="absent")["changed"]


def test_eni_tells_progress_to_a_file(run, tmp_path):
    path = tmp_path / "progress"
    made = present(run, progress_file=str(path))
    lines = path.read_text().splitlines()
    assert lines[-1] == f"b: assign {BASE}:1::/80 to {made['hosts']['b']['eni_id']} (3 of 3)"
    assert len(lines) == 3
    path.write_text("")
    present(run, progress_file=str(path))
    assert path.read_text() == ""


def test_eni_options_reach_the_plan(run, ec2):
    made = run(
        eni,
        subnet_id=SUBNET,
        hosts=[{"name": "a", "container_mode": "block", "container_count": 5}],
        assign="containers",
        reservation="::1:0:0/96",
    )
    assert made["reservations"] == {SUBNET: f"{BASE}:0:1::/96"}
    assert (made["hosts"]["a"]["container_count"], made["hosts"]["a"]["assign"]) == (5, "containers")
    moved = run(eni, hosts=[{"name": "a", "container_mode": "prefix"}], move=["a"], purge=True)
    assert [change["action"] for change in moved["changes"]] == [
        "unassign_addresses",
        "claim_prefix",
        "assign_prefixes",
    ]
    assert run(eni, hosts=[{"name": "a"}], move=["b"])["violations"][0]["path"] == "move"


def test_eni_refuses_a_subnet_yet_to_be_made_outside_check_mode(run, ec2):
    hosts = [{"name": "a"}]
    planned = run(eni, subnet_id="new:x", hosts=hosts, _ansible_check_mode=True)
    assert planned["hosts"]["a"]["subnet_id"] == "new:x"
    assert run(eni, subnet_id="new:x", hosts=hosts)["violations"][0]["path"] == "subnet_id"
    assert ec2.enis == {}


def test_eni_swept(run, ec2):
    present(run)
    assert "hosts" in run(eni, state="swept")["msg"]
    kept = run(eni, state="swept", hosts=[{"name": "a"}])
    assert not kept["changed"]
    assert any(note.startswith("b: ") for note in kept["notes"])
    for interface in ec2.enis.values():
        next(tag for tag in interface["TagSet"] if tag["Key"] == CREATED)["Value"] = "2026-11-23T11:59:50Z"
    swept = run(eni, state="swept", hosts=[{"name": "a"}], min_age=9, _ansible_check_mode=True)
    assert [change["host"] for change in swept["changes"]] == ["b"]


def test_eni_checks_its_own_arguments(run, ec2):
    assert "value of assign must be one of" in run(eni, subnet_id=SUBNET, hosts=HOSTS, assign="x")["msg"]


def test_plan_info_describes_what_a_plan_needs(run, ec2):
    """A plan from the description is the plan from EC2, in a constant number of calls and without a write."""
    present(run)
    ec2.calls.clear()
    asked = {"subnet_ids": [SUBNET, "new:x"], "security_groups": [GROUP], "instance_types": ["t3.micro"]}
    described = run(plan_info, **asked, _ansible_check_mode=True)
    assert not described["changed"]
    assert (len(ec2.calls), ec2.writes()) == (7, [])
    problems = Problems()
    observed = read_description(described["description"], problems)
    assert not problems
    assert sorted(observed.subnets) == [SUBNET]
    assert sorted(observed.types) == ["t3.micro"]
    plan = plan_present(Desired("default", SUBNET, (GROUP,), {}, [*HOSTS, {"name": "c"}]), observed)
    assert [(change.action, change.host) for change in plan.changes] == [
        ("create_interface", "c"),
        ("assign_prefixes", "c"),
    ]


def test_eni_info(run, ec2):
    made = present(run)["hosts"]["a"]
    ec2.attach(made["eni_id"], "i-1")
    ec2.instances["i-1"]["Tags"] = [{"Key": HOST_KEY, "Value": KEY}]
    ec2.calls.clear()
    answer = run(eni_info, hosts=["a", "never-was"])
    assert len(ec2.calls) == 3
    assert answer["missing"] == ["never-was"]
    told = answer["hosts"]["a"]
    assert {key: told[key] for key in made} == {**made, "instance_id": "i-1"}
    assert told["instance"] == {
        "instance_id": "i-1",
        "state": "running",
        "instance_type": "r5d.large",
        "image_id": "ami-1",
        "key_name": "admin",
        "http_tokens": "required",
        "host_key": KEY,
    }
    assert told["addresses"] == [f"{BASE}::{end}" for end in ("4", "8", "9", "a", "b")]
    assert told["prefixes"] == []
    assert told["security_groups"] == [GROUP]
    assert told["status"] == "in-use"
    assert list(run(eni_info)["hosts"]) == ["a", "b"]
    assert run(eni_info)["hosts"]["b"]["instance"] is None
    assert run(eni_info, subnet_id="subnet-other")["hosts"] == {}


def test_eni_info_of_a_fleet_that_is_not(run):
    answer = run(eni_info, fleet="none")
    assert (answer["hosts"], answer["missing"], answer["changed"]) == ({}, [], False)


def test_eni_info_when_two_interfaces_claim_one_host(run, ec2):
    eni_id = present(run)["hosts"]["a"]["eni_id"]
    other = ec2.add_eni([f"{BASE}::77"], tags=ec2.tags(eni_id))
    assert f"{eni_id} and {other}" in run(eni_info)["msg"]


@pytest.fixture
def instance(ec2):
    eni_id = ec2.add_eni([f"{BASE}::4"])
    ec2.attach(eni_id, "i-1")
    return ec2.instances["i-1"]


def test_host_keys_waits_for_the_console_and_keeps_the_key(run, ec2, instance):
    ec2.consoles["i-1"] = ["", "booting", CONSOLE]
    answer = run(host_keys, instance_ids=["i-1"])
    assert answer["keys"] == {"i-1": KEY}
    assert answer["changed"]
    assert instance["Tags"] == [{"Key": HOST_KEY, "Value": KEY}]
    ec2.calls.clear()
    again = run(host_keys, instance_ids=["i-1"])
    assert (again["keys"], again["changed"]) == ({"i-1": KEY}, False)
    assert ec2.count("GetConsoleOutput") == 0


def test_host_keys_in_check_mode_writes_no_tag(run, ec2, instance):
    ec2.consoles["i-1"] = [CONSOLE]
    answer = run(host_keys, instance_ids=["i-1"], _ansible_check_mode=True)
    assert answer["changed"]
    assert instance["Tags"] == []


def test_host_keys_on_a_type_that_has_no_latest_console(run, ec2, instance):
    ec2.consoles["i-1"] = [CONSOLE]

    def refuse(operation, request):
        if request.get("Latest"):
            raise refusal("UnsupportedOperation", operation)

    ec2.before = refuse
    assert run(host_keys, instance_ids=["i-1"])["keys"] == {"i-1": KEY}


def test_host_keys_says_what_it_saw_last(run, ec2, instance):
    ec2.consoles["i-1"] = ["x" * 42]
    answer = run(host_keys, instance_ids=["i-1"], wait_timeout=0)
    assert answer["msg"] == (
        "Timed out after 0 s waiting for host keys; last seen: "
        "i-1 is running, no key in the 42 characters on its console"
    )


def test_host_keys_of_an_instance_that_is_gone(run, ec2, instance):
    instance["State"]["Name"] = "terminated"
    answer = run(host_keys, instance_ids=["i-1", "i-2"])
    assert "instance_ids[0]: must be an instance that runs, got i-1, which is terminated" in answer["msg"]
    assert "instance_ids[1]: must be an instance that runs, got i-2, which is unknown to EC2" in answer["msg"]
