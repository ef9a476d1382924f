# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's interfaces made so: observe, plan, apply, and again where someone else was faster."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from .._plan.addresses import Block, single
from .._plan.changes import ATTACH, UNASSIGN_ADDRESSES, UNASSIGN_PREFIXES, Change
from .._plan.errors import PlanError, Problems
from .._plan.model import Allocation, Desired, Interface, is_new_subnet
from .._plan.portrait import describe_host
from .._plan.reconcile import Plan, plan_present
from .._plan.tags import FLEET
from . import translate
from .api import Ec2Api
from .apply import Conflict, Outcome, apply
from .clock import stamp
from .codes import ADDRESS_IN_USE, INTERFACE_GONE, TOKEN_USED
from .observe import observe
from .progress import Progress, Tally
from .report import Report
from .waiters import WaitTimeout, wait_for

# Rounds of plan and apply: each one lost means that somebody else got a block in the meantime. Sixteen runs that met in
# one subnet, with reads two seconds late, needed more than eight.
ROUNDS = 20
# Seconds by which runs that met in one round part before the next; twice as many each time, up to the longest.
PARTING = 0.1
LONGEST_PARTING = 3.0
# Seconds that a read may lag a write before we stop believing that it will still show it.
PATIENCE = 15.0
# Seconds for new interfaces to be there and complete: reads may be throttled for most of a minute, more than once.
READY = 180.0

# Beyond so many a list of the fleet takes fewer calls than one by ids, 200 a call.
_MANY = 200


def present(api: Ec2Api, desired: Desired, check: bool, progress: Progress) -> Report:
    """Give every desired host its interface and addresses; with ``check`` only say what would be done.

    :raises PlanError: what can't be, before any write.
    :raises Overtaken: what can't be any more, since others acted meanwhile.
    :raises Ec2Error: what EC2 refused.
    :raises WaitTimeout: what didn't come.
    """
    if not check:
        _refuse_unmade(desired)
    run = _Run(api, desired, progress)
    plan = run.plan()
    first, done = plan, list[Change]()
    interfaces = dict(plan.interfaces)
    if plan.changes and not check:
        done, plan, interfaces = run.converge(plan)
    hosts = {
        host: describe_host(allocation, interfaces.get(host), plan.subnets[allocation.subnet_id])
        for host, allocation in plan.allocations.items()
    }
    reservations = {key: str(block) for key, block in sorted(plan.reservations.items())}
    return Report(hosts, plan.changes if check else tuple(done), first.before, plan.after, plan.notes, reservations)


def named_subnets(desired: Desired) -> dict[str, str]:
    """The subnets that the request names: id by the path where it stands."""
    named = {"subnet_id": desired.subnet_id}
    if isinstance(desired.hosts, (list, tuple)):
        for index, host in enumerate(desired.hosts):
            if isinstance(host, Mapping):
                named[f"hosts[{host.get('name') or index}].subnet_id"] = str(host.get("subnet_id") or "")
    return {path: subnet_id for path, subnet_id in named.items() if subnet_id}


def _refuse_unmade(desired: Desired) -> None:
    problems = Problems()
    for path, subnet_id in named_subnets(desired).items():
        if is_new_subnet(subnet_id):
            rule = "must be a subnet that exists: only check mode plans for one that is yet to be made"
            problems.add(path, rule, subnet_id)
    problems.raise_if_any()


class Overtaken(PlanError):
    """What could be when the run began can't be any more, because others acted meanwhile; ``done`` is what was made by
    then."""

    def __init__(self, error: PlanError, done: Sequence[Change]) -> None:
        super().__init__(error.violations)
        self.done = tuple(done)
        lines = "\n".join(map(str, error.violations))
        self.args = (f"Others acted meanwhile, after {len(done)} changes were made; now this is in the way:\n{lines}",)


