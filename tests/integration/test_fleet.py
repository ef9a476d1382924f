# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration's fleet, after it: every way to run the site changes nothing, and a teardown leaves nothing."""

from __future__ import annotations

import json
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
INVENTORIES = ("-i", "inventory/lab", "-i", "tests/integration/bookworm.yml")
HOSTS = {f"instance-{number}" for number in range(1, 6)}


def test_the_installed_name_runs_the_same_site_and_changes_nothing(playbook):
    run = playbook(*INVENTORIES, "ipv6.aws_containers.site")
    assert run.status == 0, run.output
    assert set(run.changed) >= HOSTS | {"localhost"}
    assert {host: changed for host, changed in run.changed.items() if changed} == {}


def test_check_mode_of_a_converged_site_announces_nothing(playbook):
    run = playbook(*INVENTORIES, "playbooks/site.yml", "--check", "--diff", "--skip-tags", "verify")
    assert run.status == 0, run.output
    assert {host: changed for host, changed in run.changed.items() if changed} == {}


def test_a_converged_configure_touches_a_host_by_few_tasks(playbook, monkeypatch, tmp_path):
    """A task is a round trip, whatever it finds: a fleet's run is as long as they are many."""
    said = tmp_path / "touched.json"
    monkeypatch.setenv("ANSIBLE_CALLBACK_PLUGINS", str(ROOT / "benchmarks" / "callback"))
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "touched")
    monkeypatch.setenv("TOUCHED_FILE", str(said))
    run = playbook(*INVENTORIES, "playbooks/configure.yml", "--limit", "instance-2,instance-3")
    assert run.status == 0, run.output
    assert run.changed == {"instance-2": 0, "instance-3": 0}
    touching = [task for task in json.loads(said.read_text())["tasks"] if task["touches"]]
    for host in run.changed:
        assert 10 <= len([task for task in touching if task["host"] == host]) <= 25, touching


def test_one_host_can_be_configured_alone(playbook):
    """An operator who repairs a host at night names that host, and nothing else."""
    run = playbook(*INVENTORIES, "playbooks/configure.yml", "--limit", "instance-3", "--tags", "containers")
    assert run.status == 0, run.output
    assert run.changed == {"instance-3": 0}


def test_an_address_removed_by_hand_is_given_back(ec2, playbook):
    eni = ec2.describe_network_interfaces(Filters=[{"Name": "tag:Name", "Values": ["instance-1"]}])[
        "NetworkInterfaces"
    ][0]
    removed = "2600:1f18:47b:ca03::a"
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni["NetworkInterfaceId"], Ipv6Addresses=[removed])
    run = playbook(*INVENTORIES, "playbooks/provision.yml", "--diff")
    assert run.status == 0, run.output
    assert removed in run.output
    assert run.changed["localhost"] == 1
    verified = playbook(*INVENTORIES, "playbooks/verify.yml")
    assert verified.status == 0, verified.output


@pytest.fixture
def their_vpc(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
    yield vpc
    ec2.delete_vpc(VpcId=vpc)


def test_a_teardown_leaves_nothing_and_touches_nothing_else(their_vpc, playbook, world):
    before = world()
    run = playbook(*INVENTORIES, "playbooks/teardown.yml")
    assert run.status == 0, run.output
    after = world()
    assert after["vpc"] == {their_vpc}
    assert [kind for kind in ("instance", "eni", "subnet", "gateway", "key") if after[kind]] == []
    assert [kind for kind in after if after[kind] - before[kind]] == [], "a teardown makes nothing"
    again = playbook(*INVENTORIES, "playbooks/teardown.yml")
    assert again.status == 0, again.output
    assert again.changed == {"localhost": 0}
