# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names containers get, which are refused, and which zone a name or an id means."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._dns import plain
from ansible_collections.ipv6.aws_containers.plugins.module_utils._dns.names import placed, wanted
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems

PATTERN = "{container}.{host}"


def found(containers, zone="example.com", pattern=PATTERN, network="routed"):
    problems = Problems()
    hosts = [{"host": "web-1", "network": network, "containers": containers}]
    names = wanted(problems, hosts, zone, pattern, "shop")
    problems.raise_if_any()
    return [one.name for one in names]


@pytest.mark.parametrize(
    ("dns", "pattern", "names"),
    [
        (None, PATTERN, ["front.web-1.example.com"]),
        (None, "{host}-{container}.{fleet}", ["web-1-front.shop.example.com"]),
        (None, "", []),
        ([], PATTERN, []),
        (["www", "A.b"], PATTERN, ["www.example.com", "a.b.example.com"]),
        (["www.example.com", "www.example.com."], PATTERN, ["www.example.com", "www.example.com"]),
        (["example.com"], PATTERN, ["example.com"]),
        (["notexample.com"], PATTERN, ["notexample.com.example.com"]),
        (["x" * 63], PATTERN, ["x" * 63 + ".example.com"]),
    ],
)
def test_names(dns, pattern, names):
    declared = {"name": "front"} if dns is None else {"name": "front", "dns": dns}
    assert found([declared], pattern=pattern) == names
    assert found([declared], pattern=pattern, zone="Example.COM.") == names


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"name": "front", "dns": "www"}, "web-1.containers[front].dns: must be a list of names, got 'www'"),
        ({"name": "front", "dns": [5]}, "web-1.containers[front].dns[0]: must be a name, got 5"),
        ({"name": "front", "dns": ["ok", ""]}, "web-1.containers[front].dns[1]: must be a name, got ''"),
        ({"name": "front", "dns": ["a_b"]}, "[front].dns[0]: must be made of labels of 1 to 63 letters, digits"),
        ({"name": "front", "dns": ["-a"]}, "must be made of labels"),
        ({"name": "front", "dns": ["a..b"]}, "must be made of labels"),
        ({"name": "front", "dns": ["*.a"]}, "must be made of labels"),
        ({"name": "front", "dns": ["x" * 64]}, "must be made of labels"),
        ({"name": "front", "dns": [".".join(["x" * 60] * 4)]}, "must have at most 236 characters"),
        ({"name": "front", "dns": ["www.other.test."]}, "must lie in the zone example.com, got www.other.test."),
        ({"name": "my_app"}, "web-1.containers[my_app] by dns_names {container}.{host}: must be made of labels"),
    ],
)
def test_names_that_are_refused(container, told):
    with pytest.raises(PlanError) as refused:
        found([container, {"name": "sound"}])
    (violation,) = refused.value.violations
    assert told in str(violation)


def test_docker0_has_no_names():
    assert found([{"name": "front"}], network="default_bridge") == []
    with pytest.raises(PlanError, match="must not be given on docker0"):
        found([{"name": "front", "dns": ["www"]}], network="default_bridge")


def test_a_pattern_with_an_unknown_placeholder():
    with pytest.raises(PlanError, match=r"dns_names: must have no placeholders but \{container\}, \{host\}, \{fleet\}"):
        found([{"name": "front"}], pattern="{name}.{host}")


def test_what_the_inventory_declares_is_checked_without_asking_anybody():
    variables = [
        {"inventory_hostname": "web-1", "containers": [{"name": "front", "image": "i", "dns": ["a_b"]}]},
        {"inventory_hostname": "web-2", "container_network": "default_bridge", "containers": [{"name": "front"}]},
        {"inventory_hostname": "web-3"},
        {"inventory_hostname": "web-4", "containers": ["front", {"image": "i", "dns": ["a_b"]}]},
    ]
    hosts = plain.declared(variables)
    (told,) = plain.check(hosts, "Z0123456789", PATTERN, "shop")
    assert told.startswith("web-1.containers[front].dns[0]: must be made of labels")
    (told,) = plain.check(hosts, "", PATTERN, "shop")
    assert "must not be given without dns_zone" in told


def test_containers_are_named_where_they_are():
    declared = [{"name": "front", "dns": ["www"]}, {"name": "api"}, {"name": "late"}]
    planned = [{"name": name, "address": f"2001:db8::{at}"} for at, name in enumerate(("front", "api", "late"), 1)]
    there = {
        "front": {"address": "2001:db8:0::1", "attached": True},
        "api": {"address": "2001:db8::9", "attached": True},
        "late": {"address": "2001:db8::3", "attached": False},
    }
    assert placed("web-1", declared, "routed", planned, there)["containers"] == [
        {"name": "front", "address": "2001:db8::1", "dns": ["www"]}
    ]
    assert [one["name"] for one in placed("web-1", declared, "routed", planned, None)["containers"]] == [
        "front",
        "api",
        "late",
    ]


def zone(key, name, private=False):
    return {"Id": f"/hostedzone/{key}", "Name": name, "Config": {"PrivateZone": private}}


def test_zones():
    zones = [zone("Z1", "example.com."), zone("Z2", "two.test."), zone("Z3", "two.test.", private=True)]
    assert plain.choose_zone(zones, "Example.com") == {"id": "Z1", "name": "example.com"}
    assert plain.choose_zone(zones, "/hostedzone/Z3") == {"id": "Z3", "name": "two.test"}
    assert plain.choose_zone(zones, "gone.test", optional=True) == {}
    with pytest.raises(PlanError, match=r"dns_zone: must be the id of .*, Z2 \(public\), Z3 \(private\), got two.test"):
        plain.choose_zone(zones, "two.test")
    with pytest.raises(PlanError, match=r"dns_zone: must be the id or the name of a hosted zone .*, got x\.test$"):
        plain.choose_zone(zones, "x.test")
