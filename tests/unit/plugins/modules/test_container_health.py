# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the host: it asks for all at once, as long as somebody may become ready, and no longer than it may."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker
from ansible_collections.ipv6.aws_containers.plugins.modules import container_health


def says(status, health=None):
    state = {"Status": status, "StartedAt": "2020-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z"}
    return {"State": {**state, "Health": {"Status": health, "Log": []}} if health else state, "RestartCount": 0}


HEALTHY, STARTING = says("running", "healthy"), says("running", "starting")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the module; ``scripts`` are what Docker answers of each container, one look after the other."""
    now = [0.0]
    monkeypatch.setattr(container_health.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(container_health.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)

    def call(scripts, timeout=10, **more):
        def get(path):
            if isinstance(scripts, Exception):
                raise scripts
            script = scripts[path.split("/")[2]]
            return script.pop(0) if len(script) > 1 else script[0]

        monkeypatch.setattr(docker, "get", get)
        names = [] if isinstance(scripts, Exception) else list(scripts)
        asked = {"containers": names or ["web"], "timeout": timeout, **more}
        with patch_module_args(asked), pytest.raises(SystemExit):
            container_health.main()
        return {**json.loads(capsys.readouterr().out), "waited": now[0]}

    return call


def test_who_is_ready_is_not_waited_for(run):
    said = run({"web": [HEALTHY], "worker": [says("running")]})
    assert (said["changed"], said["pending"], said["waited"]) == (False, False, 0)


def test_all_are_waited_for_at_once(run):
    said = run({"web": [STARTING] * 6 + [HEALTHY], "db": [STARTING] * 6 + [HEALTHY]})
    assert not said.get("failed")
    assert said["waited"] == pytest.approx(6 * container_health.PAUSE)


def test_it_waits_for_the_others_of_one_that_is_lost_and_tells_both(run):
    said = run({"web": [STARTING, STARTING, says("running", "unhealthy")], "gone": [None]}, timeout=3)
    assert said["waited"] == pytest.approx(3, abs=container_health.PAUSE)
    assert said["msg"].splitlines() == [
        "containers[gone]: must run, got absent",
        "containers[web]: must be healthy within 3 s, got running and unhealthy",
    ]


def test_one_that_is_lost_alone_is_not_waited_for(run):
    said = run({"web": [HEALTHY], "gone": [says("exited")]})
    assert (said["failed"], said["pending"], said["waited"]) == (True, False, 0)


def test_in_check_mode_it_neither_looks_nor_fails(run):
    said = run(docker.EngineError("no socket"), _ansible_check_mode=True)
    assert (said["changed"], said["containers"]) == (False, {})


def test_an_engine_that_does_not_answer(run):
    assert run(docker.EngineError("no socket"))["msg"] == "Docker does not answer: no socket"
