# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of netplan_static: who comes back, when, and what it says if nobody can."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.ipv6.aws_containers.plugins.action import netplan_static

ARMED = {"changed": True, "armed": True, "change_id": "present-1", "interface": "ens5"}
LOST = AnsibleConnectionFailure("no route to host")


class Controller(netplan_static.ActionModule):
    """The action on a host that answers with each of ``answers`` in turn; an exception is raised."""

    def __init__(self, *answers, check_mode=False, **arguments):
        self._task = SimpleNamespace(args=arguments, check_mode=check_mode, async_val=0)
        self._connection = SimpleNamespace(reset=lambda: self.sent.append("reset"))
        self.answers, self.sent, self._supports_async = list(answers), [], False

    def _execute_module(self, module_args=None, task_vars=None):
        self.sent.append(module_args)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that only sleeping moves on."""
    now = [0.0]
    monkeypatch.setattr(netplan_static.ActionBase, "run", lambda self, tmp, task_vars: {})
    monkeypatch.setattr(netplan_static.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(netplan_static.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def test_a_change_is_confirmed_over_a_new_connection():
    controller = Controller(ARMED, {"changed": True, "armed": False}, store="/s", mac_address="x")
    assert controller.run() == {**ARMED, "armed": False}
    assert controller.sent == [None, "reset", {"store": "/s", "state": "confirmed", "change_id": "present-1"}]


def test_a_host_that_needs_time_is_tried_again():
    controller = Controller(ARMED, LOST, LOST, {"armed": False})
    assert controller.run() == {**ARMED, "armed": False}
    assert controller.sent.count("reset") == 3


def test_a_host_that_went_back_says_why():
    controller = Controller(ARMED, LOST, {"failed": True, "msg": "the configuration of before is back: because"})
    result = controller.run()
    assert result["failed"]
    assert result["msg"] == "the configuration of before is back: because"
    assert result["changed"], "it has changed, and changed back"


def test_a_host_that_never_comes_back_is_waited_for_no_longer_than_its_timer_and_its_recovery(clock):
    result = Controller(ARMED, LOST, revert_after=10).run()
    assert result["failed"]
    assert result["msg"] == "the host was not reached again within 70 s: no route to host"
    assert clock[0] == pytest.approx(70, abs=netplan_static.PAUSE)


@pytest.mark.parametrize(
    ("result", "check_mode"),
    [
        ({"changed": False, "armed": False}, False),
        ({"changed": True, "armed": True}, True),
        ({"failed": True, "msg": "refused", "armed": True}, False),
    ],
)
def test_nothing_to_confirm(result, check_mode):
    controller = Controller(result, check_mode=check_mode)
    assert controller.run() == result
    assert controller.sent == [None]
