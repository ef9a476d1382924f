# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an inventory is judged by other cores, without Ansible, files, clock or network."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[5] / "plugins/module_utils/_inventory"
CORES = {"_plan", "_docker", "_dns"}
IMPURE = {"time", "datetime", "random", "secrets", "uuid", "os", "logging", "subprocess", "socket"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_only_cores_are_asked(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names - IMPURE
        elif isinstance(node, ast.ImportFrom) and node.level == 2:
            assert (node.module or "").partition(".")[0] in CORES
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").partition(".")[0] in sys.stdlib_module_names - IMPURE
