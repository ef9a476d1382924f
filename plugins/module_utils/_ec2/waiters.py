# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting with an end: each wait reports progress, and a timeout says what was seen last."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from .clock import Clock
from .progress import Progress

_T = TypeVar("_T")


class WaitTimeout(Exception):
    """What was waited for did not come in time."""


def wait_for(
    what: str,
    look: Callable[[], tuple[_T | None, str]],
    timeout: float,
    progress: Progress,
    clock: Clock,
    delay: float = 0.5,
    longest: float = 5.0,
) -> _T:
    """Call ``look`` until it returns a result other than ``None``; its second value says what it sees.

    ``timeout``, ``delay`` and ``longest`` are seconds; the pauses grow to ``longest`` and carry jitter, so that
    concurrent runs don't ask in step.

    :raises WaitTimeout: with the last thing seen.
    """
    end = clock.monotonic() + timeout
    seen = ""
    while True:
        result, now = look()
        if result is not None:
            return result
        if now != seen:
            progress(f"waiting for {what}: {now}")
            seen = now
        left = end - clock.monotonic()
        if left <= 0:
            raise WaitTimeout(f"Timed out after {timeout:g} s waiting for {what}; last seen: {seen}")
        clock.sleep(min(left, delay * random.uniform(0.75, 1.25)))
        delay = min(longest, delay * 1.6)
