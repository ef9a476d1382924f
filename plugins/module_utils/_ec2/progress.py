# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where progress goes: the system's log, and a file that an action plugin follows."""

from __future__ import annotations

import threading
from collections.abc import Callable

Progress = Callable[[str], None]


class Tally:
    """Says what was done, and how much of all that is to be done: ``… (57 of 400)``. Not locked."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._done = 0
        self._total = 0

    def expect(self, more: int) -> None:
        """So many are still to be done."""
        self._total = self._done + more

    def done(self, what: object) -> None:
        """One is done."""
        self._done += 1
        self.progress(f"{what} ({self._done} of {self._total})")


def reporter(log: Progress, path: str | None) -> Progress:
    """A function that logs a line, and appends it to the file at ``path`` if there is one.

    A file that can't be written costs the progress, never the run.
    """
    lock = threading.Lock()

    def report(text: str) -> None:
        line = " ".join(text.split())
        with lock:
            log(line)
            if path:
                _append(path, line)

    return report


def _append(path: str, line: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError:
        pass
