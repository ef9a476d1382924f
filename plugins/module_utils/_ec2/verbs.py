# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of change as the call that makes it. What is gone already needs no taking away."""

from __future__ import annotations

from collections.abc import Callable

from .._plan.addresses import address_text
from .._plan.changes import (
    ASSIGN_ADDRESSES,
    ASSIGN_PREFIXES,
    ATTACH,
    CLAIM,
    DELETE,
    GROUPS,
    RELEASE,
    RESERVE,
    RESTORE,
    TAG,
    UNASSIGN_ADDRESSES,
    UNASSIGN_PREFIXES,
    Change,
)
from . import translate
from .api import Ec2Api, Ec2Error
from .codes import INTERFACE_GONE, RESERVATION_GONE


def create(api: Ec2Api, change: Change, token: str, made: str) -> str:
    """Make the interface; its id."""
    request = translate.create_request(change, token, made)
    return api.create_interface(f"the network interface of {change.host}", request)["NetworkInterfaceId"]


def _assign(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.assign(f"{_listed(change)} to {eni_id} of {change.host}", translate.assign_request(change, eni_id))


def _unassign(api: Ec2Api, change: Change, eni_id: str) -> None:
    what = f"{_listed(change)} from {eni_id} of {change.host}"
    unless(INTERFACE_GONE, lambda: api.unassign(what, translate.assign_request(change, eni_id)))


def _groups(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.set_groups(f"the security groups of {eni_id} of {change.host}", eni_id, change.groups)


def _tag(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.set_tags(f"{eni_id} of {change.host}", eni_id, translate.tag_list(change.tags))


def _delete(api: Ec2Api, change: Change, eni_id: str) -> None:
    unless(INTERFACE_GONE, lambda: api.delete_interface(f"{eni_id} of {change.host}", eni_id))


def _attach(api: Ec2Api, change: Change, eni_id: str) -> None:
    instance_id, index = change.instance_id or "", change.device_index or 0
    api.attach_interface(f"{eni_id} of {change.host} to {instance_id}", eni_id, instance_id, index)


def _reserve(api: Ec2Api, change: Change, eni_id: str) -> None:
    api.create_reservation(f"{_listed(change)} in {change.subnet_id}", translate.reserve_request(change))


def _release(api: Ec2Api, change: Change, eni_id: str) -> None:
    what, reservation_id = f"{_listed(change)} in {change.subnet_id}", change.reservation_id or ""
    unless(RESERVATION_GONE, lambda: api.delete_reservation(what, reservation_id))


def _listed(change: Change) -> str:
    return ", ".join([*map(address_text, change.addresses), *map(str, change.prefixes)])


def unless(gone: str, call: Callable[[], None]) -> None:
    """Take something away; that somebody else did so first is as good."""
    try:
        call()
    except Ec2Error as error:
        if error.code != gone:
            raise


# Arguments: the API, the change, and the id of the interface that it is for (empty for a reservation).
VERBS: dict[str, Callable[[Ec2Api, Change, str], None]] = {
    ASSIGN_ADDRESSES: _assign,
    ASSIGN_PREFIXES: _assign,
    ATTACH: _attach,
    CLAIM: _tag,
    DELETE: _delete,
    GROUPS: _groups,
    RELEASE: _release,
    RESERVE: _reserve,
    RESTORE: _tag,
    TAG: _tag,
    UNASSIGN_ADDRESSES: _unassign,
    UNASSIGN_PREFIXES: _unassign,
}
