# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks derive from an inventory's variables."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import inventory


def host(name="a", **variables):
    return {"inventory_hostname": name, "ansible_connection": "ssh", **variables}


def test_a_request_carries_only_what_the_inventory_sets():
    """An unset key must stay unset: the module's own defaults decide, and a null would override them."""
    assert inventory.requests([host(host_address="::1:1", container_count=None), host("b")], "t3.micro") == [
        {"name": "a", "instance_type": "t3.micro", "host_address": "::1:1"},
        {"name": "b", "instance_type": "t3.micro"},
    ]


def test_a_host_names_its_subnet_and_the_module_gets_its_id():
    hosts = [host(subnet="b"), host("c")]
    assert inventory.requests(hosts, "t3.micro", {"a": "subnet-1", "b": "new:b"}) == [
        {"name": "a", "instance_type": "t3.micro", "subnet_id": "new:b"},
        {"name": "c", "instance_type": "t3.micro"},
    ]


def test_every_unknown_subnet_is_named_at_once():
    with pytest.raises(inventory.InventoryError) as error:
        inventory.requests([host(subnet="c"), host("b", subnet="d"), host("e", subnet="a")], "t3.micro", {"a": "x"})
    assert str(error.value).splitlines() == [
        "hosts[a].subnet: must be one of a, got c",
        "hosts[b].subnet: must be one of a, got d",
    ]


def test_a_host_may_name_its_own_type_and_image():
    hosts = [host(instance_type="r5d.large"), host("b", image="ami-1")]
    assert inventory.launches(hosts, "t3.micro", "ssm:/x") == [
        {"name": "a", "type": "r5d.large", "image": "ssm:/x"},
        {"name": "b", "type": "t3.micro", "image": "ami-1"},
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("80/tcp", ("tcp", 80, 80)),
        (80, ("tcp", 80, 80)),
        ("53/UDP", ("udp", 53, 53)),
        ("5000-5010/udp", ("udp", 5000, 5010)),
    ],
)
def test_ports_are_read_as_docker_writes_them(value, expected):
    assert inventory.parse_port(value, "x") == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("http", "must be a port like"),
        ("0/tcp", "within 1 to 65535"),
        ("90-80", "must rise"),
        ("80/sctp", "protocol"),
        ("8080:80", "must be a port like"),
    ],
)
def test_a_bad_port_is_named_with_path_rule_and_value(value, rule):
    with pytest.raises(inventory.InventoryError, match=rule) as error:
        inventory.ingress_rules([host(containers=[{"ports": ["443", value]}])], "g", [], ["::/0"])
    assert str(error.value).startswith("a.containers[0].ports[1]: ")
    assert repr(value) in str(error.value)


def test_only_what_is_declared_is_let_in():
    """A fleet's group opens ICMPv6 from itself and, once each, the declared ports."""
    hosts = [host(containers=[{"ports": ["80"]}, {"ports": ["80/tcp", "53/udp"]}, {}]), host("b")]
    rules = inventory.ingress_rules(hosts, "fleet", ["2001:db8::/64"], ["::/0"])
    assert [(rule["proto"], rule.get("cidr_ipv6"), rule.get("group_name")) for rule in rules] == [
        ("icmpv6", None, "fleet"),
        ("tcp", ["2001:db8::/64"], None),
        ("tcp", ["::/0"], None),
        ("udp", ["::/0"], None),
    ]


def test_without_networks_nothing_but_icmpv6_is_open():
    rules = inventory.ingress_rules([host(containers=[{"ports": ["80"]}])], "fleet", [], [])
    assert [rule["proto"] for rule in rules] == ["icmpv6"]


def test_an_ipv4_network_is_refused_with_its_path():
    with pytest.raises(inventory.InventoryError, match=r"^vpc_ssh_from\[1\]: must be an IPv6 network"):
        inventory.ingress_rules([], "fleet", ["::/0", "192.0.2.0/24"], [])
