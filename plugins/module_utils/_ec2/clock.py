# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as a value that is passed in, so that a test can let an hour go by in no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone


def _utc() -> datetime:
    return datetime.now(timezone.utc)  # noqa: UP017 (UTC is of Python 3.11)


@dataclass(frozen=True)
class Clock:
    """``monotonic`` and ``sleep`` are in seconds; ``utc`` is the time of day, with its zone."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    utc: Callable[[], datetime] = _utc


def stamp(moment: datetime) -> str:
    """A moment as tags tell it: UTC, ISO 8601, ``2026-11-23T15:00:00Z``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017
