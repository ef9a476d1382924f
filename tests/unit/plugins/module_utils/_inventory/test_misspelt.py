# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt variable is refused; what is known, or a user's own, is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._inventory.misspelt import OF_ROLES, misspelt_problems

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
        ("containers_prefix", "container_prefix"),
        ("containers_network", "container_network"),
        ("aws_container_fleet", "aws_containers_fleet"),
        ("aws_containers_porge", "aws_containers_purge"),
        ("vpc_subnet", "vpc_subnets"),
        ("dns_zoen", "dns_zone"),
        ("sweep_minage", "sweep_min_age"),
        ("docker_user", "docker_users"),
        ("docker_deamon_config", "docker_daemon_config"),
        ("netplan_adressing", "netplan_addressing"),
        ("verify_time_out", "verify_timeout"),
        ("apt_mirror_probe", "apt_mirrors_probe"),
        ("instance_tags", "instances_tags"),
        ("instance_typ", "instance_type"),
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


def test_the_roles_variables_are_those_that_their_specifications_have() -> None:
    specified = {}
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        points = yaml.safe_load(path.read_text())["argument_specs"].values()
        specified[path.parts[-3]] = {name for point in points for name in point.get("options", {})}
    assert {role: {f"{role}_{name}" for name in names.split()} for role, names in OF_ROLES.items()} == specified


def keys(node: Any) -> set[str]:
    """Every key of a YAML document, however deep: more than its variables."""
    below = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    return (set(map(str, node)) if isinstance(node, dict) else set()).union(*map(keys, below))


INVENTORIES = sorted(
    path
    for folder in ("inventory", "tests/integration", "extensions/molecule", "lab")
    for path in (ROOT / folder).rglob("*.yml")
    if {"group_vars", "host_vars"} & set(path.parts) or path.name in ("hosts.yml", "lab.yml")
)


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_own_inventories_have_no_slip(path: Path) -> None:
    names = keys(yaml.safe_load(path.read_text()))
    assert misspelt_problems([host("web-1", *names)], dict.fromkeys(names)) == []


def kept(node: Any) -> set[str]:
    """The names under which tasks keep something for later."""
    if isinstance(node, list):
        return set().union(*map(kept, node))
    if not isinstance(node, dict):
        return set()
    names = {node["register"]} if "register" in node else set()
    return names.union(node.get("ansible.builtin.set_fact", ()), *map(kept, node.values()))


def test_what_a_run_comes_to_know_is_no_slip() -> None:
    paths = [path for folder in ("playbooks", "roles") for path in (ROOT / folder).rglob("*.yml")]
    names = set().union(*(kept(yaml.safe_load(path.read_text())) for path in paths))
    assert {"vpc_result", "instances_result", "aws_containers_host", "__vpc_subnets"} <= names
    assert misspelt_problems([host("web-1", *names)], {"ansible_version": {}, "__dns_zone": "value"}) == []


def test_every_name_that_the_playbooks_know_is_known() -> None:
    sources = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("inventory/**/*.yml"), *ROOT.glob("roles/*/tasks/*.yml")]
    names = set(re.findall(r"\baws_containers_\w+", "".join(path.read_text() for path in sources)))
    assert len(names) > 10
    assert misspelt_problems([host("web-1", *names)], {}) == []
