# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a host is to have and what it has: the changes in between, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .addresses import BITS, Block, single
from .changes import (
    ASSIGN_ADDRESSES,
    ASSIGN_PREFIXES,
    CLAIM,
    CREATE,
    GROUPS,
    RESTORE,
    TAG,
    UNASSIGN_ADDRESSES,
    UNASSIGN_PREFIXES,
    Change,
)
from .claims import lost_tags
from .model import Allocation, Desired
from .ownership import Owned
from .tags import CONTAINER_PREFIX, COUNT, CREATED, HOST_ADDRESS, description_of, tags_of, wrong_tags


@dataclass(frozen=True)
class Surplus:
    """What an interface has beyond its allocation: what goes, and what was added by hand and stays."""

    gone: tuple[Block, ...] = ()
    kept: tuple[Block, ...] = ()


def surplus_of(desired: Desired, allocation: Allocation, owned: Owned) -> Surplus:
    """What was the host's and no longer is goes, with all that lies in a block that it leaves; with ``purge`` the rest
    too."""
    claim = owned.claim
    wanted = {*map(single, allocation.addresses), *allocation.prefixes}
    former = set(claim.assigned)
    left = claim.block if claim.block != allocation.block else None

    def goes(part: Block) -> bool:
        leaves = left is not None and left.covers(part) and not allocation.block.covers(part)
        return desired.purge or part in former or leaves

    extra = [part for part in owned.interface.blocks if part not in wanted]
    return Surplus(tuple(filter(goes, extra)), tuple(part for part in extra if not goes(part)))


def changes_of(desired: Desired, allocation: Allocation, owned: Owned | None, surplus: Surplus) -> Iterator[Change]:
    """The changes that give a host what it is to have, in no particular order.

    A host that goes elsewhere says so by tag before it is assigned anything there: a run that is cut short in between
    leaves a claim that the next one honours.
    """
    if owned is None:
        yield from _made(desired, allocation)
        return
    host, interface = allocation.host, owned.interface
    addresses = tuple(part.first for part in surplus.gone if part.length == BITS)
    if addresses:
        yield Change(UNASSIGN_ADDRESSES, host, interface.id, addresses=addresses)
    prefixes = tuple(part for part in surplus.gone if part.length != BITS)
    if prefixes:
        yield Change(UNASSIGN_PREFIXES, host, interface.id, prefixes=prefixes)
    lost = lost_tags(interface, owned.claim) if surplus.gone else {}
    if lost:
        # They were read off the addresses, which won't tell any more.
        yield Change(RESTORE, host, interface.id, tags=lost)
        interface = replace(interface, tags={**interface.tags, **lost})
    wrong = wrong_tags(interface, desired.fleet, allocation, desired.tags)
    if owned.claim.block is not None and not owned.claim.block.overlaps(allocation.block):
        claim = {key: wrong.pop(key) for key in (HOST_ADDRESS, CONTAINER_PREFIX, COUNT) if key in wrong}
        yield Change(CLAIM, host, interface.id, tags=claim)
    addresses = tuple(value for value in allocation.addresses if value not in interface.addresses)
    if addresses:
        yield Change(ASSIGN_ADDRESSES, host, interface.id, addresses=addresses)
    prefixes = tuple(block for block in allocation.prefixes if block not in interface.prefixes)
    if prefixes:
        yield Change(ASSIGN_PREFIXES, host, interface.id, prefixes=prefixes)
    if desired.groups and set(desired.groups) != set(interface.groups):
        yield Change(GROUPS, host, interface.id, groups=desired.groups)
    if wrong:
        yield Change(TAG, host, interface.id, tags=wrong)


def _made(desired: Desired, allocation: Allocation) -> Iterator[Change]:
    host = allocation.host
    yield Change(
        CREATE,
        host,
        subnet_id=allocation.subnet_id,
        addresses=allocation.addresses,
        groups=desired.groups,
        # Whoever makes it writes the time in its place.
        tags={**tags_of(desired.fleet, allocation, desired.tags), CREATED: "(time of creation)"},
        description=description_of(desired.fleet, host),
    )
    if allocation.prefixes:
        yield Change(ASSIGN_PREFIXES, host, prefixes=allocation.prefixes)
