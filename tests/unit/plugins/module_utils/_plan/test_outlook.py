# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is planned from a description, who holds what then, and the table of it."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import outlook
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.description import read_description
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.holdings import (
    CONTAINERS,
    RESERVED,
    holdings_in,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Desired
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.words import TIMES, many, natural, quantity
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._plan.pictured import (
    NETWORK,
    description,
    interface,
    whole,
)


def planned(raw: object, hosts: object, **options: Any) -> dict[str, Any]:
    return outlook.outlook(raw, hosts, **{"subnet_id": "subnet-a", **options})


def held(raw: dict[str, Any], hosts: object, **options: Any) -> dict[str, tuple[str, str, str]]:
    """Who holds what once the plan is carried out: by text of the block, relative to the subnet; all disjoint."""
    problems = Problems()
    observed = read_description(raw, problems)
    problems.raise_if_any()
    plan = plan_present(Desired("default", "subnet-a", hosts=hosts, **options), observed)
    found, end = {}, -1
    for holding in sorted(holdings_in(observed.subnets["subnet-a"], "default", plan, observed), key=position):
        if holding.kind != RESERVED:
            assert holding.block.first > end, holding
            end = holding.block.last
        relative = type(holding.block)(holding.block.first - NETWORK.first, holding.block.length)
        found[str(relative)] = (holding.kind, holding.state, holding.name)
    return found


position = attrgetter("position")
AWS = {"::/126": ("aws", "held", "AWS"), "::ffff:ffff:ffff:ffff": ("aws", "held", "AWS")}


def test_it_is_the_plan_that_the_module_makes() -> None:
    raw = description(interface("web-1", "::1:1", "::8/126"))
    hosts = [{"name": "web-1"}, {"name": "web-2", "instance_type": "t3.micro"}]
    problems = Problems()
    plan = plan_present(Desired("default", "subnet-a", hosts=hosts), read_description(raw, problems))
    shown = planned(raw, hosts)
    assert shown["changes"] == [change.to_dict() for change in plan.changes]
    assert (shown["before"], shown["after"]) == (plan.before, plan.after)
    assert {host: each["container_prefix"] for host, each in shown["hosts"].items()} == {
        "web-1": whole("::8/126"),
        "web-2": whole("::1:0:0:0/80"),
    }
    assert shown["hosts"]["web-1"]["eni_id"] == "eni-web-1"
    assert shown["hosts"]["web-2"]["eni_id"] is None
    assert list(shown["maps"]) == ["subnet-a"]


def test_what_is_there_and_what_is_planned() -> None:
    raw = description(
        interface("web-1", "::4", "::8/126"),
        interface("gone", "::5", "::2:0:0:0/80"),
        interface("db", "::6", "::10/126", fleet="other"),
        {"id": "eni-x", "subnet_id": "subnet-a", "description": "ELB", "addresses": [whole("::77")]},
        {"id": "eni-y", "subnet_id": "subnet-z", "addresses": ["2001:db8::1"]},
    )
    assert held(raw, [{"name": "web-1"}, {"name": "web-2"}]) == {
        **AWS,
        "::4": ("host", "held", "web-1"),
        "::8/126": ("containers", "held", "web-1"),
        "::5": ("host", "held", "gone"),
        "::2:0:0:0/80": ("containers", "held", "gone"),
        "::6": ("other", "held", "other/db"),
        "::10/126": ("other", "held", "other/db"),
        "::77": ("other", "held", "ELB"),
        "::7": ("host", "new", "web-2"),
        "::1:0:0:0/80": ("containers", "new", "web-2"),
    }


def test_what_a_mover_gives_up_and_what_others_take_of_it() -> None:
    raw = description(interface("web-1", "::4", "::8/126", "::99"), interface("web-2", "::5", "::c/126"))
    hosts = [
        {"name": "web-1", "container_mode": "block", "container_count": 5, "instance_type": "r5d.large"},
        {"name": "web-2"},
        *({"name": f"new-{number}"} for number in range(3)),
    ]
    found = held(raw, hosts, move=("web-1",), purge=True)
    assert found["::10/125"] == ("containers", "new", "web-1")
    assert found["::99"] == ("extra", "leaving", "web-1")
    # Two of the three new hosts' addresses were free before, the third is of the block that is given up.
    assert found["::8"] == ("host", "new", "new-2")
    assert (found["::9"], found["::a/127"]) == (("containers", "leaving", "web-1"),) * 2
    assert "::8/126" not in found


def test_reservations() -> None:
    reservations = [
        {"id": "scr-1", "subnet_id": "subnet-a", "cidr": whole("::5:0:0:0/80"), "type": "explicit"},
        {"id": "scr-2", "subnet_id": "subnet-a", "cidr": whole("::2:0:0/96"), "fleet": "default"},
    ]
    raw = description(reservations=reservations)
    kept = held(raw, [{"name": "web-1", "container_mode": "block"}])
    assert kept["::5:0:0:0/80"] == ("reserved", "held", "others")
    assert kept["::2:0:0/96"] == ("reserved", "held", "fleet default")
    assert kept["::2:0:0/126"] == ("containers", "new", "web-1")
    moved = held(raw, [{"name": "web-1", "container_mode": "block"}], reservation="::3:0:0/96")
    assert moved["::2:0:0/96"] == ("reserved", "leaving", "fleet default")
    assert moved["::3:0:0/96"] == ("reserved", "new", "fleet default")


def test_the_table() -> None:
    raw = description(interface("web-1", "::1:1", "::8/126"), interface("web-10", "::2:2", "::c/126", "::99"))
    hosts = [{"name": "web-10"}, {"name": "web-1"}, {"name": "web-2", "instance_type": "t3.micro"}]
    base = "2600:1f18:47b:ca03:"
    assert planned(raw, hosts)["table"] == [
        "fleet default: 3 hosts in 1 subnet, 2 changes",
        "",
        "host    host address             container prefix           containers  interface   changes",
        f"web-1   {base}:1:1  {base}:8/126  2           eni-web-1   none",
        f"web-2   {base}:4    {base}1::/80  no limit    new         create, +1 prefix",
        f"web-10  {base}:2:2  {base}:c/126  2           eni-web-10  none",
        "",
        f"web-10: eni-web-10 has {base}:99 besides its allocation; left as it is",
        "",
        "free once this is done                         /80     /124        /125        /126",
        f"subnet-a {base}:/64 (us-east-1a)  65,533  1.1 {TIMES} 10¹⁸  2.3 {TIMES} 10¹⁸  4.6 {TIMES} 10¹⁸",
    ]


def test_addresses_are_cut_where_the_lines_would_be_too_long() -> None:
    """Which subnet they are relative to is in the line."""
    raw = description(interface("web-1", "::1:1", "::8/126"))
    raw["subnets"].append({"id": "subnet-0123456789abcdef0", "cidr": "2600:1f18:47b:ca04::/64", "vpc_id": "vpc-1"})
    hosts = [{"name": "web-1"}, {"name": "web-2", "subnet_id": "subnet-0123456789abcdef0"}]
    lines = planned(raw, hosts)["table"]
    assert lines[3].split() == ["web-1", "subnet-a", "::1:1", "::8/126", "2", "eni-web-1", "none"]
    assert lines[4].split()[:4] == ["web-2", "subnet-0123456789abcdef0", "::4", "::1:0:0:0/80"]
    assert lines[5] == "(addresses are relative to the networks of their subnets, which are below)"
    assert max(map(len, lines)) <= 110


def test_the_table_counts_what_is_free_in_the_reservation_apart() -> None:
    lines = planned(description(), [{"name": "web-1", "container_mode": "block"}], reservation="::1:0:0/120")["table"]
    assert "subnet-a: reserve 2600:1f18:47b:ca03:0:1::/120" in lines
    inside, outside = (line.split("  ") for line in lines[-2:])
    assert inside[0] == "subnet-a 2600:1f18:47b:ca03:0:1::/120, the fleet's reservation"
    assert [cell.strip() for cell in inside if cell][1:] == ["0", "15", "31", "63"]
    assert outside[0].startswith("subnet-a 2600:1f18:47b:ca03::/64 (us-east-1a), outside of it")


def test_nothing_to_change() -> None:
    lines = planned(description(interface("web-1", "::1:1", "::8/126")), [{"name": "web-1"}])["table"]
    assert lines[0] == "fleet default: 1 host in 1 subnet, nothing to change"


def test_nobody_asked_for_is_still_a_map() -> None:
    shown = planned(description(), [])
    assert shown["table"][0] == "fleet default: 0 hosts in 0 subnets, nothing to change"
    assert list(shown["maps"]) == ["subnet-a"]


def test_limits_that_nobody_knows_are_not_checked_and_that_is_said() -> None:
    hosts = {"web-1": {"container_mode": "block", "instance_type": "t3.micro"}}
    raw = description()
    with pytest.raises(PlanError, match=r"t3\.micro"):
        planned(raw, hosts)
    del raw["instance_types"]
    shown = planned(raw, hosts)
    assert shown["hosts"]["web-1"]["container_prefix"] == whole("::8/126")
    assert "was not checked" in shown["notes"][-1]
    assert shown["notes"][-1] in shown["table"]


def test_every_broken_option_is_named_with_what_is_broken_in_the_description() -> None:
    raw = description(interface("web-1", "::1:1", "::8/126", status=7))
    with pytest.raises(PlanError) as caught:
        planned(raw, [], assign="all", purge="perhaps", move="web-1", tags=[], security_groups=[7], reservation=7)
    assert [violation.path for violation in caught.value.violations] == [
        "description.interfaces[eni-web-1].status",
        "assign",
        "security_groups[0]",
        "tags",
        "reservation",
        "purge",
        "move",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (65536, "65,536"),
        (9_999_999, "9,999,999"),
        (10_000_000, f"1.0 {TIMES} 10⁷"),
        (2**64 - 1, f"1.8 {TIMES} 10¹⁹"),
        (999 * 10**30, f"9.9 {TIMES} 10³²"),
    ],
)
def test_numbers(number: int, text: str) -> None:
    assert quantity(number) == text


