# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet costs each contender, and what of it was promised."""

from __future__ import annotations

import math
import resource
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .contenders import BLOCK, ENI, FLEET, LOOP, WHOLE, Contender, Fleet, eni_alone, run
from .endpoint import Endpoint
from .process import RunError
from .report import Bar, at_least, at_most

CONVERGED_CALLS = 8  # of the module, at BAR_HOSTS hosts
BAR_HOSTS = 100
FASTER = 20  # times the loop's converged wall time, at BAR_HOSTS hosts
# EC2 takes at most 200 values in a filter, and describe calls may be paged: what a "page" is to the bars.
PAGE = 200
# Two measurements of one processor time on a shared machine differ by this much; more is a rise.
NOISE = 1.1
# The playbook reads every host's ssh key from its console and keeps it in a tag. Neither of the others does, and what
# was promised is about interfaces and instances.
HOST_KEY_CALLS = ("GetConsoleOutput", "CreateTags")
# amazon.aws's loop has neither blocks nor prefixes.
NO_MODE = "no IPv6"


@dataclass(frozen=True)
class Run:
    """One run: wall seconds, processor seconds of its processes (the endpoint's are not in it), calls by EC2's name."""

    seconds: float
    processor: float
    calls: dict[str, int]

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())


@dataclass(frozen=True)
class Case:
    """One contender's first and converged run of one fleet; of the whole also what its ENIs are of a converged run."""

    contender: str
    mode: str
    hosts: int
    first: Run
    converged: Run
    enis: Run | None = None


def measure(name: str, contender: Contender, mode: str, hosts: int) -> Case:
    """Bring a fleet about on an endpoint of its own, then run the same again.

    :raises RunError: a run failed, or didn't leave what was asked for.
    """
    with Endpoint() as endpoint, tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        fleet = Fleet(hosts, mode, endpoint.url, endpoint.prepare(), Path(directory))
        wanted = (hosts, 0 if name == ENI else hosts)

        def once(command: Sequence[str]) -> Run:
            endpoint.forget_calls()
            began, used = time.perf_counter(), _used()
            run(command, fleet)
            done = Run(time.perf_counter() - began, _used() - used, endpoint.calls())
            there = endpoint.fleet_size(FLEET)
            if there != wanted:
                raise RunError(f"{name} left {there[0]} ENIs and {there[1]} instances, not {wanted[0]} and {wanted[1]}")
            return done

        command = contender(fleet)
        first, converged = once(command), once(command)
        # With their instances: these are read, too.
        enis = once(eni_alone(fleet)) if name == WHOLE else None
    return Case(name, mode, hosts, first, converged, enis)


def _used() -> float:
    """Processor seconds of all processes that were started here and have ended: the endpoint isn't one of them yet."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


COSTS = ("first: calls", "s", "converged: calls", "s")


def ratios(cases: Sequence[Case]) -> list[tuple[str, ...]]:
    """Every other contender's COSTS as multiples of the playbook's for as many hosts, in each mode that it has."""
    rows = []
    for mine in (case for case in cases if case.contender == WHOLE):
        for other in cases:
            modes = (mine.mode, NO_MODE)
            if other.contender in (ENI, WHOLE) or other.mode not in modes or other.hosts != mine.hosts:
                continue
            pairs = zip(_costs(other), _costs(mine), strict=True)
            rows.append(
                (
                    f"{other.contender}, {mine.mode}",
                    str(mine.hosts),
                    *(f"{theirs / ours:.1f}" for theirs, ours in pairs),
                )
            )
    return rows


def _costs(case: Case) -> tuple[float, float, float, float]:
    return case.first.total, case.first.seconds, case.converged.total, case.converged.seconds


def bars_of(cases: Sequence[Case]) -> list[Bar]:
    """Every promise that the measured cases can say something about."""
    bars: list[Bar] = []
    for mode in sorted({case.mode for case in cases}):
        eni = _series(cases, ENI, mode)
        whole = _series(cases, WHOLE, mode)
        for case in whole:
            if case.enis is not None and case.hosts == BAR_HOSTS:
                what = f"{mode}: converged calls of {ENI}, instances running, {case.hosts} hosts"
                bars.append(at_most(what, case.enis.total, CONVERGED_CALLS))
        for case in eni:
            limit = (1 if mode == BLOCK else 2) * case.hosts + 10
            bars.append(at_most(f"{mode}: first run's calls of {ENI}, {case.hosts} hosts", case.first.total, limit))
        for case in whole:
            keys = sum(case.first.calls.get(action, 0) for action in HOST_KEY_CALLS)
            what = f"{mode}: first run's calls of {WHOLE} but for ssh host keys, {case.hosts} hosts"
            bars.append(at_most(what, case.first.total - keys, 7 * case.hosts + 20))
        for series in (eni, whole):
            bars += [_constant(series[0], case) for case in series[1:]]
            bars += list(_falling(series))
        bars += _faster(cases, whole)
    return bars


def _series(cases: Iterable[Case], contender: str, mode: str) -> list[Case]:
    return sorted(
        (case for case in cases if case.contender == contender and case.mode == mode), key=lambda case: case.hosts
    )


def _constant(small: Case, large: Case) -> Bar:
    """The same converged calls for any number of hosts, but for pages of each."""
    pages = math.ceil(large.hosts / PAGE)
    limit = small.converged.calls
    met = all(number <= limit.get(action, 0) * pages for action, number in large.converged.calls.items())
    return Bar(
        f"{large.mode}: converged calls of {large.contender}, {large.hosts} hosts",
        str(large.converged.total),
        f"{small.converged.total}, as with {small.hosts}" + (", but for pages" if pages > 1 else ""),
        met,
    )


def _falling(series: Sequence[Case]) -> Iterable[Bar]:
    """The cost of a host, in calls and in processor time, falls or stays from one size to the next.

    Wall time is in the table; on a shared machine it says as much about the neighbours.
    """
    for small, large in pairwise(series):
        for what, before, after, noise in (
            ("calls", small.first.total / small.hosts, large.first.total / large.hosts, 1.0),
            ("processor s", small.first.processor / small.hosts, large.first.processor / large.hosts, NOISE),
        ):
            yield Bar(
                f"{large.mode}: first run's {what} a host of {large.contender}, {large.hosts} hosts",
                f"{after:.3f}",
                f"at most {before:.3f}, as with {small.hosts}" + (" (and 10 % of noise)" if noise > 1 else ""),
                after <= before * noise,
            )


def _faster(cases: Iterable[Case], whole: Iterable[Case]) -> Iterable[Bar]:
    """The converged playbook against the converged loop, which the table holds once: it has no modes."""
    loops = [case for case in cases if case.contender == LOOP and case.hosts == BAR_HOSTS]
    for case in whole:
        for other in loops if case.hosts == BAR_HOSTS else []:
            ratio = other.converged.seconds / case.converged.seconds
            yield at_least(
                f"{case.mode}: converged {WHOLE} faster than the {LOOP}, {BAR_HOSTS} hosts", ratio, FASTER, " times"
            )
