# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's interfaces gone: those of hosts that leave, and those that leaked."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .._plan.changes import RELEASE, Change
from .._plan.model import Observed
from .._plan.removal import Removal, plan_absent, plan_swept
from . import translate
from .api import Ec2Api
from .apply import Outcome, apply
from .clock import stamp
from .codes import INTERFACE_IN_USE
from .observe import instances_of, observe_fleet, observe_whole
from .progress import Progress, Tally
from .report import Report
from .waiters import wait_for


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

    The reservations go first: without an interface nothing would lead the next run to those that a run cut short left.

    :raises PlanError: an interface is in use, before anything is deleted.
    :raises Ec2Error: what EC2 refused.
    :raises WaitTimeout: an instance did not leave.
    """
    removal = plan_absent(fleet, hosts, observe_whole(api, fleet, subnet_id), leaving, subnet_id)
    if not check:
        releases = [change for change in removal.changes if change.action == RELEASE]
        deletions = [change for change in removal.changes if change.action != RELEASE]
        if removal.waiting:
            deletions = _wait_until_free(api, fleet, hosts, leaving, deletions, timeout, progress)
        tally = Tally(progress)
        tally.expect(len(releases) + len(deletions))
        for changes in (releases, deletions):
            outcome = _remove(api, fleet, changes, tally)
            if outcome.conflicts:
                raise outcome.conflicts[0].error
    return Report({}, removal.changes, removal.before, removal.after, removal.notes)


def swept(
    api: Ec2Api, fleet: str, subnet_id: str | None, hosts: object, min_age: float, check: bool, progress: Progress
) -> Report:
    """Delete the fleet's interfaces that nothing uses and that are of no host in ``hosts``, or its spare ones.

    ``min_age``: seconds since they were made. What is in use, or comes into use meanwhile, is noted and stays.

    :raises PlanError: the request is unsound.
    :raises Ec2Error: what EC2 refused.
    """
    observed = observe_fleet(api, fleet, subnet_id)
    removal = plan_swept(fleet, hosts, observed, api.clock.utc(), min_age, subnet_id)
    notes = list(removal.notes)
    changes = removal.changes
    if not check:
        tally = Tally(progress)
        tally.expect(len(changes))
        outcome = _remove(api, fleet, changes, tally)
        changes = tuple(outcome.done)
        for conflict in outcome.conflicts:
            if conflict.error.code != INTERFACE_IN_USE:
                raise conflict.error
            notes.append(f"{conflict.change.host}: {conflict.eni_id} came into use meanwhile; kept")
    return Report({}, changes, removal.before, removal.after, tuple(notes))


def _remove(api: Ec2Api, fleet: str, changes: Iterable[Change], tally: Tally) -> Outcome:
    return apply(api, fleet, changes, {}, stamp(api.clock.utc()), tally)


def _wait_until_free(
    api: Ec2Api,
    fleet: str,
    hosts: object,
    leaving: Collection[str],
    deletions: Collection[Change],
    timeout: float,
    progress: Progress,
) -> list[Change]:
    """Wait until leaving instances have let go of the interfaces; what is gone by then needs no deletion."""
    ids = [change.eni_id or "" for change in deletions]

    def look() -> tuple[Removal | None, str]:
        interfaces = tuple(map(translate.interface, api.interfaces_by_id(ids)))
        observed = Observed(interfaces=interfaces, instances=instances_of(api, interfaces))
        now = plan_absent(fleet, hosts, observed, leaving)
        if not now.waiting:
            return now, ""
        states = (f"{item.id} {item.status} (instance {item.instance_id})" for item in now.waiting)
        return None, ", ".join(states)

    return list(wait_for("the interfaces to come free", look, timeout, progress, api.clock).changes)
