# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter container_plan: plain data in and out, errors as Ansible's."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.filter.containers import FilterModule

WHERE = {"prefix": "2001:db8::8/126", "subnet": "2001:db8::/64"}
WEB = {"name": "web", "image": "demo/web:1", "ports": [80]}
container_plan = FilterModule().filters()["container_plan"]
container_problems = FilterModule().filters()["container_problems"]


@pytest.mark.parametrize(
    ("engine", "network", "published"),
    [
        ("20.10.24", "routed", False),
        ("26.1.5", "routed", False),
        ("28.5.2", "routed", True),
        (None, "routed", True),
        ("28.5.2", "default_bridge", False),
    ],
)
def test_ports_are_published_where_docker_closes_the_others_and_always_declared(engine, network, published):
    plan = container_plan([WEB], **WHERE, network=network, observed={"engine": engine, "containers": {}})
    assert bool(plan["containers"][0]["options"]["published_ports"]) is published
    assert [one["ports"] for one in plan["declared"]] == [[80]]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            {"prefix": "2001:db8::9/126"},
            "^containers_prefix: must be aligned: a /126 around it begins at 2001:db8::8/126, got '2001:db8::9/126'$",
        ),
        ({"prefix": ""}, "^containers_prefix: must be an IPv6 prefix such as ::8/126, got ''$"),
        ({"prefix": None}, "^containers_prefix: must be an IPv6 prefix such as ::8/126, got None$"),
        (
            {"subnet": "10.0.0.0/8"},
            "^containers_subnet_cidr: must be an IPv6 prefix such as ::8/126, got '10.0.0.0/8'$",
        ),
        ({"network": "bridge"}, "^containers_network: must be one of routed, default_bridge, got bridge$"),
        ({"prefix": "2001:db8::9/128"}, "^containers_prefix: must be a /64 to /126, got 2001:db8::9/128$"),
        ({"count": "two"}, "^containers_count: must be a number from 0 on, got 'two'$"),
    ],
)
def test_of_where_they_run_path_rule_and_value(where, message):
    with pytest.raises(AnsibleFilterError, match=message):
        container_plan([WEB], **{**WHERE, **where})


def test_what_is_wrong_with_where_they_run_hides_nothing_of_what_is_wrong_with_them():
    with pytest.raises(AnsibleFilterError) as error:
        container_plan([{**WEB, "address": "::a", "user": []}, {"nmae": "x"}, "web"], prefix="", subnet="x")
    said = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in said[1:]] == [
        *("containers_prefix", "containers_subnet_cidr", "containers[web].user"),
        *("containers[1].nmae", "containers[1].image", "containers[1].name", "containers[2]"),
    ]


ALLOCATION = {
    name: {"container_prefix": prefix, "subnet_cidr": "2001:db8::/64"}
    for name, prefix in (("one", "2001:db8::8/126"), ("two", "2001:db8:0:0:1::/80"))
}


def test_a_whole_fleet_is_checked_at_once():
    """Before anything is made, and every host's problems in one error."""
    hosts = [{"inventory_hostname": "one", "containers": [WEB]}, {"inventory_hostname": "two"}]
    assert container_problems(hosts, ALLOCATION) == []
    hosts[0]["containers"] = [{**WEB, "ports": [{"port": 80, "from": ["::/0"]}]}]
    assert container_problems(hosts, ALLOCATION) == []
    hosts[0]["containers"] = [{**WEB, "ports": ["http", {"port": 80, "from": ["x"]}]}, {**WEB, "name": "b b"}]
    hosts[1]["container_network"] = "nat"
    said = container_problems(hosts, ALLOCATION)
    assert any(line.startswith("one.containers[web].ports[0]: ") and "http" in line for line in said)
    assert any(line.startswith("one.containers[web].ports[1].from[0]: ") and "'x'" in line for line in said)
    assert any(line.startswith("one.containers[1].name: ") and "b b" in line for line in said)
    assert "two.container_network: must be one of routed, default_bridge, got nat" in said


def test_only_assigned_addresses_are_given_and_allowed():
    """Where EC2 gave the host's containers fewer addresses than the prefix has, the allocation says how many."""
    where = {"prefix": "2001:db8::10/124", "subnet": "2001:db8::/64"}
    assert container_plan([WEB], **where, count=3)["containers"][0]["address"] == "2001:db8::12"
    with pytest.raises(
        AnsibleFilterError, match=r"containers\[web\].address: must be one of the addresses that are as"
    ):
        container_plan([{**WEB, "address": "::15"}], **where, count=3)
    assert container_plan([{**WEB, "address": "::15"}], **where, count=None)["containers"]
    allocation = {"one": {**ALLOCATION["one"], "container_count": 1}}
    hosts = [{"inventory_hostname": "one", "containers": [WEB, {**WEB, "name": "two"}]}]
    assert container_problems(hosts, allocation) == [
        "one.containers: must be at most 1, the containers that have addresses assigned in 2001:db8::8/126 "
        "(container_count), got 2"
    ]
