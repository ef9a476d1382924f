# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to calls: hosts side by side, each host's changes in order, conflicts collected instead of raised."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

from .._plan.addresses import address_text
from .._plan.changes import (
    ASSIGN_ADDRESSES,
    ASSIGN_PREFIXES,
    CLAIM,
    CREATE,
    DELETE,
    GROUPS,
    TAG,
    Change,
)
from . import translate
from .api import Ec2Api, Ec2Error
from .waiters import Progress

# Few enough to stay under EC2's request rate, enough to hide its latency.
WORKERS = 8

GONE = "InvalidNetworkInterfaceID.NotFound"
TOKEN_USED = "IdempotentParameterMismatch"
IN_USE = "InvalidIPAddress.InUse"
# EC2 does not document its code for an IPv6 conflict: with these, describing again decides whether it was one.
_CONFLICTS = (IN_USE, "InvalidParameterValue", "InvalidParameter", "PrivateIpAddressInUse", TOKEN_USED, GONE)


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
    api: Ec2Api, fleet: str, changes: Iterable[Change], generations: Mapping[str, int], progress: Progress
) -> Outcome:
    """Make the changes.

    A host's later changes are left out once one of its changes met a conflict.
    :raises Ec2Error: any refusal that is no conflict, after every host's work has come to an end.
    """
    ordered = sorted(changes)
    outcome = Outcome()
    errors: list[Ec2Error] = []

    def work(group: list[Change]) -> None:
        for change in group:
            try:
                _make(api, fleet, change, generations.get(change.host, 0), outcome)
            except Ec2Error as error:
                if error.code in _CONFLICTS:
                    progress(f"{change}: {error}")
                    eni_id = change.eni_id or outcome.created.get(change.host)
                    outcome.conflicts.append(Conflict(change, error, eni_id))
                else:
                    errors.append(error)
                return
            outcome.done.append(change)
            progress(f"{change} ({len(outcome.done)} of {len(ordered)})")

    groups = [list(group) for _host, group in groupby(ordered, key=lambda change: change.order[:2])]
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        list(pool.map(work, groups))
    if errors:
        raise errors[0]
    outcome.done.sort()
    return outcome


def _make(api: Ec2Api, fleet: str, change: Change, generation: int, outcome: Outcome) -> None:
    if change.action == CREATE:
        request = translate.create_request(change, client_token(fleet, change, generation))
        raw = api.create_interface(f"the network interface of {change.host}", request)
        outcome.created[change.host] = raw["NetworkInterfaceId"]
        return
    eni_id = change.eni_id or outcome.created[change.host]
    _VERBS[change.action](api, change, eni_id)


def _assign(api: Ec2Api, change: Change, eni_id: str) -> None:
    listed = [*map(address_text, change.addresses), *map(str, change.prefixes)]
    api.assign(f"{', '.join(listed)} to {eni_id} of {change.host}", translate.assign_request(change, eni_id))


def _groups(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.set_groups(f"the security groups of {eni_id} of {change.host}", eni_id, change.groups)


def _tag(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.set_tags(f"{eni_id} of {change.host}", eni_id, translate.tag_list(change.tags))


def _delete(api: Ec2Api, change: Change, eni_id: str) -> None:
    try:
        api.delete_interface(f"{eni_id} of {change.host}", eni_id)
    except Ec2Error as error:
        # Somebody else deleted it first: that is what was wanted.
        if error.code != GONE:
            raise


_VERBS: dict[str, Callable[[Ec2Api, Change, str], None]] = {
    ASSIGN_ADDRESSES: _assign,
    ASSIGN_PREFIXES: _assign,
    CLAIM: _tag,
    DELETE: _delete,
    GROUPS: _groups,
    TAG: _tag,
}
