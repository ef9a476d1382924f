# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks without EC2: the name of a fleet that only its hosts have is refused before EC2 is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("playbook", ["plan", "provision", "sweep", "teardown", "configure"])
def test_a_fleet_that_only_its_hosts_know(tmp_path: Path, playbook: str) -> None:
    inventory = {
        "all": {"children": {"container_hosts": {"hosts": {"web-1": {}}, "vars": {"aws_containers_fleet": "shop"}}}}
    }
    (tmp_path / "hosts.yml").write_text(json.dumps(inventory))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.yml", str(ROOT / "playbooks" / f"{playbook}.yml")],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    rule = "must be set for all hosts (group all), where localhost has nothing, got shop"
    assert f"hosts[web-1].aws_containers_fleet: {rule}" in said
    assert done.returncode == 2, said
    assert "ok=0" in said, "nothing came before it"
