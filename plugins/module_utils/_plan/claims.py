# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interface was given: its tags say so, as far as they can be true and its addresses don't say otherwise.

Anybody can edit a tag. One that is impossible, or that nothing on the interface bears out while it has all of something
else, counts as lost: what is really there is never taken away for its sake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from .addresses import Block, block_around, read_address, read_block, single
from .model import (
    BLOCK_OVERHEAD,
    DELEGATED_LENGTH,
    LARGEST_BLOCK_LENGTH,
    MODE_PREFIX,
    SMALLEST_BLOCK_LENGTH,
    Interface,
    assigned_of,
    mode_of,
    reserved,
    room_in,
)
from .tags import CONTAINER_PREFIX, COUNT, HOST_ADDRESS, owner_of

T = TypeVar("T")

_BLOCK_LENGTHS = range(LARGEST_BLOCK_LENGTH, SMALLEST_BLOCK_LENGTH + 1)


@dataclass(frozen=True)
class Claim:
    """Whose an interface is, and what it was given (``None``: neither its tags nor its addresses say).

    ``count``: how many container addresses of the block; ``None``: all of the block. ``choices``: what the block may be
    where it is not known, as the interface has all of each, or tags and addresses don't agree. ``tagged``: the address
    by tag where another is in its place.
    """

    fleet: str
    host: str
    address: int | None
    block: Block | None
    count: int | None = None
    choices: tuple[Block, ...] = ()
    tagged: int | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The address and the container prefix, as far as they are known."""
        address = () if self.address is None else (single(self.address),)
        return address if self.block is None else (*address, self.block)

    @property
    def assigned(self) -> tuple[Block, ...]:
        """What of it the interface has when nothing was taken away by hand."""
        address = () if self.address is None else (single(self.address),)
        return address if self.block is None else (*address, *_parts(self.block, self.count))


def claim_of(interface: Interface, subnet: Block | None) -> Claim | None:
    """What one of our interfaces was given, or ``None`` for anybody else's.

    ``subnet``: the network that it is in (``None``: not known, so that no tag is found to be outside of it).
    """
    owner = owner_of(interface)
    if owner is None:
        return None
    tagged, block = _address_tag(interface, subnet), _block_tag(interface, subnet)
    if tagged is not None and block is not None and block.covers(single(tagged)):
        # One of them is wrong: a host's own address is none of its containers'.
        tagged, block = (None, block) if _has_all(interface, block) else (tagged, None)
    if block is None or not any(block.covers(part) for part in interface.blocks):
        whole = _reading(interface, None, None)
        if whole[0] is not None:
            # Whatever the tags say, this is an allocation, and there is nothing else.
            tagged, block = whole
    address = _address(interface, tagged, block)
    block, choices = _block(interface, address, block)
    if address is None:
        address = _reading(interface, None, block)[0]
    count = None if block is None else count_in(interface, block)
    return Claim(*owner, address, block, count, choices, tagged if tagged != address else None)


def claimed_of(interface: Interface, subnet: Block | None) -> Iterator[Block]:
    """What one of our interfaces, of whatever fleet, was given and does not have."""
    claim = claim_of(interface, subnet)
    if claim is not None:
        there = {*map(single, interface.addresses), *interface.prefixes}
        yield from (block for block in claim.blocks if block not in there)


def lost_tags(interface: Interface, claim: Claim) -> dict[str, str]:
    """What the interface was given as far as its tags do not say so, but ``claim`` does."""
    known = {
        HOST_ADDRESS: None if claim.address is None else str(single(claim.address)),
        CONTAINER_PREFIX: None if claim.block is None else str(claim.block),
        COUNT: None if claim.count is None else str(claim.count),
    }
    return {key: value for key, value in known.items() if value is not None and interface.tags.get(key) != value}


def count_in(interface: Interface, block: Block) -> int | None:
    """How many container addresses of a block the tag says; without it, as many as there are of just the first ones."""
    if mode_of(block.length) == MODE_PREFIX:
        return None
    if COUNT in interface.tags:
        count = _count_tag(interface)
        return count if 1 <= count <= block.size - BLOCK_OVERHEAD else None
    there = {value for value in interface.addresses if block.first <= value <= block.last}
    return len(there) if there and there == set(assigned_of(block, len(there))) else None


def _count_tag(interface: Interface) -> int:
    """The number that the tag says; 0: none."""
    text = interface.tags.get(COUNT, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _read(reader: Callable[[object], T], text: str | None) -> T | None:
    try:
        return reader(text)
    except ValueError:
        return None


def _address_tag(interface: Interface, subnet: Block | None) -> int | None:
    """The host's own address by tag, if there can be such a one."""
    address = _read(read_address, interface.tags.get(HOST_ADDRESS))
    return None if address is None or not _is_free_for_hosts(single(address), subnet) else address


