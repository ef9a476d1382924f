# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that plan, as a playbook uses them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.filter.fleet_plan import FilterModule
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._plan.pictured import (
    TEXT,
    description,
    interface,
    whole,
)

FILTERS = FilterModule().filters()
fleet_plan, subnet_description = FILTERS["fleet_plan"], FILTERS["subnet_description"]


def test_what_is_held_stays_and_the_rest_is_chosen() -> None:
    raw = description(interface("web-1", "::1:1", "::8/126"))
    plan = fleet_plan(raw, [{"name": "web-1"}, {"name": "web-2"}], subnet_id="subnet-a", tags={"Team": "web"})
    assert {host: each["host_address"] for host, each in plan["hosts"].items()} == {
        "web-1": whole("::1:1"),
        "web-2": whole("::4"),
    }
    assert set(plan) == {"hosts", "changes", "before", "after", "notes", "table", "maps"}


def test_an_empty_subnet() -> None:
    raw = subnet_description(TEXT, taken=["::4", "::1:0:0:0/80"])
    plan = fleet_plan(raw, {"web-1": None}, subnet_id="preview", security_groups=None, move=None, tags=None)
    assert plan["hosts"]["web-1"]["host_address"] == whole("::5")
    assert plan["hosts"]["web-1"]["container_prefix"] == whole("::2:0:0:0/80")


def test_a_subnet_that_is_yet_to_be_made() -> None:
    plan = fleet_plan({"schema": 1}, [{"name": "web-1", "subnet_id": "new:a"}])
    assert plan["hosts"]["web-1"]["container_prefix"] == "2001:db8:0:0:1::/80"
    assert list(plan["maps"]) == ["new:a"]


def test_everything_broken_is_said_at_once() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        fleet_plan({"schema": 1, "subnets": [{"id": ""}]}, [], fleet=7, move=[1])
    assert str(caught.value).splitlines() == [
        "ipv6.aws_containers.fleet_plan: 3 problems, nothing was changed:",
        "description.subnets[0].id: must be given, as text, got ",
        "fleet: must be text, got 7",
        "move[0]: must be text, got 1",
    ]


def test_what_cannot_be_planned_is_said() -> None:
    with pytest.raises(AnsibleFilterError, match=r"ipv6\.aws_containers\.fleet_plan: subnet_id: "):
        fleet_plan(description(), [{"name": "web-1"}], subnet_id="subnet-x")
    with pytest.raises(AnsibleFilterError, match=r"ipv6\.aws_containers\.subnet_description: subnet: must be"):
        subnet_description("2001:db8::/65")


def test_what_stands_in_the_way_of_an_inventory_is_data() -> None:
    full = description(reservations=[{"id": "scr-1", "subnet_id": "subnet-a", "cidr": TEXT}])
    hosts, declared = [{"inventory_hostname": "web-1"}], [{"name": "a"}]
    plan = FILTERS["inventory_plan"](full, hosts, "t3.micro", declared)
    assert len(plan["problems"]) == 2
    assert all(problem.startswith("hosts[web-1].") for problem in plan["problems"])
    assert (plan["hosts"], plan["table"], list(plan["maps"])) == ({}, [], ["a"])
    assert FILTERS["inventory_plan"](description(), hosts, "t3.micro", declared)["problems"] == []
    broken = FILTERS["inventory_plan"](7, hosts, "t3.micro", declared)
    assert broken["maps"] == {}
    assert broken["problems"][0].startswith("description: must be a dictionary")


def named(raw: object, *names: str) -> list[str]:
    hosts = [{"inventory_hostname": "web-1"}]
    plan = FILTERS["inventory_plan"](raw, hosts, "t3.micro", [{"name": name} for name in names])
    assert plan["problems"] == []
    return list(plan["maps"])


def test_maps_are_named_as_the_inventory_names_the_subnets() -> None:
    other = {"id": "subnet-b", "cidr": "2600:1f18:47b:ca04::/64", "vpc_id": "vpc-1"}
    two = description(names={"front": "subnet-a"})
    two["subnets"].append(other)
    assert named(two, "front") == ["front", "subnet-b"]
    assert named({"schema": 1}, "front") == ["front"]
    # Planned as one, it is neither's; a name that is another's id would take the place of its map.
    assert named(description(), "front", "back") == ["subnet-a"]
    assert named({**two, "names": {"subnet-b": "subnet-a"}}, "subnet-b") == ["subnet-a", "subnet-b"]
    # A preview is no subnet of the inventory's, and a file needs a name that can be one.
    assert named(subnet_description(TEXT), "front") == ["preview"]
    assert named({**two, "names": {"../front": "subnet-a"}}, "../front") == ["subnet-a", "subnet-b"]
    picture = FILTERS["inventory_plan"](two, [], "t3.micro", [{"name": "front"}])["maps"]["front"]
    assert f"<title>Map of front (subnet-a), {TEXT}</title>" in picture


def test_a_file_that_is_no_description() -> None:
    assert FILTERS["file_source"]("{}", "x.json") == {"description": {}, "problems": []}
    (problem,) = FILTERS["file_source"]("{", "x.json")["problems"]
    assert problem.startswith("plan_description: must be a file that plan_save wrote, got x.json, which is no JSON")
