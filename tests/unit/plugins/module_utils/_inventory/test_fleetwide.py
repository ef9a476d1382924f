# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is set for a part of a fleet would be ignored, so it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._inventory.fleetwide import fleetwide_problems

RULE = "must be set for all hosts (group all), where localhost has"


def host(name: str, **variables: Any) -> dict[str, Any]:
    return {"inventory_hostname": name, **variables}


@pytest.mark.parametrize(
    ("localhost", "hosts"),
    [
        ({}, [host("a"), host("b", instance_type="r5d.large", subnet="a")]),
        ({"aws_containers_fleet": "shop"}, [host("a", aws_containers_fleet="shop")]),
        # Only provision reads it, and that on localhost.
        ({"vpc_ssh_from": ["::/0"]}, [host("a")]),
    ],
)
def test_nothing_is_ignored(localhost: dict[str, Any], hosts: list[dict[str, Any]]) -> None:
    assert fleetwide_problems(hosts, localhost) == []


@pytest.mark.parametrize(
    ("localhost", "hosts", "said"),
    [
        (
            {},
            [host("web-1", aws_containers_fleet="shop"), host("web-2")],
            f"hosts[web-1].aws_containers_fleet: {RULE} nothing, got shop",
        ),
        # The hosts' own plays would look for the fleet `default`.
        (
            {"aws_containers_fleet": "shop"},
            [host("web-1")],
            f"hosts[web-1].aws_containers_fleet: {RULE} shop, got nothing",
        ),
        (
            {"aws_containers_purge": False},
            [host(f"web-{number}", aws_containers_purge=True) for number in range(3)],
            f"hosts[web-0].aws_containers_purge: {RULE} False, got True, as have 2 more hosts",
        ),
        (
            {},
            [host("web-1", instances_type="r5d.large")],
            f"hosts[web-1].instances_type: {RULE} nothing (a single host has instance_type), got r5d.large",
        ),
        (
            {"aws_containers_aws": {"secret_key": "of-one"}},
            [host("web-1", aws_containers_aws={"secret_key": "of-another"})],
            f"hosts[web-1].aws_containers_aws: {RULE} a value that is not shown, got a value that is not shown",
        ),
    ],
)
def test_what_would_be_ignored_is_named(localhost: dict[str, Any], hosts: list[dict[str, Any]], said: str) -> None:
    assert fleetwide_problems(hosts, localhost) == [said]


def test_every_variable_is_named() -> None:
    hosts = [host("a", vpc_subnets=[{"name": "b"}]), host("b", aws_containers_assign="containers")]
    paths = [text.partition(":")[0] for text in fleetwide_problems(hosts, {})]
    assert paths == ["hosts[a].vpc_subnets", "hosts[b].aws_containers_assign"]
