# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a host's prefix its containers may be, and where those that nobody chose an address for are put."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

#: The first addresses of a prefix that no container has: the network's and the bridge's.
RESERVED = 2
#: A prefix of this length or shorter is large enough to keep automatic addresses apart from pinned ones: they are the
#: upper half of its first /112, so X::8000 to X::ffff in whichever prefix. Not the upper half of the prefix itself:
#: Docker 20.10 can deal none from a range that ends beyond the first 2**32 addresses ("invalid bit range"), and 26.1
#: none from the end of a /64 (measured with 20.10.24 and 26.1.5).
PARTED = 112


@dataclass(frozen=True)
class Room:
    """Where a host's containers may be: its prefix, and how many of its addresses EC2 gave to the host.

    ``count`` is ``None`` for all of the prefix; else only the first so many that a container can have are assigned, and
    a packet for another one never arrives. The prefix' first address is the network's, its second the bridge's.
    """

    prefix: ipaddress.IPv6Network
    count: int | None = None

    @property
    def size(self) -> int:
        """How many containers there is room for."""
        return self._whole if self.count is None else min(self.count, self._whole)

    @property
    def _whole(self) -> int:
        return self.prefix.num_addresses - RESERVED

    @property
    def _all(self) -> bool:
        """Whether the host has all of the prefix, by whichever of the two ways."""
        return self.size == self._whole

    @property
    def usable(self) -> range:
        """The containers' addresses as numbers."""
        first = int(self.prefix.network_address) + RESERVED
        return range(first, first + max(self.size, 0))

    @property
    def dealt(self) -> ipaddress.IPv6Network | None:
        """The part that Docker may deal addresses from by itself; None for all of the prefix.

        A part of a large prefix, so that an address pinned elsewhere in it is never somebody's who asked for none. A
        small one has too few to part with any.
        """
        if self.prefix.prefixlen > PARTED or not self._all:
            return None
        first = ipaddress.IPv6Network((self.prefix.network_address, PARTED))
        return list(first.subnets())[1]

    @property
    def automatic(self) -> range:
        """The addresses that a container may be given without asking for one, as numbers."""
        dealt = self.dealt
        return self.usable if dealt is None else range(int(dealt.network_address), int(dealt.broadcast_address) + 1)

    @property
    def held(self) -> str:
        """Whose number the size is, for a message."""
        if self._all:
            return f"the containers that {self.prefix} holds"
        return f"the containers that have addresses assigned in {self.prefix} (container_count)"

    def __str__(self) -> str:
        if self._all or not self.usable:
            return str(self.prefix)
        first, last = (ipaddress.IPv6Address(value) for value in (self.usable[0], self.usable[-1]))
        return f"{first} to {last} of {self.prefix}" if first != last else f"{first} of {self.prefix}"
