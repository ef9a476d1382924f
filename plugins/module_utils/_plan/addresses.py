# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 addresses as integers and aligned blocks of them: tiny, exact functions."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

BITS = 128


@dataclass(frozen=True, order=True)
class Block:
    """An aligned run of ``2 ** (128 - length)`` addresses that begins at ``first``: a CIDR network."""

    first: int
    length: int

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return 1 << (BITS - self.length)

    @property
    def last(self) -> int:
        """Its highest address."""
        # Not by way of ``size``: a large subnet asks for it hundreds of thousands of times.
        return self.first + (1 << (BITS - self.length)) - 1

    def covers(self, other: Block) -> bool:
        """Whether every address of ``other`` lies in it."""
        return self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Block) -> bool:
        """Whether the two share an address."""
        return self.first <= other.last and other.first <= self.last

    def addresses(self) -> tuple[int, ...]:
        """Every address, ascending: for blocks that are assigned address by address, at most 32 of them."""
        return tuple(range(self.first, self.last + 1))

    def __str__(self) -> str:
        if self.length == BITS:
            return address_text(self.first)
        return f"{address_text(self.first)}/{self.length}"


def address_text(value: int) -> str:
    """The canonical text of an address (RFC 5952)."""
    return str(ipaddress.IPv6Address(value))


def align_down(value: int, length: int) -> int:
    """The first address of the ``/length`` around ``value``."""
    size = 1 << (BITS - length)
    return value - value % size


def block_around(value: int, length: int) -> Block:
    """The ``/length`` that ``value`` lies in."""
    return Block(align_down(value, length), length)


def single(value: int) -> Block:
    """One address as a block of its own."""
    return Block(value, BITS)


def read_address(text: object) -> int:
    """The number that ``text`` spells.

    :raises ValueError: the rule that it breaks.
    """
    if isinstance(text, str):
        try:
            # inet_pton: as strict as ipaddress (no scope, no length), and ten times as fast over a large subnet.
            return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
        except (OSError, ValueError):
            pass
    raise ValueError("must be an IPv6 address without a prefix length")


def read_block(text: object) -> Block:
    """The block that ``text`` (``address/length``) spells.

    :raises ValueError: the rule that it breaks, with the aligned block that was probably meant.
    """
    head, slash, tail = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not slash or not (tail.isascii() and tail.isdigit()) or int(tail) > BITS:
        raise ValueError("must be an IPv6 prefix such as ::8/126")
    try:
        first = read_address(head)
    except ValueError:
        raise ValueError("must be an IPv6 prefix such as ::8/126") from None
    length = int(tail)
    aligned = block_around(first, length)
    if aligned.first != first:
        raise ValueError(f"must be aligned: a /{length} around it begins at {aligned}")
    return aligned


def read_taken(text: object) -> Block:
    """An address or a block, as a block.

    :raises ValueError: the rule that it breaks.
    """
    if isinstance(text, str) and "/" in text:
        return read_block(text)
    try:
        return single(read_address(text))
    except ValueError:
        raise ValueError("must be an IPv6 address, or a prefix such as ::8/126") from None


def resolve(block: Block, subnet: Block) -> Block:
    """An absolute block from one that may be relative to ``subnet``.

    Relative means that all the subnet's network bits are zero: ``::1:1`` in ``2001:db8::/64`` is ``2001:db8::1:1``.
    Anything else is absolute already and returned as it is.
    """
    if block.length < subnet.length or block.first >> (BITS - subnet.length):
        return block
    return Block(subnet.first | block.first, block.length)
