# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook plan.yml without EC2: from a description that was kept, and for a subnet that nobody made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._plan.pictured import (
    description,
    interface,
    whole,
)

HOSTS: dict[str, dict[str, Any]] = {
    "web-1": {"instance_type": "r5d.large"},
    "web-2": {"container_mode": "block", "container_count": 6, "instance_type": "r5d.large"},
    "web-3": {"subnet": "b"},
}
# Nothing answers there: an attempt to ask EC2 would fail.
NOWHERE = {
    "endpoint_url": "http://[::1]:9",
    "region": "us-east-1",
    "access_key": "of-nobody",
    "secret_key": "of-nobody",
}


@pytest.fixture
def run(run_playbook: Callable[..., Any]) -> Callable[..., str]:
    """Runs the playbook, and returns what it says."""

    def plan(*flags: str, hosts: dict[str, dict[str, Any]] = HOSTS, **variables: Any) -> str:
        shared = {"vpc_subnets": [{"name": "a"}, {"name": "b"}], "aws_containers_aws": NOWHERE}
        groups = {"container_hosts": {"hosts": hosts}}
        return run_playbook("playbooks/plan.yml", *flags, groups=groups, shared=shared, variables=variables).said

    return plan


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A description of a fleet of one host, with the names of its subnets."""
    raw = description(interface("web-1", "::1:1", "::8/126"), names={"a": "subnet-a", "b": "subnet-b"})
    raw["subnets"].append({"id": "subnet-b", "cidr": "2600:1f18:47b:ca04::/64", "vpc_id": "vpc-1"})
    path = tmp_path / "now.json"
    path.write_text(json.dumps(raw))
    return path


def test_from_a_description_that_was_kept(kept: Path, run: Callable[..., str]) -> None:
    said = run(plan_description="now.json", plan_save="again.json")
    assert "fleet default: 3 hosts in 2 subnets, 3 changes" in said
    words = [line.strip(' ",').split() for line in said.splitlines()]
    assert ["web-1", "subnet-a", whole("::1:1"), whole("::8/126"), "2", "eni-web-1", "none"] in words
    assert ["web-2", "subnet-a", whole("::4"), whole("::10/125"), "6", "new", "create"] in words
    six = ["2600:1f18:47b:ca04::4", "2600:1f18:47b:ca04:1::/80", "no", "limit", "new", "create,", "+1", "prefix"]
    assert ["web-3", "subnet-b", *six] in words
    assert json.loads((kept.parent / "again.json").read_text()) == json.loads(kept.read_text())
    for name in ("a", "b"):
        title = ElementTree.parse(kept.parent / "build" / f"plan-{name}.svg").getroot()[0]
        assert str(title.text).startswith(f"Map of {name} (subnet-{name}), 2600:1f18:47b:")


def test_a_check_writes_nothing(kept: Path, run: Callable[..., str]) -> None:
    before = sorted(kept.parent.iterdir())
    said = run("--check", plan_description="now.json", plan_save="again.json")
    assert "fleet default: 3 hosts in 2 subnets, 3 changes" in said
    assert "failed=0" in said
    assert sorted(path for path in kept.parent.iterdir() if path.name != "hosts.yml") == before


def test_in_a_subnet_that_nobody_made(tmp_path: Path, run: Callable[..., str]) -> None:
    said = run(plan_subnet="2001:db8::/64", plan_taken="::4,::1:0:0:0/80", aws_containers_assign="block")
    words = [line.strip(' ",').split() for line in said.splitlines()]
    assert ["web-1", "2001:db8::5", "2001:db8:0:0:2::/80", "no", "limit", "new", "create,", "+1", "prefix"] in words
    assert "the subnets a, b are planned as one, preview, the only one that is known" in said
    assert (tmp_path / "build" / "plan-preview.svg").is_file()


def test_a_full_subnet_is_refused_and_drawn(kept: Path, run: Callable[..., str]) -> None:
    raw = json.loads(kept.read_text())
    raw["reservations"] = [{"id": "scr-1", "subnet_id": "subnet-b", "cidr": "2600:1f18:47b:ca04::/64"}]
    kept.write_text(json.dumps(raw))
    said = run(plan_description="now.json", plan_output="maps")
    assert "hosts[web-3].container_prefix: no free aligned /80 in 2600:1f18:47b:ca04::/64" in said
    assert f"The maps in {kept.parent}/maps show who holds what." in said
    assert "fleet default: " not in said
    assert "reserved by others (scr-1)" in (kept.parent / "maps" / "plan-b.svg").read_text()


def test_every_mistake_is_said_at_once(kept: Path, run: Callable[..., str]) -> None:
    raw = json.loads(kept.read_text())
    raw["interfaces"][0]["addresses"].append("10.0.0.1")
    kept.write_text(json.dumps(raw))
    said = run(plan_description="now.json", aws_containers_move=[7], aws_containers_assign="all")
    for path in (
        "description.interfaces[eni-web-1].addresses[5]",
        "move[0]",
        "assign: must be block or containers",
    ):
        assert path in said
    assert "plan_subnet: must not be given together with plan_description" in run(
        plan_description="now.json", plan_subnet="2001:db8::/64"
    )


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        (
            {"plan_subnet": "2001:db8::/65", "plan_taken": "foo, ::9/126"},
            [
                "plan_subnet: must be as long as EC2's subnets are: /44 to /64 in steps of 4, got 2001:db8::/65",
                "plan_taken[0]: must be an IPv6 address, or a prefix such as ::8/126, got foo",
                "plan_taken[1]: must be aligned: a /126 around it begins at ::8/126, got ::9/126",
            ],
        ),
        (
            {"plan_description": "none.json"},
            ["plan_description: must be a file that plan_save wrote, got FOLDER/none.json, which can't be read"],
        ),
        (
            {"plan_description": "hosts.yml"},
            ["description.schema: must be 1, the version that is written today, got nothing"],
        ),
        (
            {"plan_subnet": "2001:db8::/64", "hosts": {"a": {"subnet": "c"}, "b": {"subnet": "d"}}},
            ["hosts[a].subnet: must be one of a, b, got c", "hosts[b].subnet: must be one of a, b, got d"],
        ),
    ],
)
def test_a_mistake_is_said_once_without_the_expressions_around_it(
    tmp_path: Path, variables: dict[str, Any], lines: list[str], run: Callable[..., str]
) -> None:
    said = run(**variables)
    for line in lines:
        assert said.count(line.replace("FOLDER", str(tmp_path))) == 2, "by the task, and as its result"
    assert "<<< caused by >>>" not in said
    assert "fleet default: " not in said


def test_containers_that_provision_would_refuse(tmp_path: Path, run: Callable[..., str]) -> None:
    one, other = {"name": "app", "image": "i"}, {"name": "db", "image": "i"}
    hosts = {
        "web-1": {"containers": [one, one]},
        "web-2": {"container_mode": "block", "containers": [one, other, {"name": "cache", "image": "i"}]},
        "web-3": {"containers": [one]},
    }
    said = run(hosts=hosts, plan_subnet="2001:db8::/64")
    assert "web-1.containers[app].name: must be one container's only" in said
    assert "web-2.containers: must be at most 2" in said
    assert "web-3" not in said
    assert "<<< caused by >>>" not in said
    assert "fleet default: " not in said
