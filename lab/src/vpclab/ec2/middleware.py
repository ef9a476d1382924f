# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand between a client and the endpoint: each middleware takes a call and the rest of the way.

This is the single place for whatever is not EC2's logic: the call log today; throttling, late reads and lost answers
are further middlewares which answer themselves, or change, delay or drop what the rest of the way answers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from moto.core.request import Request


@dataclass(frozen=True, slots=True)
class Call:
    """One API call before anybody has looked at its parameters."""

    service: str
    action: str
    region: str
    request: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    body: str
    content_type: str = "text/xml;charset=UTF-8"


Way = Callable[[Call], Answer]
Middleware = Callable[[Call, Way], Answer]


class CallLog:
    """Counts calls by action, so that a test or a benchmark can say how many a run took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def __call__(self, call: Call, way: Way) -> Answer:
        """Count, and go on."""
        with self._lock:
            self._counts[call.action] += 1
        return way(call)

    def counts(self) -> dict[str, int]:
        """How often each action was called since the last reset."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def reset(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._counts.clear()


def through(middlewares: tuple[Middleware, ...], end: Way) -> Way:
    """The way through all of these, the first one outermost, to ``end``."""
    way = end
    for middleware in reversed(middlewares):
        way = _step(middleware, way)
    return way


def _step(middleware: Middleware, way: Way) -> Way:
    return lambda call: middleware(call, way)
