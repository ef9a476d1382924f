# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of one subnet in one family: who has which, what is reserved, what is free. Intervals, never lists.

Everything inside is integers; texts are parsed on the way in. Standard library only.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from random import Random
from typing import Generic, Literal, TypeVar

from vpclab.ec2.refusal import Refusal, invalid

PREFIX_LENGTH = 80
"""The only length of a delegated IPv6 prefix."""
PREFIX_SIZE = 1 << (128 - PREFIX_LENGTH)
RESERVED_FIRST = 4
"""EC2 keeps the first four addresses of a subnet, and the last one, in both families."""
_RANDOM_TRIES = 16

ReservationKind = Literal["explicit", "prefix"]
Network = TypeVar("Network", bound=IPv4Network | IPv6Network, covariant=True)


@dataclass(frozen=True, slots=True)
class Block:
    """A subnet CIDR reservation as an interval; both ends belong to it."""

    first: int
    last: int
    kind: ReservationKind
    id: str


class AddressSpace(Generic[Network]):
    """The addresses of ``network``: single ones and, for IPv6, delegated /80 prefixes, each with its owner's id."""

    def __init__(self, network: Network, random: Random) -> None:
        self.network = network
        self._random = random
        self._first = int(network.network_address)
        self._last = int(network.broadcast_address)
        self._owners: dict[int, str] = {}
        self._singles: list[int] = []
        self._prefix_owners: dict[int, str] = {}
        self._prefixes: list[int] = []
        self._blocks: list[Block] = []

    def __len__(self) -> int:
        return len(self._singles) + len(self._prefixes)

    @property
    def free(self) -> int:
        """How many addresses are left for single assignment: without the reserved ones and prefix reservations."""
        reserved = sum(block.last - block.first + 1 for block in self._blocks if block.kind == "prefix")
        return max(0, self.network.num_addresses - RESERVED_FIRST - 1 - len(self._singles) - reserved)

    # Texts in ---------------------------------------------------------------------------------------------------------

    def address(self, text: str) -> int:
        """Parse an address that somebody asks for; refuse a malformed, outside or reserved one."""
        try:
            parsed = ip_address(text)
        except ValueError:
            raise invalid(f"invalid value for parameter address: [{text}]") from None
        value = int(parsed)
        # EC2's texts and code for IPv4; for IPv6 its code is not recorded: the same one.
        if parsed.version != self.network.version or not self._first <= value <= self._last:
            raise invalid(f"Address {text} does not fall within the subnet's address range")
        if not self._assignable(value, value):
            raise invalid(f"Address {text} is in subnet's reserved address range")
        return value

    def prefix(self, text: str) -> int:
        """Parse a prefix that somebody asks for; refuse what is not a /80 of this subnet (codes not recorded)."""
        try:
            parsed = ip_network(text)
        except ValueError:
            raise invalid(f"invalid value for parameter ipv6Prefix: [{text}]") from None
        if not isinstance(parsed, IPv6Network) or parsed.prefixlen != PREFIX_LENGTH:
            raise invalid(f"invalid value for parameter ipv6Prefix: [{text}]: the length must be /{PREFIX_LENGTH}")
        start = int(parsed.network_address)
        if not self._first <= start <= self._last:
            raise invalid(f"Prefix {text} does not fall within the subnet's address range")
        if not self._assignable(start, start + PREFIX_SIZE - 1):
            raise invalid(f"Prefix {text} overlaps the subnet's reserved address range")
        return start

    # Claims -----------------------------------------------------------------------------------------------------------

    def check(self, addresses: list[int], prefixes: list[int]) -> None:
        """Refuse unless all of these are free and apart from each other."""
        if len(set(addresses)) != len(addresses) or len(set(prefixes)) != len(prefixes):
            raise invalid("an address or a prefix appears twice in the request")
        for address in addresses:
            if address in self._owners:
                raise Refusal("InvalidIPAddress.InUse", f"Address {self._text(address)} is in use.")
            # That an overlap is refused is documented, with which code is not.
            if self._prefix_around(address) is not None or any(p <= address < p + PREFIX_SIZE for p in prefixes):
                raise invalid(f"Address {self._text(address)} is within an assigned prefix")
        for start in prefixes:
            if start in self._prefix_owners:
                raise invalid(f"Prefix {self._text(start)}/{PREFIX_LENGTH} is in use")
            if self._single_within(start, start + PREFIX_SIZE - 1):
                raise invalid(f"Prefix {self._text(start)}/{PREFIX_LENGTH} overlaps an assigned address")

    def claim(self, addresses: list[int], prefixes: list[int], owner: str) -> None:
        """Give these to ``owner``. The caller has called :meth:`check`."""
        for address in addresses:
            self._owners[address] = owner
            insort(self._singles, address)
        for start in prefixes:
            self._prefix_owners[start] = owner
            insort(self._prefixes, start)

    def release(self, addresses: list[int], prefixes: list[int]) -> None:
        """Take these from their owner."""
        for address in addresses:
            del self._owners[address]
            del self._singles[bisect_left(self._singles, address)]
        for start in prefixes:
            del self._prefix_owners[start]
            del self._prefixes[bisect_left(self._prefixes, start)]

    def owner(self, address: int) -> str | None:
        """The owner of a single address, if it has one."""
        return self._owners.get(address)

    # Automatic choice -------------------------------------------------------------------------------------------------

    def pick(self, count: int) -> list[int]:
        """Choose ``count`` free addresses outside every reservation, as unpredictably as EC2 does."""
        chosen: list[int] = []
        for _ in range(count):
            lo, hi = self._first + RESERVED_FIRST, self._last - 1
            value = self._draw(lo, hi, 1, chosen) or self._walk([(lo, hi)], 1, self._busy(chosen))
            if value is None:
                raise Refusal(
                    "InsufficientFreeAddressesInSubnet",
                    f"There are not enough free addresses in subnet {self.network} to satisfy the requested number.",
                )
            chosen.append(value)
        return chosen

    def pick_prefixes(self, count: int) -> list[int]:
        """Choose ``count`` free /80 prefixes: from prefix reservations if there are any, else outside all."""
        chosen: list[int] = []
        ranges = [(block.first, block.last) for block in self._blocks if block.kind == "prefix"]
        inside = bool(ranges)
        for _ in range(count):
            busy = self._busy(chosen, PREFIX_SIZE, reservations=not inside)
            value = None if inside else self._draw(self._first, self._last, PREFIX_SIZE, chosen)
            value = value or self._walk(ranges or [(self._first, self._last)], PREFIX_SIZE, busy)
            if value is None:
                raise Refusal(
                    "InsufficientCidrBlocks",
                    "The specified subnet does not have enough free cidr blocks to satisfy the request.",
                )
            chosen.append(value)
        return chosen

    # Reservations -----------------------------------------------------------------------------------------------------

    def reserve(self, network: IPv4Network | IPv6Network, kind: ReservationKind, identity: str) -> None:
        """Reserve ``network``, whoever has addresses in it; refuse one that is outside or overlaps a reservation."""
        first, last = int(network.network_address), int(network.broadcast_address)
        if network.version != self.network.version or first < self._first or last > self._last:
            raise invalid(f"Reservation CIDR should be within subnet CIDR block ({self.network})")
        for block in self._blocks:
            if first <= block.last and last >= block.first:
                # Seen in hashicorp/terraform-provider-aws, issue 45304.
                raise invalid(f"Reservation CIDR {network} has overlap with existing reserved CIDR block")
        insort(self._blocks, Block(first, last, kind, identity), key=lambda block: block.first)

    def unreserve(self, identity: str) -> None:
        """Drop the reservation with this id."""
        self._blocks = [block for block in self._blocks if block.id != identity]

    # Interval arithmetic ----------------------------------------------------------------------------------------------

    def _text(self, value: int) -> str:
        make: Callable[[int], IPv4Address | IPv6Address] = IPv4Address if self.network.version == 4 else IPv6Address
        return str(make(value))

    def _assignable(self, first: int, last: int) -> bool:
        return self._first + RESERVED_FIRST <= first and last <= self._last - 1

    def _single_within(self, first: int, last: int) -> bool:
        index = bisect_left(self._singles, first)
        return index < len(self._singles) and self._singles[index] <= last

    def _prefix_around(self, address: int) -> int | None:
        index = bisect_right(self._prefixes, address) - 1
        if index >= 0 and address < self._prefixes[index] + PREFIX_SIZE:
            return self._prefixes[index]
        return None

    def _reserved(self, first: int, last: int) -> bool:
        index = bisect_right(self._blocks, last, key=lambda block: block.first) - 1
        return index >= 0 and self._blocks[index].last >= first

    def _draw(self, lo: int, hi: int, size: int, chosen: list[int]) -> int | None:
        """A few random tries, which is all it takes in a subnet that is not nearly full; None when they all fail."""
        slots = (hi - lo + 1) // size
        for _ in range(_RANDOM_TRIES if slots > 0 else 0):
            start = lo + self._random.randrange(slots) * size
            end = start + size - 1
            taken = start in chosen or self._single_within(start, end) or self._prefix_around(start) is not None
            if not taken and self._assignable(start, end) and not self._reserved(start, end):
                return start
        return None

    def _busy(self, chosen: list[int], size: int = 1, *, reservations: bool = True) -> list[tuple[int, int]]:
        """All intervals that are taken, merged and in order."""
        edges = [(self._first, self._first + RESERVED_FIRST - 1), (self._last, self._last)]
        parts: list[Iterator[tuple[int, int]]] = [
            iter(edges),
            ((single, single) for single in self._singles),
            ((start, start + PREFIX_SIZE - 1) for start in self._prefixes),
            ((value, value + size - 1) for value in sorted(chosen)),
        ]
        if reservations:
            parts.append((block.first, block.last) for block in self._blocks)
        merged: list[tuple[int, int]] = []
        for first, last in heapq.merge(*parts):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return merged

    @staticmethod
    def _walk(ranges: list[tuple[int, int]], size: int, busy: list[tuple[int, int]]) -> int | None:
        """The first aligned run of ``size`` addresses in ``ranges`` that meets none of the ``busy`` intervals."""
        for lo, hi in ranges:
            start = -(-lo // size) * size
            index = max(0, bisect_right(busy, (start, start)) - 1)
            while start + size - 1 <= hi:
                while index < len(busy) and busy[index][1] < start:
                    index += 1
                if index == len(busy) or busy[index][0] > start + size - 1:
                    return start
                start = -(-(busy[index][1] + 1) // size) * size
        return None
