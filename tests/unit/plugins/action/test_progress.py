# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's progress on the screen: what is shown, when, and that everything else is as without the plugin."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from unittest import mock

import pytest
from ansible_collections.ipv6.aws_containers.plugins.action import eni, host_keys
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.progress import reporter
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils import _progress


@pytest.fixture
def shown(monkeypatch):
    """The lines on the screen."""
    lines = []
    monkeypatch.setattr(_progress.Display, "display", lambda self, line, *more, **settings: lines.append(line))
    return lines


@pytest.fixture
def action(monkeypatch):
    """Make a task's action; its module writes ``lines`` where it is told to, and answers with its arguments."""

    def make(lines=(), plugin=eni, transport="local", **task):
        settings = {"args": {"fleet": "f"}, "async_val": 0, "no_log": False, "check_mode": False, "diff": False, **task}
        connection = mock.Mock(transport=transport, has_native_async=False)
        made = plugin.ActionModule(SimpleNamespace(**settings), connection, mock.Mock(), None, None, None)

        def module(module_args, task_vars, wrap_async):
            report = reporter(lambda line: None, module_args.get("progress_file"))
            for line in lines:
                report(line)
            return {"changed": bool(lines), "given": module_args, "wrapped": bool(wrap_async)}

        monkeypatch.setattr(made, "_execute_module", module)
        monkeypatch.setattr(made, "_remove_tmp_path", lambda path: None)
        return made

    return make


def test_the_last_line_is_always_shown(action, shown):
    answer = action(["a: assign x to eni-1 (1 of 2)", "b: assign y to eni-2 (2 of 2)"]).run(task_vars={})
    assert shown == ["b: assign y to eni-2 (2 of 2)"]
    assert answer["changed"]
    assert not os.path.exists(answer["given"]["progress_file"])


def test_nothing_is_shown_when_nothing_is_done(action, shown):
    assert not action().run(task_vars={})["changed"]
    assert shown == []


@pytest.mark.parametrize(
    ("task", "wrapped"),
    [({"transport": "ssh"}, False), ({"async_val": 60}, True), ({"no_log": True}, False)],
    ids=["elsewhere", "in the background", "secret"],
)
def test_where_nothing_can_be_shown_the_module_runs_as_without_the_plugin(action, shown, task, wrapped):
    answer = action(["a (1 of 1)"], **task).run(task_vars={})
    assert answer["given"] == {"fleet": "f"}
    assert answer["wrapped"] is wrapped
    assert shown == []


def test_a_file_of_the_users_own_is_left_to_the_user(action, shown, tmp_path):
    path = str(tmp_path / "mine")
    action(["a (1 of 1)"], args={"progress_file": path}).run(task_vars={})
    assert shown == []
    assert (tmp_path / "mine").read_text() == "a (1 of 1)\n"


def test_a_module_that_breaks_leaves_no_file(action, shown, monkeypatch):
    made, paths = action(plugin=host_keys), []

    def module(module_args, **more):
        paths.append(module_args["progress_file"])
        raise RuntimeError("broken")

    monkeypatch.setattr(made, "_execute_module", module)
    with pytest.raises(RuntimeError, match="broken"):
        made.run(task_vars={})
    assert not os.path.exists(paths[0])


def test_lines_are_shown_while_they_come_and_a_half_one_waits(tmp_path):
    path = tmp_path / "progress"
    path.touch()
    seen, came = [], threading.Event()

    def show(line):
        seen.append(line)
        came.set()

    with path.open("a") as file, _progress.Follower(str(path), show, interval=0.01):
        file.write("one\ntwo\nthr")
        file.flush()
        assert came.wait(30)
        assert seen == ["two"]
        file.write("ee\n")
        file.flush()
    assert seen[-1] == "three"


def test_progress_that_can_not_be_written_does_not_stop_the_module(tmp_path):
    logged = []
    reporter(logged.append, str(tmp_path / "none" / "progress"))("line\nbroken  in two")
    assert logged == ["line broken in two"]
