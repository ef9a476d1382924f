# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet before and after as text, one short stanza per interface and reservation: what ``--diff`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .addresses import Block, address_text
from .changes import (
    ASSIGN_ADDRESSES,
    ASSIGN_PREFIXES,
    ATTACH,
    CLAIM,
    CREATE,
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
from .model import Interface


def interfaces_after(
    before: Mapping[str, Iterable[Interface]], changes: Iterable[Change]
) -> dict[str, list[Interface]]:
    """The hosts' interfaces once the changes are made; a created one has no id yet."""
    after = {host: {interface.id: interface for interface in interfaces} for host, interfaces in before.items()}
    for change in changes:
        if change.action in (RELEASE, RESERVE):
            continue
        interfaces = after.setdefault(change.host, {})
        eni_id = change.eni_id or ""
        if change.action == CREATE:
            interfaces[""] = _created(change)
        elif change.action == DELETE:
            interfaces.pop(eni_id, None)
        elif eni_id in interfaces:
            interfaces[eni_id] = changed(interfaces[eni_id], change)
    return {host: list(interfaces.values()) for host, interfaces in after.items()}


def reservations_after(before: Mapping[str, Iterable[Block]], changes: Iterable[Change]) -> dict[str, list[Block]]:
    """The fleet's reservations by subnet once the changes are made."""
    after = {subnet_id: list(blocks) for subnet_id, blocks in before.items()}
    for change in changes:
        if change.action in (RELEASE, RESERVE):
            blocks = after.setdefault(change.subnet_id or "", [])
            kept = [block for block in blocks if block not in change.prefixes]
            blocks[:] = kept if change.action == RELEASE else [*kept, *change.prefixes]
    return after


def render(hosts: Mapping[str, Iterable[Interface]], reservations: Mapping[str, Iterable[Block]] | None = None) -> str:
    """Text for a diff: sorted, addresses ascending, so that equal states give equal text."""
    lines = []
    for subnet_id, blocks in sorted((reservations or {}).items()):
        for block in sorted(blocks):
            lines.append(f"reservation in {subnet_id}: {block}")
    for host in sorted(hosts):
        for interface in sorted(hosts[host], key=lambda item: item.id):
            lines.append(f"{host}:")
            lines.append(f"  interface: {interface.id or '(to be created)'}")
            if interface.instance_id:
                device = "" if interface.device_index is None else f" as device {interface.device_index}"
                lines.append(f"  attached: {interface.instance_id}{device}")
            lines.append(f"  security_groups: {', '.join(sorted(interface.groups))}")
            lines += [f"  address: {address_text(value)}" for value in sorted(interface.addresses)]
            lines += [f"  prefix: {block}" for block in sorted(interface.prefixes)]
            lines += [f"  tag: {key}={value}" for key, value in sorted(interface.tags.items())]
    return "".join(f"{line}\n" for line in lines)


def changed(interface: Interface, change: Change) -> Interface:
    """An interface once a change of it is made."""
    if change.action == ASSIGN_ADDRESSES:
        return replace(interface, addresses=interface.addresses | set(change.addresses))
    if change.action == ASSIGN_PREFIXES:
        return replace(interface, prefixes=interface.prefixes | set(change.prefixes))
    if change.action == UNASSIGN_ADDRESSES:
        return replace(interface, addresses=interface.addresses - set(change.addresses))
    if change.action == UNASSIGN_PREFIXES:
        return replace(interface, prefixes=interface.prefixes - set(change.prefixes))
    if change.action == GROUPS:
        return replace(interface, groups=change.groups)
    if change.action in (TAG, CLAIM, RESTORE):
        return replace(interface, tags={**interface.tags, **change.tags})
    if change.action == ATTACH:
        return replace(interface, instance_id=change.instance_id, device_index=change.device_index, status="in-use")
    raise AssertionError(f"{change.action} is no change of an interface")


def _created(change: Change) -> Interface:
    return Interface(
        id="",
        subnet_id=change.subnet_id or "",
        addresses=frozenset(change.addresses),
        groups=change.groups,
        tags=change.tags,
        description=change.description or "",
    )
