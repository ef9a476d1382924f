# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's interfaces made so, or gone: observe, plan, apply, and again where someone else was faster."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .._plan.addresses import Block, single
from .._plan.changes import CREATE, Change
from .._plan.model import GATEWAY, UNMADE_SUBNET, Allocation, Desired, Interface, Observed, Subnet
from .._plan.reconcile import Plan, plan_present
from .._plan.removal import Removal, plan_absent
from .._plan.tags import owner_of
from . import translate
from .api import Ec2Api
from .apply import GONE, IN_USE, TOKEN_USED, Conflict, Outcome, apply
from .observe import instances_of, observe, observe_fleet, subnet_of_fleet
from .waiters import Progress, WaitTimeout, wait_for

# Rounds of plan and apply: each one lost means that somebody else got a block in the meantime.
ROUNDS = 8
# Seconds that a read may lag a write before we stop believing that it will still show it.
PATIENCE = 15.0
# Seconds for new interfaces to be there and complete.
READY = 60.0


@dataclass(frozen=True)
class Report:
    """What a run did or would do: the module's result."""

    hosts: dict[str, dict[str, Any]]
    changes: tuple[Change, ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()


def present(api: Ec2Api, desired: Desired, check: bool, progress: Progress) -> Report:
    """Give every desired host its interface and addresses; with ``check`` only say what would be done.

    A check may leave the subnet's id empty: then it is planned in the subnet that carries the fleet's tag, or, before
    that is made, in an empty one whose addresses are for documentation.

    :raises PlanError: what can't be, before any write.
    :raises Ec2Error: what EC2 refused.
    :raises WaitTimeout: what didn't come.
    """
    if not desired.subnet_id and check:
        desired = replace(desired, subnet_id=subnet_of_fleet(api, desired.fleet).id)
    run = _Run(api, desired, progress)
    plan = run.plan()
    first, done = plan, list[Change]()
    interfaces = dict(plan.interfaces)
    if plan.changes and not check:
        done, plan, interfaces = run.converge(plan)
    hosts = {
        host: describe_host(allocation, interfaces.get(host), plan.subnets[desired.subnet_id])
        for host, allocation in plan.allocations.items()
    }
    return Report(hosts, plan.changes if check else tuple(done), first.before, plan.after, plan.notes)


def absent(
    api: Ec2Api,
    fleet: str,
    subnet_id: str | None,
    hosts: object,
    leaving: Collection[str],
    check: bool,
    timeout: float,
    progress: Progress,
) -> Report:
    """Delete the interfaces of ``hosts`` (all of the fleet's when ``None``), waiting for those that leaving instances
    still have.

    :raises PlanError: an interface is in use, before anything is deleted. :raises Ec2Error, WaitTimeout: as in
        :func:`present`.
    """
    removal = plan_absent(fleet, hosts, observe_fleet(api, fleet, subnet_id), leaving)
    if not check:
        if removal.waiting:
            removal = _wait_until_free(api, fleet, hosts, leaving, removal, timeout, progress)
        outcome = apply(api, fleet, removal.changes, {}, progress)
        if outcome.conflicts:
            raise outcome.conflicts[0].error
    return Report({}, removal.changes, removal.before, removal.after)


def describe_host(allocation: Allocation, interface: Interface | None, subnet: Subnet) -> dict[str, Any]:
    """What the playbooks know of a host; ``interface`` is ``None`` while it is only planned."""
    return {
        "eni_id": interface.id if interface else None,
        "mac_address": interface.mac if interface else None,
        **allocation.to_dict(),
        "container_mode": allocation.mode,
        "subnet_id": None if subnet == UNMADE_SUBNET else subnet.id,
        "subnet_cidr": str(subnet.block),
        "gateway": GATEWAY,
        "instance_id": interface.instance_id if interface else None,
        "vpc_id": subnet.vpc_id or None,
        "availability_zone": subnet.zone or None,
    }


class _Run:
    """One run of :func:`present`: what it learned about refusals so far."""

    def __init__(self, api: Ec2Api, desired: Desired, progress: Progress) -> None:
        self._api = api
        self._desired = desired
        self._progress = progress
        self._avoid: set[Block] = set()
        self._generations: dict[str, int] = {}
        hosts = desired.hosts if isinstance(desired.hosts, (list, tuple)) else ()
        self._types = {str(host["instance_type"]) for host in hosts if host.get("instance_type")}

    def observe(self) -> Observed:
        desired = self._desired
        return observe(self._api, desired.fleet, desired.subnet_id, desired.groups, self._types)

    def plan(self, observed: Observed | None = None) -> Plan:
        return plan_present(self._desired, observed or self.observe(), self._avoid)

    def converge(self, plan: Plan) -> tuple[list[Change], Plan, dict[str, Interface]]:
        """Apply, and plan again after a conflict, until nothing is left to do: what was done, the last plan, the
        interfaces."""
        done: list[Change] = []
        for _round in range(ROUNDS):
            outcome = apply(self._api, self._desired.fleet, plan.changes, self._generations, self._progress)
            done += outcome.done
            if outcome.conflicts:
                observed = self._understand(outcome.conflicts)
            else:
                interfaces = self._ready(plan, outcome)
                if interfaces is not None:
                    return done, plan, interfaces
                observed = self.observe()
            plan = self.plan(observed)
        left = "; ".join(map(str, plan.changes))
        raise WaitTimeout(f"Gave up after {ROUNDS} rounds in which others were faster; left to do: {left}")

    def _understand(self, conflicts: Iterable[Conflict]) -> Observed:
        """Read again until every conflict is explained by what others have, or reads had time enough to show it."""
        seen: list[Observed] = []

        def look() -> tuple[Observed | None, str]:
            seen[:] = [self.observe()]
            left = [conflict for conflict in conflicts if not self._explained(conflict, seen[0])]
            return (None, str(left[0].error)) if left else (seen[0], "")

        try:
            return wait_for("a read that explains the refusal", look, PATIENCE, self._progress)
        except WaitTimeout:
            for conflict in conflicts:
                if not self._explained(conflict, seen[0]):
                    self._give_way(conflict)
            return seen[0]

    def _explained(self, conflict: Conflict, observed: Observed) -> bool:
        change = conflict.change
        if conflict.error.code == GONE:
            visible = any(interface.id == conflict.eni_id for interface in observed.interfaces)
            # One that we just made has to appear; one that we found has to have disappeared.
            return visible == (change.eni_id is None)
        if change.action == CREATE and any(
            owner_of(interface) == (self._desired.fleet, change.host) for interface in observed.interfaces
        ):
            return True
        wanted = [*map(single, change.addresses), *change.prefixes]
        return any(
            part.overlaps(block) for interface in observed.interfaces for part in interface.blocks for block in wanted
        )

    def _give_way(self, conflict: Conflict) -> None:
        """A refusal that no read explains: other addresses or another token; anything else is an error as it stands."""
        change, code = conflict.change, conflict.error.code
        if code == TOKEN_USED or (code == GONE and change.eni_id is None):
            self._next_generation(change.host)
        elif code == IN_USE:
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
        touched = {change.host: change.eni_id or outcome.created[change.host] for change in outcome.done}
        interfaces = dict(plan.interfaces)
        lacking: dict[str, str] = {}

        def look() -> tuple[bool | None, str]:
            raw = self._api.interfaces_by_id(touched[host] for host in touched)
            found = {item.id: item for item in map(translate.interface, raw)}
            lacking.clear()
            for host, eni_id in sorted(touched.items()):
                state = _lacks(plan.allocations[host], found.get(eni_id))
                if state:
                    lacking[host] = f"{eni_id} of {host} {state}"
                else:
                    interfaces[host] = found[eni_id]
            return (
                (None, f"{len(lacking)} of {len(touched)} left, {next(iter(lacking.values()))}")
                if lacking
                else (True, "")
            )

        try:
            wait_for(_READINESS, look, PATIENCE, self._progress)
        except WaitTimeout:
            phantoms = [host for host in outcome.created if lacking.get(host, "").endswith(_ABSENT)]
            if phantoms:
                for host in phantoms:
                    self._next_generation(host)
                return None
            wait_for(_READINESS, look, READY - PATIENCE, self._progress)
        return interfaces


_READINESS = "the interfaces to be ready"
_ABSENT = "is not there"


def _lacks(allocation: Allocation, interface: Interface | None) -> str:
    """What a read does not show yet of a host's interface; empty when it is complete."""
    if interface is None:
        return _ABSENT
    if interface.status not in ("available", "in-use"):
        return f"is {interface.status}"
    missing = [*map(single, set(allocation.addresses) - interface.addresses)]
    missing += [block for block in allocation.prefixes if block not in interface.prefixes]
    return f"lacks {', '.join(map(str, missing))}" if missing else ""


def _wait_until_free(
    api: Ec2Api,
    fleet: str,
    hosts: object,
    leaving: Collection[str],
    removal: Removal,
    timeout: float,
    progress: Progress,
) -> Removal:
    """Wait until leaving instances have let go of the interfaces; what is gone by then needs no deletion."""
    ids = [change.eni_id or "" for change in removal.changes]

    def look() -> tuple[Removal | None, str]:
        interfaces = tuple(map(translate.interface, api.interfaces_by_id(ids)))
        observed = Observed(interfaces=interfaces, instances=instances_of(api, interfaces))
        now = plan_absent(fleet, hosts, observed, leaving)
        if not now.waiting:
            return replace(now, before=removal.before), ""
        states = (f"{item.id} {item.status} (instance {item.instance_id})" for item in now.waiting)
        return None, ", ".join(states)

    return wait_for("the interfaces to come free", look, timeout, progress)
