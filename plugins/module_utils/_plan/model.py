# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nouns: what is asked for, what is there, what will be.

Values only; addresses are integers, blocks aligned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .addresses import Block, address_text, single

# The router of every subnet answers at this link-local address (EC2 user guide, "IPv6 addressing").
GATEWAY = "fe80:ec2::1"

# EC2 delegates prefixes of this length and no other.
DELEGATED_LENGTH = 80

MODE_BLOCK = "block"
MODE_PREFIX = "prefix"
MODES = (MODE_BLOCK, MODE_PREFIX)

# What of a block is assigned: every address of it, or only the containers' own.
ASSIGN_BLOCK = "block"
ASSIGN_CONTAINERS = "containers"
ASSIGNS = (ASSIGN_BLOCK, ASSIGN_CONTAINERS)

# No instance type takes more IPv6 addresses an interface (EC2 user guide, "IP addresses per network interface").
MOST_ADDRESSES = 50

# A block holds at least a network address, the bridge and two containers. Where all of it is assigned, nothing above 32
# addresses fits an interface; where only the containers are, 49 of them do beside the host's own.
SMALLEST_BLOCK_LENGTH = 126
_LARGEST_BLOCK_LENGTHS = {ASSIGN_BLOCK: 123, ASSIGN_CONTAINERS: 122}
LARGEST_BLOCK_LENGTH = min(_LARGEST_BLOCK_LENGTHS.values())

# The network's own address and the bridge's, on top of the containers'.
BLOCK_OVERHEAD = 2
DEFAULT_COUNT = 2

# How EC2 calls a subnet CIDR reservation that keeps automatic assignment out, and one for delegated prefixes.
EXPLICIT = "explicit"

# The option `reservation` with this value gives the fleet's reservation up.
NO_RESERVATION = "none"

# States of an instance that is gone, or as good as gone.
LEAVING = ("shutting-down", "terminated")


def largest_block_length(assign: str) -> int:
    """The shortest length (the largest block) that can be assigned so."""
    return _LARGEST_BLOCK_LENGTHS[assign]


def room_in(block: Block) -> int:
    """How many containers have an address in the block, and could be assigned to one interface beside the host's
    own."""
    return min(block.size - BLOCK_OVERHEAD, MOST_ADDRESSES - 1)


def mode_of(length: int) -> str:
    """The mode that a container prefix of this length means."""
    return MODE_PREFIX if length == DELEGATED_LENGTH else MODE_BLOCK


def length_for(count: int) -> int:
    """The length of the smallest block with room for ``count`` containers: 2 is a /126, 6 a /125, 14 a /124."""
    bits = (count + BLOCK_OVERHEAD - 1).bit_length()
    return min(SMALLEST_BLOCK_LENGTH, 128 - bits)


