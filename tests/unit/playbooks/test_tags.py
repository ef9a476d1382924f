# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of site.yml by tag: what a tag leaves out asks for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_tag_of_a_role_leaves_provisioning_out(tmp_path):
    """Roles' arguments are checked whatever the tags, so these must be sound before anything was found in EC2."""
    inventory = {
        "all": {
            "hosts": {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}},
            "vars": {"vpc_ssh_from": ["2001:db8::/64"]},
            "children": {"container_hosts": {"hosts": {}}},
        }
    }
    (tmp_path / "hosts.yml").write_text(json.dumps(inventory))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            "hosts.yml",
            str(ROOT / "site.yml"),
            "--tags",
            "containers",
        ],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arg spec" in done.stdout, "the roles' arguments were checked"
