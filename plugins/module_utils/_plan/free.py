# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much room a subnet has left once a plan is carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .addresses import Block
from .holdings import LEAVING, RESERVED, Holding
from .model import DELEGATED_LENGTH, SMALLEST_BLOCK_LENGTH, Taken
from .space import Ranges, Space, inside, outside

# What is counted: what EC2 delegates, and blocks for 14, 6 and 2 containers.
LENGTHS = (DELEGATED_LENGTH, 124, 125, SMALLEST_BLOCK_LENGTH)


@dataclass(frozen=True)
class Room:
    """How many free aligned blocks of a length there are, by length. Blocks of different lengths share addresses.

    ``reservation``: the fleet's own; what is free in it counts in ``reserved`` (empty without one), and nowhere else.
    """

    open: dict[int, int]
    reservation: Block | None
    reserved: dict[int, int]

    def next_ones(self) -> dict[int, int]:
        """What is left for hosts to come: their blocks come from the reservation, if there is one."""
        if self.reservation is None:
            return self.open
        return {
            length: self.open[length] if length == DELEGATED_LENGTH else self.reserved[length] for length in LENGTHS
        }


def room_after(subnet: Block, holdings: Iterable[Holding]) -> Room:
    """What is free in the subnet once nothing but the holdings that stay is in it."""
    staying = [holding for holding in holdings if holding.state != LEAVING]
    own = next((holding.block for holding in staying if holding.kind == RESERVED and not holding.others), None)
    space = Space(subnet, [Taken(holding.block, holding.name) for holding in staying if holding.block != own])
    if own is None:
        return Room(_count(space, inside(subnet)), None, {})
    return Room(_count(space, outside(own, subnet)), own, _count(space, inside(own)))


def _count(space: Space, ranges: Ranges) -> dict[int, int]:
    """Free aligned blocks by length: a larger one that is free holds a power of two of each smaller length."""
    largest = space.free_lengths(ranges)
    return {
        wanted: sum(count << (wanted - length) for length, count in largest.items() if length <= wanted)
        for wanted in LENGTHS
    }
