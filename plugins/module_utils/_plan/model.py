# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nouns: what is asked for, what is there, what will be.

Values only; addresses are integers, blocks aligned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .addresses import Block, address_text, single

# The router of every subnet answers at this link-local address (EC2 user guide, "IPv6 addressing").
GATEWAY = "fe80:ec2::1"

# EC2 delegates prefixes of this length and no other.
DELEGATED_LENGTH = 80

MODE_BLOCK = "block"
MODE_PREFIX = "prefix"
MODES = (MODE_BLOCK, MODE_PREFIX)

# A block holds at least a network address, the bridge and two containers. All of it is assigned, and no instance type
# takes
# more than 50 addresses an interface, so nothing above 32 addresses can ever be assigned.
SMALLEST_BLOCK_LENGTH = 126
LARGEST_BLOCK_LENGTH = 123

# The network's own address and the bridge's, on top of the containers'.
BLOCK_OVERHEAD = 2
DEFAULT_COUNT = 2


def mode_of(length: int) -> str:
    """The mode that a container prefix of this length means."""
    return MODE_PREFIX if length == DELEGATED_LENGTH else MODE_BLOCK


def length_for(count: int) -> int:
    """The length of the smallest block with room for ``count`` containers: 2 is a /126, 6 a /125, 14 a /124."""
    bits = (count + BLOCK_OVERHEAD - 1).bit_length()
    return min(SMALLEST_BLOCK_LENGTH, 128 - bits)


@dataclass(frozen=True)
class Subnet:
    """A subnet and its IPv6 network (``None``: it has none)."""

    id: str
    block: Block | None
    vpc_id: str = ""
    zone: str = ""


# Stands for a subnet that is yet to be made, in a plan that nobody will apply: the network is one that RFC 3849 keeps
# for documentation.
UNMADE_SUBNET = Subnet(id="(to be made)", block=Block(0x20010DB8 << 96, 64))


def reserved(subnet: Block) -> tuple[Block, ...]:
    """What AWS keeps in every subnet: the first four addresses and the last (VPC user guide, "Subnet CIDR blocks")."""
    return Block(subnet.first, SMALLEST_BLOCK_LENGTH), single(subnet.last)


@dataclass(frozen=True)
class Request:
    """One host as asked for.

    ``path`` says where; pins are absolute; ``None`` means "choose".
    """

    path: str
    host: str
    subnet_id: str = ""
    instance_type: str | None = None
    mode: str | None = None
    count: int | None = None
    address: int | None = None
    block: Block | None = None

    @property
    def length(self) -> int:
        """The length of the container prefix wanted when nothing is held or pinned."""
        if self.block is not None:
            return self.block.length
        if self.mode == MODE_BLOCK:
            return length_for(DEFAULT_COUNT if self.count is None else self.count)
        return DELEGATED_LENGTH


@dataclass(frozen=True)
class Held:
    """What a host has already, and keeps.

    ``None``: not known, to be chosen.     ``where`` names the holder in messages. ``movable``: the block is only
    claimed by tag, on an interface that no instance uses, so     another choice takes nothing from anyone.
    """

    host: str
    address: int | None = None
    block: Block | None = None
    where: str = ""
    movable: bool = False


@dataclass(frozen=True)
class Taken:
    """A range that others have, and who."""

    block: Block
    owner: str


@dataclass(frozen=True)
class Allocation:
    """A host's addresses: its own, and its containers' prefix."""

    host: str
    address: int
    block: Block

    @property
    def mode(self) -> str:
        """``block`` or ``prefix``."""
        return mode_of(self.block.length)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Every single address the interface must have, the host's own first."""
        return (self.address,) + (self.block.addresses() if self.mode == MODE_BLOCK else ())

    @property
    def prefixes(self) -> tuple[Block, ...]:
        """Every delegated prefix the interface must have."""
        return (self.block,) if self.mode == MODE_PREFIX else ()

    def to_dict(self) -> dict[str, str]:
        """``host_address`` (no length) and ``container_prefix``, as text."""
        return {"host_address": address_text(self.address), "container_prefix": str(self.block)}


@dataclass(frozen=True)
class Interface:
    """A network interface as EC2 describes it.

    ``status``: ``pending``, ``available``, ``in-use``, ``detaching``.
    """

    id: str
    subnet_id: str
    vpc_id: str = ""
    zone: str = ""
    mac: str = ""
    status: str = "available"
    description: str = ""
    addresses: frozenset[int] = frozenset()
    prefixes: frozenset[Block] = frozenset()
    groups: tuple[str, ...] = ()
    instance_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Everything it has, as blocks, ascending."""
        return tuple(sorted([*map(single, self.addresses), *self.prefixes]))


@dataclass(frozen=True)
class Reservation:
    """A subnet CIDR reservation; ``fleet`` is set when one of our fleets made it."""

    id: str
    subnet_id: str
    block: Block
    fleet: str | None = None


@dataclass(frozen=True)
class InstanceType:
    """What an instance type allows.

    ``addresses``: IPv6 addresses and prefixes together, per interface.
    """

    name: str
    addresses: int
    nitro: bool
    ipv6: bool = True


@dataclass(frozen=True)
class Instance:
    """An instance as far as the fleet needs it.

    ``state`` is EC2's name (``running``, ``terminated``…).
    """

    id: str
    state: str
    instance_type: str = ""
    image_id: str = ""
    key_name: str | None = None
    http_tokens: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Observed:
    """What EC2 has, read once.

    ``groups``: security group id to VPC id. Absent keys do not exist.
    """

    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    types: Mapping[str, InstanceType] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """A fleet in one subnet as asked for.

    ``hosts`` is raw: the core checks it together with what is observed.
    """

    fleet: str
    subnet_id: str
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    hosts: object = ()
