# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls of the house: who may import what, read off the sources themselves."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
LAB = ROOT / "lab" / "src"
OURS = "ansible_collections.ipv6.aws_containers.plugins"
STANDARD = sys.stdlib_module_names | {"__future__"}
# A clock, chance, the environment and logging would make the core's answers depend on more than what is asked.
IMPURE = {"time", "datetime", "random", "secrets", "uuid", "os", "logging", "subprocess"}


def imports(path: Path) -> set[str]:
    """The full names of what a file imports; relative ones as names below the collection's plugins."""
    package = [*OURS.split("."), *path.relative_to(PLUGINS).with_suffix("").parts] if PLUGINS in path.parents else []
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


def sources(*folders: Path) -> list[Path]:
    """Every Python file below the folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def outside(path: Path, *allowed: str) -> set[str]:
    """The imports that are neither standard library nor below one of the allowed names."""
    return {
        name
        for name in imports(path)
        if name.partition(".")[0] not in STANDARD
        and not any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)
    }


def test_the_rooms_are_there():
    """A wall around a renamed folder would hold nothing."""
    assert sources(PLUGINS / "module_utils" / "_plan")
    assert sources(PLUGINS / "module_utils" / "_ec2")
    assert sources(LAB)


@pytest.mark.parametrize("path", sources(PLUGINS / "module_utils" / "_plan"), ids=names)
def test_the_core_is_pure(path):
    """Standard library only, and nothing that differs from run to run."""
    assert outside(path, f"{OURS}.module_utils._plan") == set()
    assert {name.partition(".")[0] for name in imports(path)} & IMPURE == set()


@pytest.mark.parametrize("path", sources(PLUGINS / "module_utils" / "_ec2"), ids=names)
def test_the_edge_knows_the_core_and_amazon_alone(path):
    utilities = "ansible_collections.amazon.aws.plugins.module_utils"
    assert outside(path, f"{OURS}.module_utils._plan", f"{OURS}.module_utils._ec2", "botocore", utilities) == set()


def test_translation_is_pure():
    path = PLUGINS / "module_utils" / "_ec2" / "translate.py"
    assert outside(path, f"{OURS}.module_utils._plan") == set()
    assert {name.partition(".")[0] for name in imports(path)} & IMPURE == set()


@pytest.mark.parametrize("path", sources(PLUGINS / "module_utils" / "_ec2"), ids=names)
def test_the_edge_never_receives_the_module(path):
    """Values in, values out: only a module's main exits."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    arguments = [
        argument.arg
        for node in nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    ]
    assert "module" not in arguments
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert attributes.isdisjoint({"fail_json", "fail_json_aws", "exit_json"})


@pytest.mark.parametrize("path", sources(PLUGINS / "filter"), ids=names)
def test_filters_never_touch_ec2(path):
    """They translate the core's errors, and run without credentials, network or boto3."""
    ours = (f"{OURS}.module_utils", f"{OURS}.plugin_utils._errors")
    assert outside(path, *ours, "ansible.errors", "ansible.module_utils") == set()
    assert not any(name.startswith(f"{OURS}.module_utils._ec2") for name in imports(path))


@pytest.mark.parametrize("path", sources(LAB), ids=names)
def test_the_lab_knows_nothing_of_the_collection(path):
    assert not any(name.startswith("ansible") for name in imports(path))


@pytest.mark.parametrize("path", sources(PLUGINS), ids=names)
def test_the_collection_knows_nothing_of_the_lab(path):
    assert not any(name.startswith(("vpclab", "moto", "pytest", "hypothesis")) for name in imports(path))


@pytest.mark.parametrize("path", sources(PLUGINS, LAB), ids=names)
def test_nothing_imports_tests(path):
    assert not any("tests" in name.split(".") for name in imports(path))
