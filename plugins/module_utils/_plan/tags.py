# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags that carry the state: who an interface belongs to and what it was given.

EC2 keeps them; we keep nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from .addresses import Block, read_address, read_block, single
from .model import (
    BLOCK_OVERHEAD,
    DELEGATED_LENGTH,
    LARGEST_BLOCK_LENGTH,
    MODE_PREFIX,
    SMALLEST_BLOCK_LENGTH,
    Allocation,
    Interface,
    assigned_of,
    mode_of,
)

PREFIX = "ipv6.aws_containers:"
FLEET = PREFIX + "fleet"
HOST = PREFIX + "host"
HOST_ADDRESS = PREFIX + "host_address"
CONTAINER_PREFIX = PREFIX + "container_prefix"
# How many container addresses are assigned; absent or empty: the whole block (EC2's tags can be set empty in the same
# call as the others, but not be removed in it).
COUNT = PREFIX + "container_count"
# When an interface was made, UTC: 2026-11-23T15:00:00Z. Whoever makes it knows the time, the core does not.
CREATED = PREFIX + "created"
# On subnets: the name that the inventory gives them.
SUBNET = PREFIX + "subnet"
SCHEMA = PREFIX + "schema"
HOST_KEY = PREFIX + "host_key"
SCHEMA_VERSION = "1"

T = TypeVar("T")

NAME_RULE = "must be 1 to 100 letters, digits, dots, dashes or underscores"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DESCRIPTION = re.compile(rf"ipv6\.aws_containers ({_NAME.pattern})/({_NAME.pattern})")


@dataclass(frozen=True)
class Claim:
    """Whose an interface is, and what it was given (``None``: neither its tags nor its addresses say).

    ``count``: how many container addresses of the block; ``None``: all of the block.
    """

    fleet: str
    host: str
    address: int | None
    block: Block | None
    count: int | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The address and the container prefix, as far as they are known."""
        address = () if self.address is None else (single(self.address),)
        return address if self.block is None else (*address, self.block)

    @property
    def assigned(self) -> tuple[Block, ...]:
        """What of it the interface has when nothing was taken away by hand."""
        address = () if self.address is None else (single(self.address),)
        if self.block is None:
            return address
        if mode_of(self.block.length) == MODE_PREFIX:
            return (*address, self.block)
        return (*address, *map(single, assigned_of(self.block, self.count)))


def is_name(text: object) -> bool:
    """Whether it can name a fleet or a host (it goes into tags, descriptions and file names)."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def description_of(fleet: str, host: str) -> str:
    """The description of a host's interface; it can't be edited in the console, so it outlives a lost tag."""
    return f"ipv6.aws_containers {fleet}/{host}"


def tags_of(fleet: str, allocation: Allocation, extra: Mapping[str, str]) -> dict[str, str]:
    """Every tag that a host's interface is made with: the user's own, ``Name`` unless given, and the state."""
    count = {} if allocation.count is None else {COUNT: str(allocation.count)}
    return {
        "Name": allocation.host,
        **extra,
        FLEET: fleet,
        HOST: allocation.host,
        HOST_ADDRESS: allocation.to_dict()["host_address"],
        CONTAINER_PREFIX: allocation.to_dict()["container_prefix"],
        **count,
        SCHEMA: SCHEMA_VERSION,
    }


def wrong_tags(interface: Interface, fleet: str, allocation: Allocation, extra: Mapping[str, str]) -> dict[str, str]:
    """Those of the tags that an interface lacks or has with another value, with the right values."""
    wanted = tags_of(fleet, allocation, extra)
    if interface.tags.get(COUNT):
        wanted.setdefault(COUNT, "")
    return {key: value for key, value in wanted.items() if interface.tags.get(key) != value}


def lost_tags(interface: Interface, claim: Claim) -> dict[str, str]:
    """What the interface was given as far as its tags do not say so, but ``claim`` does."""
    known = {
        HOST_ADDRESS: None if claim.address is None else str(single(claim.address)),
        CONTAINER_PREFIX: None if claim.block is None else str(claim.block),
        COUNT: None if claim.count is None else str(claim.count),
    }
    return {key: value for key, value in known.items() if value is not None and interface.tags.get(key) != value}


def owner_of(interface: Interface) -> tuple[str, str] | None:
    """``(fleet, host)`` by tag, by the description where a tag was lost, or ``None``: not one of ours."""
    fleet, host = interface.tags.get(FLEET), interface.tags.get(HOST)
    if not (fleet and host):
        made = description_owner(interface)
        if made is not None:
            fleet, host = fleet or made[0], host or made[1]
    return (fleet, host) if fleet and host else None


def description_owner(interface: Interface) -> tuple[str, str] | None:
    """``(fleet, host)`` that an interface was made for, by its description; ``None``: it is not of this project's."""
    made = _DESCRIPTION.fullmatch(interface.description)
    return (made[1], made[2]) if made else None


def claim_of(interface: Interface) -> Claim | None:
    """What one of our interfaces was given, or ``None`` for anybody else's."""
    owner = owner_of(interface)
    if owner is None:
        return None
    address = _read(read_address, interface.tags.get(HOST_ADDRESS))
    block = _read(read_block, interface.tags.get(CONTAINER_PREFIX))
    if address is None or block is None:
        address, block = _infer(interface, address, block)
    return Claim(*owner, address, block, None if block is None else _count(interface, block))


def claimed_of(interface: Interface) -> Iterator[Block]:
    """What the tags of one of our interfaces, of whatever fleet, say that it has, as far as that may not be so."""
    if owner_of(interface) is None:
        return
    address = _read(read_address, interface.tags.get(HOST_ADDRESS))
    if address is not None and address not in interface.addresses:
        yield single(address)
    block = _read(read_block, interface.tags.get(CONTAINER_PREFIX))
    if block is not None and block not in interface.prefixes:
        yield block


def _read(reader: Callable[[object], T], text: str | None) -> T | None:
    try:
        return reader(text)
    except ValueError:
        return None


def _count(interface: Interface, block: Block) -> int | None:
    """How many container addresses the tag says; without it, as many as there are of just the first ones."""
    if mode_of(block.length) == MODE_PREFIX:
        return None
    text = interface.tags.get(COUNT)
    if text is not None:
        count = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
        return count if 1 <= count <= block.size - BLOCK_OVERHEAD else None
    there = {value for value in interface.addresses if block.first <= value <= block.last}
    return len(there) if there and there == set(assigned_of(block, len(there))) else None


def _infer(interface: Interface, address: int | None, block: Block | None) -> tuple[int | None, Block | None]:
    """A lost value from what the interface has, where just one reading is possible; the known values otherwise."""
    delegated = sorted(prefix for prefix in interface.prefixes if prefix.length == DELEGATED_LENGTH)
    readings: set[tuple[int, Block]] = set()
    for host in [address] if address is not None else interface.addresses:
        others = interface.addresses - {host}
        if delegated and not others:
            readings.update((host, prefix) for prefix in delegated)
        run = _run(others)
        if run is not None and not delegated:
            readings.add((host, run))
    matching = [reading for reading in readings if block in (None, reading[1])]
    return matching[0] if len(matching) == 1 else (address, block)


def _run(addresses: Iterable[int]) -> Block | None:
    """The block that the addresses are exactly, or ``None``."""
    known = sorted(addresses)
    for length in range(LARGEST_BLOCK_LENGTH, SMALLEST_BLOCK_LENGTH + 1):
        size = 1 << (128 - length)
        if len(known) == size and known[0] % size == 0 and known[-1] == known[0] + size - 1:
            return Block(known[0], length)
    return None
