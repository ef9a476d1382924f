# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand between a client and the endpoint: each middleware takes a call and the rest of the way.

This is the single place for whatever is not EC2's logic: the call log, and the faults, which answer themselves, or
delay, drop or date back what the rest of the way answers.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from moto.core.request import Request

from vpclab.ec2.refusal import Refusal
from vpclab.ec2.route53 import wire
from vpclab.faults import ROUTE53, Bucket, Faults

_HIT = ("ec2", wire.SERVICE)
"""Services whose calls faults hit."""
_READS = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call before anybody has looked at its parameters; a read answers what was true ``lag`` seconds ago."""

    service: str
    action: str
    region: str
    request: Request
    lag: float = 0

    @property
    def reads(self) -> bool:
        """Whether the call changes nothing."""
        return self.action.startswith(_READS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    body: str
    content_type: str = "text/xml;charset=UTF-8"


class AnswerLost(ConnectionAbortedError):
    """The connection is to be closed without an answer."""


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


class FaultLine:
    """The faults in force, as middlewares; calls of EC2 and Route 53 alone are hit.

    ``clock`` and ``sleep`` count in seconds.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self.set(faults or Faults())

    def set(self, faults: Faults) -> None:
        """Replace the faults in force: chance begins anew at their seed, buckets are full, nobody was hit."""
        with self._lock:
            self.faults = faults
            self._random = Random(faults.seed)
            self._levels: dict[tuple[str, str], tuple[float, float]] = {}
            self._hits: Counter[str] = Counter()

    def hits(self) -> dict[str, int]:
        """How many calls each fault has hit since the faults were set."""
        with self._lock:
            return dict(sorted(self._hits.items()))

    def middlewares(self) -> tuple[Middleware, ...]:
        """The way through the faults, the outermost first: what is refused has waited, and is not lost as well."""
        return (self._delay, self._bucket, self._throttle, self._lose, self._lag)

    def _delay(self, call: Call, way: Way) -> Answer:
        if call.service in _HIT and self.faults.delay:
            self._hit("delay")
            self._sleep(self.faults.delay)
        return way(call)

    def _bucket(self, call: Call, way: Way) -> Answer:
        bucket = self.faults.reads if call.reads else self.faults.mutating
        key = (call.region, call.action)
        if call.service == wire.SERVICE and bucket is not None:
            bucket, key = ROUTE53, ("", call.service)
        if call.service in _HIT and bucket is not None and not self._token(bucket, key):
            raise _limit_exceeded("bucket", call.service)
        return way(call)

    def _throttle(self, call: Call, way: Way) -> Answer:
        if call.service in _HIT and self._chance("throttle", self.faults.throttle):
            raise _limit_exceeded("throttle", call.service)
        return way(call)

    def _lose(self, call: Call, way: Way) -> Answer:
        lost = call.service in _HIT and not call.reads and self._chance("lose", self.faults.lose)
        answer = way(call)
        if lost:
            raise AnswerLost(f"{call.action}: done, and its answer lost")
        return answer

    def _lag(self, call: Call, way: Way) -> Answer:
        if call.service == "ec2" and call.reads and self.faults.lag:
            self._hit("lag")
            call = replace(call, lag=self.faults.lag)
        return way(call)

    def _hit(self, fault: str) -> None:
        with self._lock:
            self._hits[fault] += 1

    def _chance(self, fault: str, share: float) -> bool:
        with self._lock:
            hit = share > 0 and self._random.random() < share
            self._hits[fault] += hit
            return hit

    def _token(self, bucket: Bucket, key: tuple[str, str]) -> bool:
        """Take a token of the bucket of this region and action, which fills up as time goes by."""
        with self._lock:
            now = self._clock()
            level, since = self._levels.get(key, (bucket.burst, now))
            level = min(bucket.burst, level + (now - since) * bucket.refill)
            served = level >= 1
            self._levels[key] = (level - served, now)
            self._hits["bucket"] += not served
            return served


def _limit_exceeded(fault: str, service: str) -> Refusal:
    """A service's answer to too many calls, with the HTTP status by which clients know it."""
    if service == wire.SERVICE:
        return Refusal("Throttling", f"Rate exceeded (the lab's fault '{fault}')")
    return Refusal("RequestLimitExceeded", f"Request limit exceeded. (the lab's fault '{fault}')", status=503)


def through(middlewares: tuple[Middleware, ...], end: Way) -> Way:
    """The way through all of these, the first one outermost, to ``end``."""
    way = end
    for middleware in reversed(middlewares):
        way = _step(middleware, way)
    return way


def _step(middleware: Middleware, way: Way) -> Way:
    return lambda call: middleware(call, way)
