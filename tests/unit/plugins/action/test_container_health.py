# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long containers are waited for, and what is on the screen meanwhile."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ipv6.aws_containers.plugins.action import container_health
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.health import Seen

READY = {"changed": False, "pending": False}
LOST = {"failed": True, "pending": False, "msg": "containers[web]: must run, got exited"}


def pending(**seen):
    return {
        "failed": True,
        "pending": True,
        "msg": "?",
        "containers": {key: one.to_dict() for key, one in seen.items()},
    }


STARTING = pending(web=Seen("running", "starting"), db=Seen("running", settled=True))


class Controller(container_health.ActionModule):
    """The action on a host that answers with each of ``answers`` in turn, the last one again and again."""

    def __init__(self, *answers, timeout=12, clock=None):
        self._task = SimpleNamespace(args={"containers": ["web"], "timeout": timeout}, async_val=0, check_mode=False)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        self.answers, self.waits, self.clock = list(answers), [], clock

    def validate_argument_spec(self, argument_spec):
        return None, self._task.args

    def _execute_module(self, module_args=None, task_vars=None):
        self.waits.append(module_args["timeout"])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.clock[0] += module_args["timeout"] if answer.get("pending") else 0
        return dict(answer)

    def _remove_tmp_path(self, path):
        pass


@pytest.fixture
def clock(monkeypatch):
    """A clock that waiting alone moves on."""
    now = [100.0]
    monkeypatch.setattr(container_health.ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(container_health.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def shown(monkeypatch):
    lines = []
    monkeypatch.setattr(container_health, "Display", lambda: SimpleNamespace(display=lines.append))
    return lines


def test_who_is_ready_is_not_waited_for(clock, shown):
    controller = Controller(READY, clock=clock)
    assert controller.run(task_vars={"inventory_hostname": "one"}) == READY
    assert (len(controller.waits), shown) == (1, [])


def test_meanwhile_it_says_for_whom_it_waits(clock, shown):
    controller = Controller(STARTING, STARTING, READY, timeout=120, clock=clock)
    assert controller.run(task_vars={"inventory_hostname": "one"}) == READY
    assert shown == ["one: 1 of 2 containers are ready, waiting for web (running and starting)"] * 2


def test_it_waits_no_longer_than_asked_for_and_speaks_of_all_that_time(clock, shown):
    controller = Controller(STARTING, timeout=12, clock=clock)
    result = controller.run(task_vars={})
    assert sum(controller.waits) == 12
    assert result["failed"]
    assert result["msg"] == "containers[web]: must be healthy within 12 s, got running and starting"


def test_one_that_ended_is_not_waited_for(clock, shown):
    controller = Controller(LOST, clock=clock)
    assert controller.run(task_vars={}) == LOST
    assert len(controller.waits) == 1


def test_with_nought_it_looks_once(clock, shown):
    controller = Controller(STARTING, timeout=0, clock=clock)
    assert controller.run(task_vars={})["failed"]
    assert controller.waits == [0]
