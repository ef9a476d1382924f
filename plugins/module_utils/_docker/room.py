# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a host's prefix its containers may be."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

#: The first addresses of a prefix that no container has: the network's and the bridge's.
RESERVED = 2


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
        whole = self.prefix.num_addresses - RESERVED
        return whole if self.count is None else min(self.count, whole)

    @property
    def usable(self) -> range:
        """The containers' addresses as numbers."""
        first = int(self.prefix.network_address) + RESERVED
        return range(first, first + max(self.size, 0))

    @property
    def held(self) -> str:
        """Whose number the size is, for a message."""
        if self.count is None:
            return f"the containers that {self.prefix} holds"
        return f"the containers that have addresses assigned in {self.prefix} (container_count)"

    def __str__(self) -> str:
        if self.count is None or not self.usable:
            return str(self.prefix)
        first, last = (ipaddress.IPv6Address(value) for value in (self.usable[0], self.usable[-1]))
        return f"{first} to {last} of {self.prefix}" if first != last else f"{first} of {self.prefix}"
