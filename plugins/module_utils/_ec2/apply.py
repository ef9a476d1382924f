# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to calls, in phases: what frees ranges, what reserves them, then the hosts' own, hosts side by side.

Conflicts are collected instead of raised.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby

from .._plan.changes import CREATE, Change
from .api import Ec2Api, Ec2Error
from .codes import CONFLICTS
from .progress import Tally
from .verbs import VERBS, create

# Few enough not to outrun EC2's request rate by far, enough to hide its latency.
WORKERS = 8


@dataclass(frozen=True)
class Conflict:
    """A change that EC2 refused, perhaps because someone else was faster; ``eni_id`` is the interface it was for."""

    change: Change
    error: Ec2Error
    eni_id: str | None = None


@dataclass
class Outcome:
    """What came of the changes.

    ``created`` maps hosts to the ids of interfaces that EC2 returned.
    """

    done: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    created: dict[str, str] = field(default_factory=dict)


def client_token(fleet: str, change: Change, generation: int) -> str:
    """The token of a host's interface: the same for every run that makes it, so that EC2 lets one of them make it.

    The block is left out on purpose. Two runs that race for a host may have chosen different blocks for it; with one
    token for both, EC2 answers the slower one ``IdempotentParameterMismatch`` instead of giving the host a second
    interface. ``generation`` tells an interface that was deleted from its successor.
    """
    identity = "\0".join(("ipv6.aws_containers", fleet, change.host, str(change.subnet_id), str(generation)))
    return hashlib.sha256(identity.encode()).hexdigest()


def apply(
    api: Ec2Api, fleet: str, changes: Iterable[Change], generations: Mapping[str, int], made: str, tally: Tally
) -> Outcome:
    """Make the changes.

    A host's later changes are left out once one of its changes met a conflict, and so are later phases, which may
    count on what an earlier one was to free or reserve.

    ``made``: when the run's interfaces are made, as their tag says it; one moment for the run, so that a repeated
    request is the same.

    :raises Ec2Error: any refusal that is no conflict, after every host's work of the phase has come to an end.
    """
    return _Application(api, fleet, generations, made, tally).make(sorted(changes))


class _Application:
    """The state of one :func:`apply`, shared by its workers."""

    def __init__(self, api: Ec2Api, fleet: str, generations: Mapping[str, int], made: str, tally: Tally) -> None:
        self._api = api
        self._fleet = fleet
        self._generations = generations
        self._made = made
        self._tally = tally
        self._outcome = Outcome()
        self._errors: list[Ec2Error] = []
        self._lock = threading.Lock()

    def make(self, changes: list[Change]) -> Outcome:
        """Make them phase by phase, each one after the one before is complete."""
        outcome = self._outcome
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            for _phase, phase in groupby(changes, key=lambda change: change.phase):
                lines: dict[str, list[Change]] = {}
                for change in phase:
                    # A reservation is no host's: each is a line of its own.
                    lines.setdefault(change.host or f"/{change.subnet_id}/{change.reservation_id}", []).append(change)
                list(pool.map(self._work, lines.values()))
                if self._errors:
                    raise self._errors[0]
                if outcome.conflicts:
                    break
        outcome.done.sort()
        return outcome

    def _work(self, line: list[Change]) -> None:
        """A host's changes in order, up to the first that is refused."""
        for change in line:
            try:
                self._make(change)
            except Ec2Error as error:
                self._refused(change, error)
                return
            with self._lock:
                self._outcome.done.append(change)
                self._tally.done(replace(change, eni_id=self._eni_id(change)))

    def _make(self, change: Change) -> None:
        if change.action == CREATE:
            token = client_token(self._fleet, change, self._generations.get(change.host, 0))
            self._outcome.created[change.host] = create(self._api, change, token, self._made)
        else:
            VERBS[change.action](self._api, change, self._eni_id(change) or "")

    def _eni_id(self, change: Change) -> str | None:
        return change.eni_id or self._outcome.created.get(change.host)

    def _refused(self, change: Change, error: Ec2Error) -> None:
        with self._lock:
            if error.code in CONFLICTS:
                self._tally.progress(f"{change}: {error}")
                self._outcome.conflicts.append(Conflict(change, error, self._eni_id(change)))
            else:
                self._errors.append(error)
