# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's progress on the screen while it runs.

Ansible shows nothing of a module before it ends. The module writes lines to a file; here a thread reads them as they
come and shows the latest, about once a second.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

# Seconds between two looks, and so between two lines on the screen.
INTERVAL = 1.0


class Follower:
    """Shows the latest complete line of a growing file, every ``interval`` seconds and once more at the end.

    A context manager. A line that was overtaken by another is not shown; the last one always is.
    """

    def __init__(self, path: str, show: Callable[[str], None], interval: float = INTERVAL) -> None:
        self._path = path
        self._show = show
        self._interval = interval
        self._read = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _follow(self) -> None:
        while not self._ended.wait(self._interval):
            self._look()

    def _look(self) -> None:
        with open(self._path, "rb") as file:
            file.seek(self._read)
            complete, newline, _rest = file.read().rpartition(b"\n")
        if newline:
            self._read += len(complete) + 1
            self._show(complete.rpartition(b"\n")[2].decode("utf-8", "replace"))


class ProgressAction(ActionBase):
    """Runs the module of the task's own name as Ansible would without an action plugin, and shows its progress.

    Progress needs a file that both can reach, so it is shown where the module runs on the controller itself. It is not
    for tasks in the background (nobody waits for them) and for those whose output is secret.
    """

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        wrap_async = self._task.async_val and not self._connection.has_native_async
        with self._followed(bool(wrap_async)) as more:
            arguments = {**self._task.args, **more}
            answer = self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async)
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return merge_hash(result, answer)

    @contextmanager
    def _followed(self, background: bool) -> Iterator[dict[str, str]]:
        """The option that tells the module where to write, while that file is followed; none where nothing is shown."""
        elsewhere = self._connection.transport != "local"
        if elsewhere or background or self._task.no_log or self._task.args.get("progress_file"):
            yield {}
            return
        handle, path = tempfile.mkstemp(prefix="progress-", dir=C.DEFAULT_LOCAL_TMP)
        os.close(handle)
        try:
            with Follower(path, Display().display):
                yield {"progress_file": path}
        finally:
            os.unlink(path)
