# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that the endpoint can be told to have: values, read from JSON or from flags. Pure.

``vpclab.ec2.middleware.FaultLine`` does them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: ``burst`` calls at once, then ``refill`` a second."""

    burst: float
    refill: float


MUTATING = Bucket(50, 5)
READS = Bucket(100, 20)
"""EC2's own buckets, of which each API action has one per region (EC2 Developer Guide, "Request throttling")."""
ROUTE53 = Bucket(5, 5)
"""Route 53's, one for all calls of an account (Route 53 Developer Guide, "Quotas"), wherever EC2 has one."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, and how often; the default is nothing.

    ``throttle`` is the share of calls refused without effect, ``lose`` that of the mutating calls which take effect
    and are not answered; ``lag`` and ``delay`` are seconds; ``mutating`` and ``reads`` are buckets, None for no limit.
    """

    throttle: float = 0.0
    lose: float = 0.0
    lag: float = 0.0
    delay: float = 0.0
    mutating: Bucket | None = None
    reads: Bucket | None = None
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The form that :func:`read_faults` reads."""
        buckets = {"mutating": self.mutating, "reads": self.reads}
        shown = {name: {"burst": b.burst, "refill": b.refill} for name, b in buckets.items() if b is not None}
        plain = {name: getattr(self, name) for name in (*_SHARES, *_SECONDS, "seed")}
        return plain | {"bucket": shown or False}


_SHARES = ("throttle", "lose")
_SECONDS = ("lag", "delay")
_LONGEST = 600
"""Seconds; longer than any client waits."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that can't be had: where it stands, the rule it breaks, the value given."""

    path: str
    rule: str
    value: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}, got {json.dumps(self.value)}"

    def to_dict(self) -> dict[str, Any]:
        """The problem as data."""
        return {"path": self.path, "rule": self.rule, "value": self.value}


class BadFaults(ValueError):
    """Everything that is wrong with a description of faults."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def parse_faults(text: bytes) -> Faults:
    """The faults that a JSON text describes; raises BadFaults."""
    try:
        described = json.loads(text)
    except ValueError as error:
        shown = text[:80].decode(errors="replace")
        raise BadFaults([Problem("faults", f"must be JSON ({error})", shown)]) from None
    return read_faults(described)


def read_faults(described: Any) -> Faults:
    """The faults that a mapping describes, all others off; raises BadFaults with all that is wrong."""
    if not isinstance(described, Mapping):
        raise BadFaults([Problem("faults", "must be an object", described)])
    reader = _Reader(described)
    faults = Faults(
        throttle=reader.number("throttle", 1),
        lose=reader.number("lose", 1),
        lag=reader.number("lag", _LONGEST),
        delay=reader.number("delay", _LONGEST),
        mutating=reader.bucket("mutating", MUTATING),
        reads=reader.bucket("reads", READS),
        seed=reader.seed(),
    )
    reader.refuse_unknown("", described, (*_SHARES, *_SECONDS, "bucket", "seed"))
    if reader.problems:
        raise BadFaults(reader.problems)
    return faults


class _Reader:
    """Reads one description, and gathers what is wrong with it."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self._described = described
        self.problems: list[Problem] = []
        bucket = described.get("bucket", False)
        self._buckets: Mapping[str, Any] | bool = False
        if isinstance(bucket, (bool, Mapping)):
            self._buckets = bucket
        else:
            self.problems.append(Problem("bucket", "must be true, false or an object", bucket))
        if isinstance(bucket, Mapping):
            self.refuse_unknown("bucket.", bucket, ("mutating", "reads"))

    def number(self, name: str, most: float) -> float:
        return self._number(name, self._described.get(name, 0), most)

    def seed(self) -> int:
        value = self._described.get("seed", 0)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.problems.append(Problem("seed", "must be an integer", value))
        return 0

    def bucket(self, name: str, usual: Bucket) -> Bucket | None:
        if isinstance(self._buckets, bool):
            return usual if self._buckets else None
        if name not in self._buckets:
            return None
        path, value = f"bucket.{name}", self._buckets[name]
        if not isinstance(value, Mapping) or not {"burst", "refill"} <= value.keys():
            self.problems.append(Problem(path, "must be an object with burst and refill", value))
            return None
        self.refuse_unknown(f"{path}.", value, ("burst", "refill"))
        return Bucket(*(self._number(f"{path}.{part}", value[part], 1e6) for part in ("burst", "refill")))

    def refuse_unknown(self, path: str, described: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in described:
            if name not in known:
                self.problems.append(Problem(f"{path}{name}", f"must be one of {', '.join(known)}", name))

    def _number(self, path: str, value: Any, most: float) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= most:
            return value
        self.problems.append(Problem(path, f"must be a number from 0 to {most:g}", value))
        return 0


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Let a command take faults as flags; :func:`from_flags` reads them."""
    group = parser.add_argument_group("faults", "also at run time: PUT /_lab/faults")
    for name, kind, text in (
        ("throttle", float, "share of the calls answered RequestLimitExceeded without effect, 0 to 1"),
        ("lose", float, "share of the mutating calls that take effect and are not answered, 0 to 1"),
        ("lag", float, "seconds that reads lag writes"),
        ("delay", float, "seconds that each call takes"),
        ("seed", int, "where chance begins"),
    ):
        group.add_argument(f"--{name}", type=kind, default=0, metavar="N", help=text)
    group.add_argument(
        "--bucket",
        type=json.loads,
        nargs="?",
        const=True,
        default=False,
        metavar="JSON",
        help="EC2's own limits for each action, 50 and 5/s, reads 100 and 20/s; or those of the JSON object",
    )


def from_flags(options: argparse.Namespace) -> Faults:
    """The faults that flags describe; raises BadFaults."""
    return read_faults({name: getattr(options, name) for name in (*_SHARES, *_SECONDS, "seed", "bucket")})
