# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small, strict EC2 that makes changes of the core happen: values in, values out, and refusals as EC2 has them."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import changes as actions
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import Block
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Interface,
    Observed,
    Reservation,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import FLEET


class RefusedByEc2(Exception):
    """What EC2 would not do."""


def numbers(block: Block) -> range:
    """Every address, as a range: cheap whatever the size."""
    return range(block.first, block.first + (1 << (128 - block.length)))


def share(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def applied(observed: Observed, changes) -> Observed:
    """What EC2 has after the changes, made one after the other.

    :raises RefusedByEc2: one of them can't be made.
    """
    enis = {interface.id: interface for interface in observed.interfaces}
    reservations = {item.id: item for item in observed.reservations}
    instances = dict(observed.instances)
    for change in changes:
        if change.action == actions.RELEASE:
            if change.reservation_id not in reservations:
                raise RefusedByEc2(f"{change}: no such reservation")
            del reservations[change.reservation_id]
        elif change.action == actions.RESERVE:
            _reserve(observed, reservations, change)
        elif change.action == actions.CREATE:
            _create(observed, enis, change)
        else:
            _change(observed, enis, instances, change)
    return replace(
        observed,
        interfaces=tuple(enis.values()),
        reservations=tuple(reservations.values()),
        instances=instances,
    )


def state(observed: Observed):
    """All of it in a form that compares, whatever the order in which it came about."""
    return (
        {item.id: replace(item, tags=dict(item.tags)) for item in observed.interfaces},
        {(item.subnet_id, item.block, item.fleet, item.kind) for item in observed.reservations},
        {item.id: (item.state, item.devices) for item in observed.instances.values()},
    )


def _reserve(observed, reservations, change):
    (block,) = change.prefixes
    subnet = observed.subnets[change.subnet_id]
    if not subnet.block.covers(block):
        raise RefusedByEc2(f"{change}: outside the subnet")
    for item in reservations.values():
        if item.subnet_id == change.subnet_id and share(numbers(item.block), numbers(block)):
            raise RefusedByEc2(f"{change}: overlaps {item.id}")
    new = f"scr-{block}"
    reservations[new] = Reservation(new, change.subnet_id, block, change.tags.get(FLEET))


def _create(observed, enis, change):
    subnet = observed.subnets[change.subnet_id]
    eni_id = f"eni-{change.host}"
    if eni_id in enis:
        raise RefusedByEc2(f"{change}: is there")
    enis[eni_id] = Interface(
        eni_id,
        change.subnet_id,
        subnet.vpc_id,
        subnet.zone,
        groups=change.groups,
        tags=dict(change.tags),
        description=change.description,
    )
    _assign(observed, enis, eni_id, change, change.addresses, ())


def _change(observed, enis, instances, change):
    eni_id = change.eni_id or f"eni-{change.host}"
    eni = enis.get(eni_id)
    if eni is None:
        raise RefusedByEc2(f"{change}: no such interface")
    if change.action == actions.DELETE:
        if eni.instance_id:
            raise RefusedByEc2(f"{change}: in use")
        del enis[eni_id]
    elif change.action in (actions.ASSIGN_ADDRESSES, actions.ASSIGN_PREFIXES):
        _assign(observed, enis, eni_id, change, change.addresses, change.prefixes)
    elif change.action in (actions.UNASSIGN_ADDRESSES, actions.UNASSIGN_PREFIXES):
        if not (eni.addresses.issuperset(change.addresses) and eni.prefixes.issuperset(change.prefixes)):
            raise RefusedByEc2(f"{change}: not assigned")
        enis[eni_id] = replace(
            eni,
            addresses=eni.addresses.difference(change.addresses),
            prefixes=eni.prefixes.difference(change.prefixes),
        )
    elif change.action == actions.GROUPS:
        enis[eni_id] = replace(eni, groups=change.groups)
    elif change.action in (actions.CLAIM, actions.TAG, actions.RESTORE):
        enis[eni_id] = replace(eni, tags={**eni.tags, **change.tags})
    elif change.action == actions.ATTACH:
        instance = instances[change.instance_id]
        if eni.instance_id or change.device_index in instance.devices or instance.state == "terminated":
            raise RefusedByEc2(f"{change}: can't be attached")
        instances[instance.id] = replace(instance, devices=instance.devices | {change.device_index})
        enis[eni_id] = replace(eni, instance_id=instance.id, device_index=change.device_index, status="in-use")
    else:
        raise AssertionError(change.action)


def _assign(observed, enis, eni_id, change, addresses, prefixes):
    subnet = observed.subnets[enis[eni_id].subnet_id].block
    kept = {*range(subnet.first, subnet.first + 4), numbers(subnet)[-1]}
    for new in (*(range(value, value + 1) for value in addresses), *map(numbers, prefixes)):
        if new.start < subnet.first or new[-1] > numbers(subnet)[-1] or any(value in new for value in kept):
            raise RefusedByEc2(f"{change}: outside the subnet, or reserved")
        for other in enis.values():
            if any(value in new for value in other.addresses) or any(share(new, numbers(p)) for p in other.prefixes):
                raise RefusedByEc2(f"{change}: in use by {other.id}")
    eni = enis[eni_id]
    enis[eni_id] = replace(eni, addresses=eni.addresses.union(addresses), prefixes=eni.prefixes.union(prefixes))
