# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks count as touching a host: the figure that is promised is only as good as this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLAY = [
    {
        "hosts": "one",
        "gather_facts": False,
        "tasks": [
            {"name": "module", "ansible.builtin.ping": {}},
            {"name": "loop", "ansible.builtin.ping": {}, "loop": [1, 2, 3], "when": "item != 2"},
            {"name": "skipped", "ansible.builtin.ping": {}, "when": False},
            {"name": "delegated", "ansible.builtin.ping": {}, "delegate_to": "localhost"},
            {"name": "assert", "ansible.builtin.assert": {"that": True}},
            {"name": "fact", "ansible.builtin.set_fact": {"x": 1}},
            {"name": "include", "ansible.builtin.include_tasks": "more.json"},
            {"name": "change", "ansible.builtin.command": "true"},
        ],
    }
]


def test_what_touches_a_host(tmp_path):
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    (tmp_path / "more.json").write_text(json.dumps([{"name": "included", "ansible.builtin.ping": {}}]))
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"one": here, "localhost": here}}}))
    said = tmp_path / "touched.json"
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.json", "play.json"],
        cwd=tmp_path,
        env=os.environ
        | {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "benchmarks" / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "touched",
            "TOUCHED_FILE": str(said),
        },
        check=True,
        timeout=120,
    )
    found = json.loads(said.read_text())
    touching = {entry["task"]: entry["runs"] for entry in found["tasks"] if entry["touches"]}
    assert touching == {"module": 1, "loop": 2, "included": 1, "change": 1}
    assert [entry["task"] for entry in found["tasks"] if entry["changed"]] == ["change"]
    assert found["hosts"]["one"]["changed"] == 1
