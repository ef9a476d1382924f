# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a function inside a container's network namespace.

A thread enters the namespace and ends with the function, so that the module's own thread never leaves the host's.
Sockets made, processes started and ``/proc/sys/net`` read by that thread all belong to the namespace: the image
needs no tool of its own.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000  # linux/sched.h


def inside(pid: int | None, function: Callable[[], T]) -> T:
    """Return what ``function`` returns in the network namespace of process ``pid`` (``None``: where we are).

    Raises what ``function`` raises, and ``OSError`` when the namespace can't be entered (no such process, not root).
    """
    if pid is None:
        return function()
    outcome: dict = {}

    def work() -> None:
        try:
            _enter(pid)
            outcome["result"] = function()
        except Exception as error:  # handed to the caller's thread, below
            outcome["error"] = error

    thread = threading.Thread(target=work, name=f"netns-{pid}")
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def _enter(pid: int) -> None:
    """Move the calling thread into the network namespace of ``pid`` (``os.setns`` is in Python 3.12 and later only)."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, "setns: " + os.strerror(number), f"/proc/{pid}/ns/net")
    finally:
        os.close(descriptor)