@dataclass(frozen=True)
class Subnet:
    """A subnet and its IPv6 network (``None``: it has none). ``native``: it has no IPv4."""

    id: str
    block: Block | None
    vpc_id: str = ""
    zone: str = ""
    native: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it stands for a subnet that is yet to be made."""
        return is_new_subnet(self.id)


# ``new:<name>`` and ``new:<name>:ipv6-only`` stand for empty subnets that are yet to be made, in a plan that nobody
# will apply.
_NEW = "new:"
_NEW_NATIVE = ":ipv6-only"
# RFC 3849 keeps it for documentation.
_DOCUMENTATION = Block(0x20010DB8 << 96, 32)


def is_new_subnet(subnet_id: str) -> bool:
    """Whether the id stands for a subnet that is yet to be made."""
    return subnet_id.startswith(_NEW)


def new_subnets(ids: Iterable[str]) -> dict[str, Subnet]:
    """Subnets, by id, for those ids that stand for one yet to be made: the n-th in order is 2001:db8:0:n::/64."""
    made = sorted({subnet_id for subnet_id in ids if is_new_subnet(subnet_id)})
    return {
        subnet_id: Subnet(
            id=subnet_id,
            block=Block(_DOCUMENTATION.first + (index << 64), 64),
            native=subnet_id.endswith(_NEW_NATIVE),
        )
        for index, subnet_id in enumerate(made)
    }


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

    ``None``: not known, to be chosen. ``count``: how many container addresses are assigned (``None``: the whole block).
    ``where`` names the holder in messages. ``attached``: an instance has it, so the host's own address can't change.
    ``movable``: the block is only claimed by tag, so another choice takes nothing from anyone. ``extra``: what the
    interface has besides, and keeps. ``absent``: of which of the two it has nothing, so that only its tags tell.
    """

    host: str
    address: int | None = None
    block: Block | None = None
    count: int | None = None
    where: str = ""
    attached: bool = False
    movable: bool = False
    extra: tuple[Block, ...] = ()
    absent: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A range that others have, and who."""

    block: Block
    owner: str


@dataclass(frozen=True)
class Allocation:
    """A host's addresses: its own, and its containers' prefix.

    ``count``: that many container addresses are assigned, and nothing else of the block; ``None``: the whole block.
    """

    host: str
    subnet_id: str
    address: int
    block: Block
    count: int | None = None

    @property
    def mode(self) -> str:
        """``block`` or ``prefix``."""
        return mode_of(self.block.length)

    @property
    def assign(self) -> str | None:
        """``block`` or ``containers``: what of the block is assigned; ``None`` in mode ``prefix``."""
        if self.mode == MODE_PREFIX:
            return None
        return ASSIGN_BLOCK if self.count is None else ASSIGN_CONTAINERS

    @property
    def container_count(self) -> int | None:
        """How many container addresses are assigned; ``None`` in mode ``prefix``, where there is no end to them."""
        if self.mode == MODE_PREFIX:
            return None
        return self.block.size - BLOCK_OVERHEAD if self.count is None else self.count

    @property
    def addresses(self) -> tuple[int, ...]:
        """Every single address the interface must have, the host's own first."""
        return (self.address, *assigned_of(self.block, self.count))

    @property
    def prefixes(self) -> tuple[Block, ...]:
        """Every delegated prefix the interface must have."""
        return (self.block,) if self.mode == MODE_PREFIX else ()

    def to_dict(self) -> dict[str, str]:
        """``host_address`` (no length) and ``container_prefix``, as text."""
        return {"host_address": address_text(self.address), "container_prefix": str(self.block)}


def assigned_of(block: Block, count: int | None) -> tuple[int, ...]:
    """The single addresses of a container prefix that an interface has: all (``count`` is ``None``), the first
    ``count`` containers', or none of a delegated one."""
    if mode_of(block.length) == MODE_PREFIX:
        return ()
    if count is None:
        return block.addresses()
    return tuple(range(block.first + BLOCK_OVERHEAD, block.first + BLOCK_OVERHEAD + count))


@dataclass(frozen=True)
class Interface:
    """A network interface as EC2 describes it.

    ``status``: ``pending``, ``available``, ``in-use``, ``detaching``. ``device_index``: where it is attached.
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
    device_index: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Everything it has, as blocks, ascending."""
        return tuple(sorted([*map(single, self.addresses), *self.prefixes]))


@dataclass(frozen=True)
class Reservation:
    """A subnet CIDR reservation.

    ``fleet`` is set when one of our fleets made it; ``kind`` is EC2's type, ``explicit`` or ``prefix``.
    """

    id: str
    subnet_id: str
    block: Block
    fleet: str | None = None
    kind: str = EXPLICIT


@dataclass(frozen=True)
class InstanceType:
    """What an instance type allows.

    ``addresses``: IPv6 addresses and prefixes together, per interface. ``interfaces``: how many an instance can have
    (0: not known).
    """

    name: str
    addresses: int
    nitro: bool
    ipv6: bool = True
    interfaces: int = 0


@dataclass(frozen=True)
class Instance:
    """An instance as far as the fleet needs it.

    ``state`` is EC2's name (``running``, ``terminated``…); ``devices`` are the device indexes in use.
    """

    id: str
    state: str
    instance_type: str = ""
    image_id: str = ""
    key_name: str | None = None
    http_tokens: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    devices: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Observed:
    """What EC2 has, read once.

    ``groups``: security group id to VPC id. ``instances``: those that have the fleet's interfaces, and those that carry
    the fleet's tag. Absent keys do not exist.
    """

    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    types: Mapping[str, InstanceType] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """A fleet as asked for.

    ``subnet_id``: for hosts that name none and hold nothing. ``hosts`` is raw: the core checks it together with what is
    observed. ``assign``: one of ``ASSIGNS``. ``reservation``: a CIDR, ``none``, or ``None`` (what there is stays).
    ``purge``: take away what hosts have besides their allocation. ``move``: hosts that may get other container prefixes
    than they hold.
    """

    fleet: str
    subnet_id: str = ""
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    hosts: object = ()
    assign: str = ASSIGN_BLOCK
    reservation: str | None = None
    purge: bool = False
    move: tuple[str, ...] = ()
