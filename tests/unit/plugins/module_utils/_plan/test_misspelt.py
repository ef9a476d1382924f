# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable is refused; what is known, or a user's own, is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.misspelt import misspelt_problems

ROOT = Path(__file__).parents[5]


def host(name: str, *names: str, **variables: Any) -> dict[str, Any]:
    return {"inventory_hostname": name, **dict.fromkeys(names, "value"), **variables}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("container_cont", "container_count"),
        ("contianer_mode", "container_mode"),
        ("container-prefix", "container_prefix"),
        ("host_adress", "host_address"),
        ("container", "containers"),
        # The roles' own, which the playbooks set: an inventory's would be ignored.
        ("containers_count", "container_count"),
        ("aws_container_fleet", "aws_containers_fleet"),
        ("aws_containers_porge", "aws_containers_purge"),
    ],
)
def test_a_slip_names_the_host_and_what_was_meant(name: str, meant: str) -> None:
    (said,) = misspelt_problems([host("web-1"), host("web-2", name)], {})
    assert said == f"hosts[web-2]: must be spelt {meant}, or be listed in aws_containers_own_variables, got {name}"


def test_what_begins_as_the_collections_own_must_be_known() -> None:
    (said,) = misspelt_problems([], {"aws_containers_colour": "red"})
    assert said.startswith("localhost: must be one of aws_containers_fleet, aws_containers_aws, ")
    assert said.endswith(", got aws_containers_colour")


def test_a_name_that_many_hosts_have_is_said_once() -> None:
    hosts = [host(f"web-{number}", "host_adress") for number in range(3)]
    (said,) = misspelt_problems(hosts, {"host_adress": "value"})
    assert said.startswith("hosts[web-0]: ")
    assert said.endswith("got host_adress, as have 2 more hosts")


def test_names_of_a_users_own() -> None:
    hosts = [host("web-1", "container_registry", "container_name", "host_group", "image_tag", "ansible_host")]
    assert misspelt_problems(hosts, {}) == []
    listed = ["container_node", "aws_containers_colour"]
    hosts = [host("web-1", *listed, aws_containers_own_variables=listed)]
    assert misspelt_problems(hosts, {}) == []
    assert misspelt_problems([host("web-1", "container_node", aws_containers_own_variables="container_node")], {}) == []
    # Listed for another host is not listed.
    assert len(misspelt_problems([*hosts, host("web-2", "container_node")], {})) == 1


def test_every_name_that_the_playbooks_know_is_known() -> None:
    sources = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("inventory/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")]
    names = set(re.findall(r"\baws_containers_\w+", "".join(path.read_text() for path in sources)))
    assert len(names) > 10
    assert misspelt_problems([host("web-1", *names)], {}) == []
