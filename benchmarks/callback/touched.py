# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks of a run touch a host: those that need its connection, and run there.

Not those that are skipped, that include others, that are delegated to another host, or whose action plugin says itself
that it needs no connection (``set_fact``, ``assert``, …).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader

DOCUMENTATION = """
name: touched
type: aggregate
short_description: writes which tasks touched which host
description:
  - Writes JSON to the file that the environment variable E(TOUCHED_FILE) names.
  - C(tasks) has an entry for each host and task, C({host, task, role, touches, runs, changed, began, ended}). C(runs)
    is how often the action ran, once for each item of a loop that was not skipped; C(began) and C(ended) are seconds
    since the playbook was read.
  - C(hosts) is the recap, C({host - {ok, changed, failures, unreachable, skipped, …}}).
"""


class CallbackModule(CallbackBase):
    """Remembers when each host began a task, and at its end whether the task touched the host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "touched"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()
        self._began: dict[tuple[str, str], float] = {}
        self._tasks: list[dict[str, Any]] = []

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A host begins a task."""
        self._began[(host.get_name(), task._uuid)] = self._now()

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host has done a task."""
        self._end(result, _touches(result._task))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A host has failed at a task, which touched it nonetheless."""
        self._end(result, _touches(result._task))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host was tried."""
        self._end(result, _touches(result._task))

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A host was left alone."""
        self._end(result, False)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run has ended."""
        said = {"hosts": {host: stats.summarize(host) for host in sorted(stats.processed)}, "tasks": self._tasks}
        Path(os.environ["TOUCHED_FILE"]).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")

    def _now(self) -> float:
        return round(time.monotonic() - self._start, 4)

    def _end(self, result: Any, touches: bool) -> None:
        task, said = result._task, result._result
        host, now = result._host.get_name(), self._now()
        items = said.get("results", []) if task.loop is not None else [said]
        entry = {
            "host": host,
            "task": task.name or task.action,
            "role": task._role.get_name() if task._role else "",
            "touches": touches,
            "runs": sum(not item.get("skipped") for item in items) if touches else 0,
            "changed": bool(said.get("changed")),
            "began": self._began.pop((host, task._uuid), now),
            "ended": now,
        }
        self._tasks.append(entry)


def _touches(task: Any) -> bool:
    """Whether a task that ran needed its host. A module without an action plugin of its own does."""
    if task.delegate_to or isinstance(task, TaskInclude):
        return False
    plugin = action_loader.get(task.resolved_action or task.action, class_only=True)
    return plugin is None or plugin._requires_connection
