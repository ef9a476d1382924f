# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks run where there is no EC2: an inventory of the test's own, and nobody's credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: Whatever a host is called, it is this machine: no test reaches another.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@dataclass(frozen=True)
class Run:
    """What one run of ansible-playbook said, errors and all, and its exit status."""

    said: str
    status: int


@pytest.fixture
def run_playbook(tmp_path: Path) -> Callable[..., Run]:
    """Runs a playbook from the test's folder: one of the clone by its path there, or these plays.

    The inventory: ``groups`` by name, ``shared`` for the variables of all hosts; ``local`` for localhost to be listed
    in it. ``variables`` are those of the command line.
    """

    def run(
        playbook: str | Sequence[Mapping[str, Any]],
        *flags: str,
        groups: Mapping[str, Any] | None = None,
        local: bool = True,
        shared: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Run:
        if not isinstance(playbook, str):
            (tmp_path / "play.yml").write_text(json.dumps(playbook))
            playbook = str(tmp_path / "play.yml")
        everything = {
            "hosts": {"localhost": {}} if local else {},
            "vars": {**HERE, **(shared or {})},
            "children": groups or {},
        }
        (tmp_path / "hosts.yml").write_text(json.dumps({"all": everything}))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
        environment |= {
            "PWD": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.yml", str(ROOT / playbook), *flags]
        done = subprocess.run(
            [*command, "-e", json.dumps(variables or {})],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Run(done.stdout + done.stderr, done.returncode)

    return run
