# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real modules of amazon.aws build a fleet against the endpoint, and have nothing to do the second time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vpclab.ec2 import Server

PLAYBOOK = Path(__file__).with_name("amazon_aws.yml")
ANSIBLE = shutil.which("ansible-playbook", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(ANSIBLE is None, reason="needs ansible-playbook beside the interpreter")


def play(server: Server, *options: str) -> dict[str, Any]:
    """Run the playbook; the module results by task, without those that were skipped."""
    environment = os.environ | {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "AKIDLAB0000000000000",
        "AWS_SECRET_ACCESS_KEY": "lab-secret-access-key",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    command = [str(ANSIBLE), "-i", "localhost,", str(PLAYBOOK), *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stdout + run.stderr
    tasks = json.loads(run.stdout[run.stdout.index("{") :])["plays"][0]["tasks"]
    results = {task["task"]["name"]: task["hosts"]["localhost"] for task in tasks}
    return {name: result for name, result in results.items() if not result.get("skipped")}


def changed(results: dict[str, Any]) -> set[str]:
    return {name for name, result in results.items() if result.get("changed")}


def test_amazon_aws_builds_a_fleet_and_is_idempotent(server: Server) -> None:
    """Check mode writes nothing, the first run makes everything, the second changes nothing."""
    play(server, "--check")
    assert server.topology().vpcs == ()

    assert changed(play(server)) == {
        "VPC",
        "Subnet",
        "Internet gateway",
        "Route table",
        "Security group",
        "Key pair",
        "Interface",
        "Instance on the interface that was made for it",
    }
    assert changed(play(server)) == set()
    (subnet,) = server.topology().subnets
    assert (str(subnet.ipv6), subnet.internet) == ("2600:1f18:47b:ca03::/64", True)
    (eni,) = server.topology().enis
    assert len(eni.addresses) == 1
    (told,) = server.topology().instances
    assert (told.name, told.image, told.http_tokens, told.user_data) == (
        "instance-1",
        "trixie",
        "required",
        b"#cloud-config",
    )
