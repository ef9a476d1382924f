# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further rules of a security group: what is there already is asked for once, and nothing else is lost."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.extra_rules import without_twice

OWN = [
    {"proto": "icmpv6", "from_port": -1, "to_port": -1, "group_name": "fleet"},
    {"proto": "tcp", "ports": [22], "cidr_ipv6": ["2001:db8:1::/64"]},
    {"proto": "tcp", "from_port": 8080, "to_port": 8080, "cidr_ipv6": ["2001:db8:53::/64"]},
]


def beside(*extra):
    rules = without_twice(OWN, list(extra))
    assert rules[: len(OWN)] == OWN
    return rules[len(OWN) :]


@pytest.mark.parametrize(
    "rule",
    [
        {"proto": "tcp", "ports": [8080], "cidr_ipv6": ["2001:db8:53::/64"]},
        {"proto": "tcp", "ports": "8080", "cidr_ipv6": "2001:db8:53::/64", "rule_desc": "mine"},
        {"ports": ["8080-8080"], "cidr_ipv6": "2001:db8:53:0::/64"},
        {"proto": "tcp", "from_port": "22", "to_port": "22", "cidr_ipv6": ["2001:db8:1::/64"]},
    ],
)
def test_what_the_fleet_has_anyway_is_not_asked_for_twice(rule):
    assert beside(rule) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"proto": "udp", "ports": [8080], "cidr_ipv6": ["2001:db8:53::/64"]},
        {"proto": "tcp", "ports": ["8080-8090"], "cidr_ipv6": ["2001:db8:53::/64"]},
        {"proto": "tcp", "ports": [8080], "cidr_ipv6": ["2001:db8::/32"]},
        {"proto": "tcp", "ports": [8080], "group_id": "sg-1"},
        {"proto": "tcp", "ports": ["http"], "cidr_ipv6": ["nonsense"]},
        {"proto": -1, "cidr_ip": "10.0.0.0/8"},
    ],
)
def test_what_it_has_not_goes_through_as_it_is(rule):
    assert beside(rule) == [rule]


def test_of_a_rule_that_repeats_in_part_the_rest_is_left():
    rule = {"proto": "tcp", "ports": [22, 8080], "cidr_ipv6": ["2001:db8:53::/64", "2001:db8:1::/64"], "rule_desc": "x"}
    assert beside(rule) == [
        {"proto": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv6": ["2001:db8:53::/64"], "rule_desc": "x"},
        {"proto": "tcp", "from_port": 8080, "to_port": 8080, "cidr_ipv6": ["2001:db8:1::/64"], "rule_desc": "x"},
    ]


def test_sources_of_another_kind_are_kept():
    rule = {"proto": "tcp", "ports": [22], "cidr_ipv6": ["2001:db8:1::/64"], "cidr_ip": ["10.0.0.0/8"]}
    assert beside(rule) == [{"proto": "tcp", "from_port": 22, "to_port": 22, "cidr_ip": ["10.0.0.0/8"]}]


def test_two_further_rules_that_are_alike_are_one():
    rule = {"proto": "tcp", "ports": [9000], "cidr_ipv6": ["::/0"]}
    assert beside(rule, {**rule, "rule_desc": "again"}) == [rule]