def test_words() -> None:
    assert [many(1, "prefix"), many(2, "prefix"), many(3, "host"), many(0, "address")] == [
        "1 prefix",
        "2 prefixes",
        "3 hosts",
        "0 addresses",
    ]
    assert sorted(["b", "a10", "a2", "a2b1", "10"], key=natural) == ["10", "a2", "a2b1", "a10", "b"]


def idle(raw: dict[str, Any], hosts: object, **options: Any) -> dict[str, tuple[tuple[int, int], ...]]:
    """What of each block is not assigned once the plan is carried out: first and last, counted from the block's own."""
    observed = read_description(raw, Problems())
    plan = plan_present(Desired("default", "subnet-a", hosts=hosts, **options), observed)
    return {
        holding.host: tuple((first - holding.block.first, last - holding.block.first) for first, last in holding.idle)
        for holding in holdings_in(observed.subnets["subnet-a"], "default", plan, observed)
        if holding.kind == CONTAINERS
    }


def test_what_a_dense_block_has_unassigned() -> None:
    whole_block, delegated = interface("web-1", "::1:1", "::1:0:8/126"), interface("web-2", "::2:1", "::1:0:0:0/80")
    dense = {"name": "web-3", "container_mode": "block", "container_count": 3}
    hosts = [{"name": "web-1"}, {"name": "web-2"}, {"name": "web-4"}]
    assert set(idle(description(whole_block, delegated), hosts).values()) == {()}
    found = idle(description(whole_block, delegated), [*hosts, dense], assign="containers", reservation="::1:0:0/112")
    # web-1 gives up what its network and its bridge had.
    assert found == {"web-1": ((0, 1),), "web-2": (), "web-4": (), "web-3": ((0, 1), (5, 7))}


def test_what_a_host_has_that_nobody_asked_about() -> None:
    dense = interface("web-1", "::1:1", "::10/125")
    dense["tags"]["ipv6.aws_containers:container_count"] = "3"
    dense["addresses"] = [whole("::1:1"), whole("::12"), whole("::13"), whole("::14")]
    assert idle(description(dense), []) == {"web-1": ((0, 1), (5, 7))}