def _block_tag(interface: Interface, subnet: Block | None) -> Block | None:
    """The container prefix by tag, if there can be such a one."""
    block = _read(read_block, interface.tags.get(CONTAINER_PREFIX))
    if block is None or block.length not in (DELEGATED_LENGTH, *_BLOCK_LENGTHS):
        return None
    return block if _is_free_for_hosts(block, subnet) else None


def _is_free_for_hosts(block: Block, subnet: Block | None) -> bool:
    return subnet is None or (subnet.covers(block) and not any(part.overlaps(block) for part in reserved(subnet)))


def _address(interface: Interface, tagged: int | None, block: Block | None) -> int | None:
    """The tagged one if the interface has it; else the only one that is no container's; else the tagged one, where
    nothing stands in its place."""
    if tagged in interface.addresses:
        return tagged
    outside = [value for value in interface.addresses if block is None or not block.covers(single(value))]
    if len(outside) == 1:
        return outside[0]
    return tagged if not outside else _reading(interface, None, None)[0]


def _block(interface: Interface, host: int | None, tagged: Block | None) -> tuple[Block | None, tuple[Block, ...]]:
    """The container prefix beside the host's own address; or, where it is not known, what it may be."""
    others = interface.addresses - {host}
    if tagged is not None and _has_all(interface, tagged):
        if len(_parts(tagged, count_in(interface, tagged))) == len(others) + len(interface.prefixes):
            return tagged, ()
        # More is there: it was added by hand, or growth was cut short, or the tag was edited.
        exact = _reading(interface, host, None)[1]
        return (exact if exact is not None and exact.covers(tagged) else tagged), ()
    exact = _reading(interface, host, None)[1]
    complete = tuple(_complete(interface, others))
    has = {value for value in others if tagged is not None and tagged.covers(single(value))}
    if tagged is None or not has:
        return (tagged, ()) if not complete else (exact, () if exact is not None else complete)
    outside = tuple(block for block in complete if not tagged.covers(block))
    inside = tuple(block for block in complete if tagged.covers(block) and has == set(assigned_of(block, None)))
    if outside or (inside and not _count_tag(interface)):
        return None, (tagged, *outside, *inside)
    run = tuple(_of_count(interface, others))
    return (None, run) if run else (tagged, ())


def _has_all(interface: Interface, block: Block) -> bool:
    return {*map(single, interface.addresses), *interface.prefixes}.issuperset(
        _parts(block, count_in(interface, block))
    )


def _parts(block: Block, count: int | None) -> tuple[Block, ...]:
    """What an interface has of a container prefix that it has all of."""
    return (block,) if mode_of(block.length) == MODE_PREFIX else tuple(map(single, assigned_of(block, count)))


def _complete(interface: Interface, others: frozenset[int]) -> list[Block]:
    """Every container prefix that the interface has all of, none of them inside another."""
    found = [prefix for prefix in interface.prefixes if prefix.length == DELEGATED_LENGTH]
    for length in _BLOCK_LENGTHS:
        for block in sorted({block_around(value, length) for value in others}):
            if others.issuperset(block.addresses()) and not any(larger.covers(block) for larger in found):
                found.append(block)
    found += [block for block in _of_count(interface, others) if block not in found]
    return sorted(found)


def _of_count(interface: Interface, others: frozenset[int]) -> list[Block]:
    """The blocks whose first container addresses, as many as the tag says, are just the ``others``."""
    count = _count_tag(interface)
    if not count or len(others) != count or max(others) - min(others) != count - 1:
        return []
    first = min(others) - BLOCK_OVERHEAD
    blocks = [block_around(first, length) for length in _BLOCK_LENGTHS]
    return [block for block in blocks if block.first == first and count <= room_in(block)]


def _reading(interface: Interface, host: int | None, block: Block | None) -> tuple[int | None, Block | None]:
    """The host's own address and the container prefix that are together all that the interface has, where just one such
    reading agrees with what is known; the known values otherwise."""
    delegated = [prefix for prefix in interface.prefixes if prefix.length == DELEGATED_LENGTH]
    readings: set[tuple[int, Block]] = set()
    for address in interface.addresses if host is None else interface.addresses & {host}:
        others = interface.addresses - {address}
        if delegated and not others:
            readings.update((address, prefix) for prefix in delegated)
        run = _run(others)
        if run is not None and not delegated:
            readings.add((address, run))
        if not delegated:
            readings.update((address, found) for found in _of_count(interface, others))
    matching = [reading for reading in readings if block in (None, reading[1])]
    return matching[0] if len(matching) == 1 else (host, block)


def _run(addresses: frozenset[int]) -> Block | None:
    """The block that the addresses are exactly, or ``None``."""
    for length in _BLOCK_LENGTHS:
        block = block_around(min(addresses), length) if addresses else None
        if block is not None and block.size == len(addresses) and addresses.issuperset(block.addresses()):
            return block
    return None
