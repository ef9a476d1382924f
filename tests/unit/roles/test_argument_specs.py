# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument specs say the same: the two drift in every collection where nobody looks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())


def load(path: Path):
    return yaml.safe_load(path.read_text()) if path.exists() else None


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_those_of_the_argument_specs(name):
    defaults = load(ROLES / name / "defaults" / "main.yml") or {}
    options = load(ROLES / name / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {key: value["default"] for key, value in options.items() if "default" in value} == defaults


@pytest.mark.parametrize("name", NAMES)
def test_public_variables_carry_the_roles_name_and_each_is_described(name):
    for specs in load(ROLES / name / "meta" / "argument_specs.yml")["argument_specs"].values():
        for key, option in specs["options"].items():
            assert key.startswith(f"{name}_"), key
            assert option["description"], key


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_shows_the_role_at_work(name):
    text = (ROLES / name / "README.md").read_text()
    assert f"ipv6.aws_containers.{name}" in text
    assert "```yaml" in text
