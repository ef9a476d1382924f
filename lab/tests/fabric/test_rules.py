# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter says what source and destination check and the security groups say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Network

import pytest

from vpclab.fabric import rules
from vpclab.topology import Rule, SecurityGroup

BOTH = frozenset({"i-00000000000000001", "i-00000000000000002"})


def lines(world, topology=None, there=BOTH) -> list[str]:
    text = rules.ruleset(topology or world.topology, world.vpc, there)
    return [line.strip() for line in text.splitlines()]


def chain(found: list[str], name: str) -> list[str]:
    start = found.index(f"chain {name} {{")
    return found[start + 1 : found.index("}", start)]


def test_the_source_check_knows_addresses_and_prefixes(world) -> None:
    body = chain(lines(world), f"from-{world.two.id}")
    assert f"ether saddr != {world.two.mac} drop" in body
    assert "ip6 saddr { fe80::/10, 2600:1f18:47b:ca03::2:2, 2600:1f18:47b:ca03:5::/80 } accept" in body
    assert body[-1] == "counter drop"


def test_the_destination_check_has_no_link_local_exception(world) -> None:
    body = chain(lines(world), f"to-{world.two.id}")
    assert body[0] == "ip6 daddr { 2600:1f18:47b:ca03::2:2, 2600:1f18:47b:ca03:5::/80 } accept"
    assert body[-1] == "counter drop"


def test_the_checks_can_be_switched_off_as_on_ec2(world) -> None:
    topology = replace(world.topology, enis=(replace(world.one, source_dest_check=False), world.two))
    assert not [line for line in lines(world, topology) if f"from-{world.one.id}" in line]


def test_a_peer_group_stands_for_all_that_its_members_have(world) -> None:
    found = lines(world)
    start = found.index("set sg-00000000000000001-6 {")
    assert "2600:1f18:47b:ca03:5::/80" in found[start + 2]
    assert "ip6 saddr @sg-00000000000000001-6 meta l4proto ipv6-icmp accept" in chain(found, "sg-00000000000000001-in")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("tcp", 80, 80, (IPv6Network("::/0"),), ()), "ip6 saddr { ::/0 } tcp dport 80 accept"),
        (Rule("udp", 5, 9, (IPv6Network("2001:db8::/32"),), ()), "ip6 saddr { 2001:db8::/32 } udp dport 5-9 accept"),
        (Rule("-1", None, None, (IPv6Network("::/0"),), ()), "ip6 saddr { ::/0 } accept"),
        (Rule("icmpv6", 128, 0, (IPv6Network("::/0"),), ()), "ip6 saddr { ::/0 } icmpv6 type 128 icmpv6 code 0 accept"),
        (Rule("tcp", None, None, (IPv6Network("::/0"),), ()), "ip6 saddr { ::/0 } meta l4proto tcp accept"),
    ],
)
def test_each_protocol(world, rule: Rule, expected: str) -> None:
    group = SecurityGroup(world.group.id, world.group.vpc_id, (rule,), ())
    found = lines(world, replace(world.topology, groups=(group,)))
    assert chain(found, f"{group.id}-in") == [expected]


def test_no_rule_lets_nothing_in(world) -> None:
    empty = SecurityGroup(world.group.id, world.group.vpc_id, (), ())
    found = lines(world, replace(world.topology, groups=(empty,)))
    assert chain(found, f"{world.one.id}-in") == [f"jump {empty.id}-in", "counter drop"]
    assert chain(found, f"{empty.id}-in") == []


def test_a_subnet_without_a_route_to_the_gateway_is_shut_to_it(world) -> None:
    shut = replace(world.topology, subnets=(replace(world.subnet, internet=False),))
    assert "iifname igw drop" in chain(lines(world, shut), "routes")
    assert "iifname igw ip6 daddr != { 2600:1f18:47b:ca03::/64 } drop" in chain(lines(world), "routes")


def test_a_peer_group_of_another_vpc_is_no_error(world) -> None:
    rule = Rule("-1", None, None, (), ("sg-elsewhere", world.group.id))
    group = SecurityGroup(world.group.id, world.group.vpc_id, (rule,), ())
    found = lines(world, replace(world.topology, groups=(group,)))
    assert not [line for line in found if "sg-elsewhere" in line]


def test_the_hop_between_two_subnets_is_given_back(world) -> None:
    """Not within a subnet, where the router takes none, nor on the way out, where a gateway does."""
    other = replace(world.subnet, id="subnet-00000000000000002", ipv6=IPv6Network("2600:1f18:47b:ca04::/64"))
    found = lines(world, replace(world.topology, subnets=(world.subnet, other)))
    assert chain(found, "hops")[1:] == [
        'iifname "b000000000001" oifname != { "b000000000001", "igw" } jump whole',
        'iifname "b000000000002" oifname != { "b000000000002", "igw" } jump whole',
    ]
    (more,) = chain(found, "whole")
    assert "61 : 62, 62 : 63, " in more


def test_an_ipv6_only_subnet_has_no_rule_for_ipv4(native) -> None:
    found = lines(native)
    assert "ip6 saddr { fe80::/10, 2600:1f18:47b:ca03::2:2, 2600:1f18:47b:ca03:5::/80 } accept" in found
    assert not [line for line in found if line.startswith(("ip saddr 10.", "ip daddr 10.")) or "None" in line]
