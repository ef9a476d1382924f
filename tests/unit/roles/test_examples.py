# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the roles' READMEs are playbooks that Ansible reads, with variables that the roles have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).parents[3]
ROLES = ROOT / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if (path / "README.md").exists())
NAMESPACE = "ipv6.aws_containers."
#: Besides these, what an entry of `roles` has are the role's variables.
KEYWORDS = {"role", "tags", "when", "become", "vars"}
FLEET = ROOT / "docs" / "host-roles.md"
OF_THE_PLAY = ("prefix", "subnet", "network")


def playbooks(page: Path) -> list[list[dict[str, Any]]]:
    """A page's playbooks; it may show other YAML as well."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    loaded = [yaml.safe_load(block) for block in blocks]
    return [one for one in loaded if isinstance(one, list) and isinstance(one[0], dict) and "hosts" in one[0]]


def uses(play: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Roles of ours that a play uses, and the variables that it gives to each."""
    for entry in play.get("roles", ()):
        if isinstance(entry, str):
            entry = {"role": entry}
        given = {key: value for key, value in entry.items() if key not in KEYWORDS}
        yield entry["role"], {**given, **entry.get("vars", {}), **play.get("vars", {})}
    for task in play.get("tasks", ()):
        for verb in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if verb in task:
                yield task[verb]["name"], {**task.get("vars", {}), **play.get("vars", {})}


def wrong(name: str, given: dict[str, Any]) -> list[str]:
    specs = yaml.safe_load((ROLES / name / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    # Of what a template gives, the variable's name alone can be looked at.
    templated = {key for key, value in given.items() if key in options and str(value).startswith("{{")}
    result = ArgumentSpecValidator({key: value for key, value in options.items() if key not in templated}).validate(
        {key: value for key, value in given.items() if key not in templated}
    )
    return result.error_messages


@pytest.mark.parametrize("name", NAMES)
def test_an_example_gives_the_role_variables_that_it_has(name):
    used = used_well(ROLES / name / "README.md")
    assert NAMESPACE + name in used, f"roles/{name}/README.md must show the role in a playbook"


def test_the_host_roles_are_shown_together():
    assert used_well(FLEET) == [NAMESPACE + name for name in ("apt_mirrors", "netplan", "docker", "containers")]


def used_well(page: Path) -> list[str]:
    """The roles that a page's playbooks use, in order, each with variables that it has."""
    used = []
    for playbook in playbooks(page):
        for play in playbook:
            for role, given in uses(play):
                assert role.startswith(NAMESPACE), role
                # A play's variables that its roles only refer to are its own.
                own = {key: value for key, value in given.items() if key not in OF_THE_PLAY}
                assert wrong(role.removeprefix(NAMESPACE), own) == []
                used.append(role)
    return used


def test_a_variable_that_no_role_has_is_found():
    assert "docker_prefix" in wrong("docker", {"docker_prefix": "2001:db8::/80"})[0]
    assert wrong("docker", {"docker_hold": "perhaps"})


def test_ansible_reads_the_examples(tmp_path, run_playbook):
    """All at once: a start of Ansible takes longer than all of them."""
    paths = []
    for page in (*(ROLES / name / "README.md" for name in NAMES), FLEET):
        for at, playbook in enumerate(playbooks(page)):
            path = tmp_path / f"{page.parent.name}-{page.stem}-{at}.yml"
            path.write_text(yaml.safe_dump(playbook, sort_keys=False))
            paths.append(str(path))
    done = run_playbook(*paths, "--syntax-check")
    assert done.status == 0, done.said
    assert done.said.count("playbook: ") == len(paths) >= len(NAMES)


def roles_with_tags(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Each role that a playbook uses, and the tags by which it can be run alone: its own, or its play's."""
    for play in yaml.safe_load(path.read_text()):
        of_play = set(play.get("tags", ()))
        entries = [(one["role"], one.get("tags", ())) for one in play.get("roles", ())]
        for task in play.get("tasks", ()):
            used = task.get("ansible.builtin.import_role")
            if used:
                entries.append((used["name"], task.get("tags", ())))
        for role, tags in entries:
            yield role.removeprefix(NAMESPACE), of_play | set(tags)


def test_every_role_of_the_site_has_a_tag():
    """A host's role has its own name; those that make the fleet go by their playbook's."""
    found: dict[str, set[str]] = {}
    for name in ("provision", "configure", "verify"):
        for role, tags in roles_with_tags(ROOT / "playbooks" / f"{name}.yml"):
            found.setdefault(role, set()).update(tags)
    assert set(found) >= {path.name for path in ROLES.iterdir() if (path / "tasks").is_dir()}
    for role, tags in found.items():
        assert ({role} if role not in ("vpc", "instances") else {"provision"}) <= tags, role
