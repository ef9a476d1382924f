# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet before and after as text, one short stanza per host: what ``--diff`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .addresses import address_text
from .changes import ASSIGN_ADDRESSES, ASSIGN_PREFIXES, CLAIM, CREATE, DELETE, GROUPS, TAG, Change
from .model import Interface


def interfaces_after(
    before: Mapping[str, Iterable[Interface]], changes: Iterable[Change]
) -> dict[str, list[Interface]]:
    """The hosts' interfaces once the changes are made; a created one has no id yet."""
    after = {host: list(interfaces) for host, interfaces in before.items()}
    for change in changes:
        listed = after.setdefault(change.host, [])
        if change.action == CREATE:
            listed.append(_created(change))
            continue
        for index, interface in enumerate(listed):
            if interface.id == (change.eni_id or ""):
                if change.action == DELETE:
                    del listed[index]
                else:
                    listed[index] = _changed(interface, change)
                break
    return after


def render(hosts: Mapping[str, Iterable[Interface]]) -> str:
    """Text for a diff: sorted, addresses ascending, so that equal states give equal text."""
    lines = []
    for host in sorted(hosts):
        for interface in sorted(hosts[host], key=lambda item: item.id):
            lines.append(f"{host}:")
            lines.append(f"  interface: {interface.id or '(to be created)'}")
            lines.append(f"  security_groups: {', '.join(sorted(interface.groups))}")
            lines += [f"  address: {address_text(value)}" for value in sorted(interface.addresses)]
            lines += [f"  prefix: {block}" for block in sorted(interface.prefixes)]
            lines += [f"  tag: {key}={value}" for key, value in sorted(interface.tags.items())]
    return "".join(f"{line}\n" for line in lines)


def _created(change: Change) -> Interface:
    return Interface(
        id="",
        subnet_id=change.subnet_id or "",
        addresses=frozenset(change.addresses),
        groups=change.groups,
        tags=change.tags,
        description=change.description or "",
    )


def _changed(interface: Interface, change: Change) -> Interface:
    if change.action == ASSIGN_ADDRESSES:
        return replace(interface, addresses=interface.addresses | set(change.addresses))
    if change.action == ASSIGN_PREFIXES:
        return replace(interface, prefixes=interface.prefixes | set(change.prefixes))
    if change.action == GROUPS:
        return replace(interface, groups=change.groups)
    if change.action in (TAG, CLAIM):
        return replace(interface, tags={**interface.tags, **change.tags})
    raise AssertionError(f"{change.action} is no change of an interface")
