# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks derive from an inventory's variables."""

from __future__ import annotations

from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import inventory
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


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
    with pytest.raises(PlanError) as error:
        inventory.requests([host(subnet="c"), host("b", subnet="d"), host("e", subnet="a")], "t3.micro", {"a": "x"})
    assert str(error.value).splitlines()[1:] == [
        "hosts[a].subnet: must be one of a, got c",
        "hosts[b].subnet: must be one of a, got d",
    ]


def test_a_host_may_name_its_own_type_and_image():
    hosts = [host(instance_type="r5d.large"), host("b", image="ami-1")]
    assert inventory.launches(hosts, "t3.micro", "ssm:/x") == [
        {"name": "a", "type": "r5d.large", "image": "ssm:/x"},
        {"name": "b", "type": "t3.micro", "image": "ami-1"},
    ]


ALL, SOME = IPv6Network("::/0"), IPv6Network("2001:db8:5::/48")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("80/tcp", [("tcp", 80, 80, ALL)]),
        (80, [("tcp", 80, 80, ALL)]),
        ("53/UDP", [("udp", 53, 53, ALL)]),
        ("5000-5010/udp", [("udp", 5000, 5010, ALL)]),
        ({"port": 80}, [("tcp", 80, 80, ALL)]),
        (
            {"port": "80/tcp", "from": ["2001:db8:5::/48", "2001:db8:6::1"]},
            [("tcp", 80, 80, SOME), ("tcp", 80, 80, IPv6Network("2001:db8:6::1/128"))],
        ),
    ],
)
def test_ports_are_read_as_docker_writes_them_and_for_whom_they_are(value, expected):
    assert inventory.parse_ports([value], "x") == expected


@pytest.mark.parametrize(
    ("value", "where", "rule", "got"),
    [
        ("http", "", "must be a port like", "'http'"),
        ("0/tcp", "", "ports must rise within 1 to 65535", "'0/tcp'"),
        ("90-80", "", "ports must rise", "'90-80'"),
        ("80/sctp", "", "protocol must be one of", "'80/sctp'"),
        ("8080:80", "", "must be a port like", "'8080:80'"),
        ({"from": ["::/0"]}, ".port", "must be a port like", "None"),
        ({"port": 80, "form": ["::/0"]}, ".form", "must be port or from", "['::/0']"),
        ({"port": 80, "from": []}, ".from", "must be a list of IPv6 networks, or left out", "[]"),
        ({"port": 80, "from": "::/0"}, ".from", "must be a list of IPv6 networks, or left out", "'::/0'"),
        ({"port": 80, "from": ["::/0", "10.0.0.0/8"]}, ".from[1]", "must be an IPv6 network", "'10.0.0.0/8'"),
        ({"port": 80, "from": ["2001:db8::1/64"]}, ".from[0]", "must be an IPv6 network", "'2001:db8::1/64'"),
    ],
)
def test_a_bad_port_is_named_with_path_rule_and_value(value, where, rule, got):
    with pytest.raises(PlanError) as error:
        inventory.ingress_rules([host(containers=[{"ports": ["443", value]}])], "g", [], ["::/0"])
    said = str(error.value)
    assert said.startswith(f"a.containers[0].ports[1]{where}: {rule}")
    assert said.endswith(f", got {got}")


@pytest.mark.parametrize(
    ("ports", "at", "says"),
    [
        (["80/tcp", {"port": "80/tcp", "from": ["2001:db8::/32"]}], 1, "is open to everybody by x[0]: take one"),
        ([{"port": "80/tcp", "from": ["2001:db8::/32"]}, 80], 0, "is open to everybody by x[1]: take one"),
        ([{"port": 85, "from": ["2001:db8::/32", "2001:db9::/32"]}, "80-90"], 0, "is open to everybody by x[1]"),
        (
            [{"port": 80, "from": ["2001:db8::/32"]}, {"port": 80, "from": ["2001:db8:5::/48"]}],
            1,
            "is open to 2001:db8::/32 by x[0]",
        ),
        (["80/tcp", 443, "80"], 2, "is open to everybody by x[0]"),
        (["80-90/udp", "90-95/udp"], 1, "is open to everybody by x[0]"),
    ],
)
def test_a_port_that_another_entry_opens_anyway_is_refused(ports, at, says):
    """Whoever writes a restriction believes in it."""
    with pytest.raises(PlanError) as error:
        inventory.parse_ports(ports, "x")
    assert len(error.value.violations) == 1
    assert str(error.value).startswith(f"x[{at}]: {says}")
    assert str(error.value).endswith(f", got {ports[at]!r}")


def test_entries_for_different_senders_protocols_or_ports_stand_side_by_side():
    ports = [
        *(80, "80/udp", "81-90"),
        *({"port": 443, "from": ["2001:db8:5::/48"]}, {"port": 443, "from": ["2001:db8:6::/48"]}),
    ]
    assert len(inventory.parse_ports(ports, "x")) == 5


def test_every_bad_port_of_every_host_is_named_at_once():
    hosts = [host(containers=[{"ports": ["x", "y"]}]), host("b", containers=[{}, {"ports": "80/tcp"}])]
    with pytest.raises(PlanError) as error:
        inventory.ingress_rules(hosts, "g", ["10.0.0.0/8"], [])
    assert [violation.path for violation in error.value.violations] == [
        "vpc_ssh_from[0]",
        "a.containers[0].ports[0]",
        "a.containers[0].ports[1]",
        "b.containers[1].ports",
    ]


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


def only(*networks):
    return {"ports": [{"port": "443/tcp", "from": list(networks)}]}


@pytest.mark.parametrize(
    ("containers", "clients", "admitted"),
    [
        ([only("2001:db8:5::/48")], ["::/0"], ["2001:db8:5::/48"]),
        ([only("2001:db8:6::/64"), only("2001:db8:5::/64")], ["::/0"], ["2001:db8:5::/64", "2001:db8:6::/64"]),
        ([only("2001:db8:5::/64", "2001:db8:5:1::/64")], ["::/0"], ["2001:db8:5::/63"]),
        ([only("2001:db8:5::/64"), {"ports": [443]}], ["::/0"], ["::/0"]),
        ([only("2001:db8::/32")], ["2001:db8:7::/48", "2001:db9::/32"], ["2001:db8:7::/48"]),
        ([only("2001:db8:5::/64")], ["2001:db8:7::/48"], None),
    ],
    ids=["one", "union", "joined", "one is for anybody", "no more than the fleet's clients", "none of them"],
)
def test_from_narrows_the_groups_rule_for_that_port_alone(containers, clients, admitted):
    hosts = [host(containers=containers[:1]), host("b", containers=[*containers[1:], {"ports": ["80"]}])]
    rules = inventory.ingress_rules(hosts, "fleet", [], clients)
    assert {rule["from_port"]: rule["cidr_ipv6"] for rule in rules[1:]} == {
        80: clients,
        **({443: admitted} if admitted else {}),
    }


def test_without_networks_nothing_but_icmpv6_is_open():
    rules = inventory.ingress_rules([host(containers=[{"ports": ["80"]}])], "fleet", [], [])
    assert [rule["proto"] for rule in rules] == ["icmpv6"]


def test_an_ipv4_network_is_refused_with_its_path():
    with pytest.raises(PlanError, match=r"^vpc_ssh_from\[1\]: must be an IPv6 network"):
        inventory.ingress_rules([], "fleet", ["::/0", "192.0.2.0/24"], [])
