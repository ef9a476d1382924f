# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify before it asks a host: hosts that its allocation lacks are refused, by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def verify(folder: Path, allocation: dict[str, Any]) -> str:
    """What the role says for the hosts web-1 and web-2, and one outside; none of them is ever reached."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    role = {"role": "ipv6.aws_containers.verify", "verify_allocation": allocation, "verify_output": ""}
    play = {"hosts": "all", "gather_facts": False, "roles": [role]}
    inside, outside = dict.fromkeys(("web-1", "web-2"), local), {"outside": local}
    (folder / "play.yml").write_text(json.dumps([play]))
    (folder / "hosts.yml").write_text(json.dumps({"container_hosts": {"hosts": inside}, "vantage": {"hosts": outside}}))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.yml", "play.yml"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0, done.stdout + done.stderr
    assert "Ask the host" not in done.stdout, done.stdout
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("allocation", "lacks", "got"),
    [
        ({}, "web-1, web-2", "no hosts"),
        ({"web-1": {"mac_address": "06:2b:1c:00:00:01"}}, "web-2", "web-1"),
        ({"web-1": {"mac_address": "06:2b:1c:00:00:01"}, "web-2": {}}, "web-2.mac_address", "web-1, web-2"),
    ],
)
def test_hosts_without_an_allocation_are_named_with_what_to_do(tmp_path, allocation, lacks, got):
    said = verify(tmp_path, allocation)
    assert f"verify_allocation: must say what every host of the play should have, but lacks {lacks}, got {got};" in said
    assert "eni_info" in said
    assert "into the group vantage" in said