class _Run:
    """One run of :func:`present`: what it learned about refusals so far."""

    def __init__(self, api: Ec2Api, desired: Desired, progress: Progress) -> None:
        self._api = api
        self._desired = desired
        self._progress = progress
        self._avoid: set[Block] = set()
        self._generations: dict[str, int] = {}
        self._made = stamp(api.clock.utc())
        self._subnets = {subnet_id for subnet_id in named_subnets(desired).values() if not is_new_subnet(subnet_id)}
        hosts = desired.hosts if isinstance(desired.hosts, (list, tuple)) else ()
        self._types = {str(host["instance_type"]) for host in hosts if host.get("instance_type")}

    def plan(self) -> Plan:
        """What is to be done, by what EC2 has now."""
        desired = self._desired
        observed = observe(self._api, desired.fleet, self._subnets, desired.groups, self._types)
        return plan_present(desired, observed, self._avoid)

    def converge(self, plan: Plan) -> tuple[list[Change], Plan, dict[str, Interface]]:
        """Apply, and plan again after a conflict, until nothing is left to do: what was done, the last plan, the
        interfaces."""
        done: list[Change] = []
        tally, parting = Tally(self._progress), PARTING
        for _round in range(ROUNDS):
            tally.expect(len(plan.changes))
            outcome = apply(self._api, self._desired.fleet, plan.changes, self._generations, self._made, tally)
            done += outcome.done
            if not outcome.conflicts:
                interfaces = self._ready(plan, outcome)
                if interfaces is not None:
                    return done, plan, interfaces
            try:
                plan = self._again(outcome.conflicts, parting)
            except PlanError as error:
                raise Overtaken(error, done) from error
            parting = min(LONGEST_PARTING, parting * 2)
        if not plan.changes:
            return done, plan, dict(plan.interfaces)
        left = "; ".join(map(str, plan.changes))
        raise WaitTimeout(f"Gave up after {ROUNDS} rounds in which others were faster; left to do: {left}")

    def _again(self, conflicts: Sequence[Conflict], parting: float) -> Plan:
        """Another plan, after a pause of up to ``parting`` seconds where others were met."""
        if not conflicts:
            return self.plan()
        self._api.clock.sleep(random.uniform(0, parting))
        return self._understand(conflicts)

    def _understand(self, conflicts: Iterable[Conflict]) -> Plan:
        """Read until every conflict is explained, which is when what was refused is not wanted any more."""
        seen: list[Plan] = []
        left: list[Conflict] = []

        def look() -> tuple[Plan | None, str]:
            seen[:] = [self.plan()]
            wanted = {_identity(change) for change in seen[0].changes}
            left[:] = [conflict for conflict in conflicts if _identity(conflict.change) in wanted]
            return (None, str(left[0].error)) if left else (seen[0], "")

        try:
            return wait_for("a read that explains the refusal", look, PATIENCE, self._progress, self._api.clock)
        except WaitTimeout:
            for conflict in left:
                self._give_way(conflict)
            return self.plan()

    def _give_way(self, conflict: Conflict) -> None:
        """A refusal that no read explains: other addresses or another token; anything else is an error as it stands."""
        change, code = conflict.change, conflict.error.code
        if code == TOKEN_USED or (code == INTERFACE_GONE and change.eni_id is None):
            self._next_generation(change.host)
        elif code == ADDRESS_IN_USE:
            self._avoid.update([*map(single, change.addresses), *change.prefixes])
        else:
            raise conflict.error

    def _next_generation(self, host: str) -> None:
        self._generations[host] = self._generations.get(host, 0) + 1

    def _ready(self, plan: Plan, outcome: Outcome) -> dict[str, Interface] | None:
        """The hosts' interfaces once reads show what was written; ``None`` if EC2 returned an interface that is not
        there.

        The latter happens when a token still stands for an interface deleted since: the next one gets a new token.
        """
        changes: dict[str, list[Change]] = {}
        for change in outcome.done:
            if change.host in plan.allocations:
                changes.setdefault(change.host, []).append(change)
        touched = {host: entries[0].eni_id or outcome.created[host] for host, entries in changes.items()}
        interfaces = dict(plan.interfaces)
        lacking: dict[str, str] = {}

        def look() -> tuple[bool | None, str]:
            found = self._read(touched)
            lacking.clear()
            for host, eni_id in sorted(touched.items()):
                state = _lacks(plan.allocations[host], changes[host], found.get(eni_id))
                if state:
                    lacking[host] = f"{eni_id} of {host} {state}"
                else:
                    interfaces[host] = found[eni_id]
            if not lacking:
                return True, ""
            return None, f"{len(lacking)} of {len(touched)} left, {next(iter(lacking.values()))}"

        try:
            wait_for(_READINESS, look, PATIENCE, self._progress, self._api.clock)
        except WaitTimeout:
            phantoms = [host for host in outcome.created if lacking.get(host, "").endswith(_ABSENT)]
            if phantoms:
                for host in phantoms:
                    self._next_generation(host)
                return None
            wait_for(_READINESS, look, READY - PATIENCE, self._progress, self._api.clock)
        return interfaces

    def _read(self, touched: Mapping[str, str]) -> dict[str, Interface]:
        """The hosts' interfaces by id, as far as a read shows them."""
        many = len(touched) > _MANY
        raw = (
            self._api.interfaces_tagged(FLEET, self._desired.fleet)
            if many
            else self._api.interfaces_by_id(touched.values())
        )
        return {item.id: item for item in map(translate.interface, raw)}


_READINESS = "the interfaces to be ready"
_ABSENT = "is not there"


def _identity(change: Change) -> tuple[object, ...]:
    """What makes two changes the same for EC2: its tags alone don't."""
    return (
        change.action,
        change.host,
        change.eni_id,
        change.subnet_id,
        change.addresses,
        change.prefixes,
        change.instance_id,
        change.device_index,
    )


def _lacks(allocation: Allocation, changes: Iterable[Change], interface: Interface | None) -> str:
    """What a read does not show yet of a host's interface; empty when it is complete."""
    if interface is None:
        return _ABSENT
    if interface.status not in ("available", "in-use"):
        return f"is {interface.status}"
    wanted = {*map(single, allocation.addresses), *allocation.prefixes}
    missing = sorted(wanted - set(interface.blocks))
    if missing:
        return f"lacks {', '.join(map(str, missing))}"
    for change in changes:
        left = {*map(single, change.addresses), *change.prefixes} & set(interface.blocks) - wanted
        if change.action in (UNASSIGN_ADDRESSES, UNASSIGN_PREFIXES) and left:
            return f"still has {', '.join(map(str, sorted(left)))}"
        if change.action == ATTACH and interface.instance_id is None:
            return f"is not attached to {change.instance_id}"
    return ""
