# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same job three times: read what is taken, then give every host the lowest free address and aligned prefix.

Each takes texts and yields texts, host by host in the order of names: ``(host, host address, container prefix)``.
"""

from __future__ import annotations

import ipaddress
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence

import netaddr  # type: ignore[import-untyped]  # it has annotations, but says so nowhere
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import length_for
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.preview import preview

from .subnet import SUBNET

Hosts = Sequence[dict[str, object]]
Placed = tuple[str, str, str]
Allocator = Callable[[Hosts, Sequence[str]], Iterator[Placed]]

# AWS keeps the first four addresses and the last.
_RESERVED = (f"{SUBNET.network_address}/126", str(SUBNET.broadcast_address))
_SINGLE = 128


def ours(hosts: Hosts, taken: Sequence[str]) -> Iterator[Placed]:
    """The collection's pure core, as the filter ``plan`` calls it."""
    for host, given in preview(hosts, str(SUBNET), taken).items():
        yield host, given["host_address"], given["container_prefix"]


def by_netaddr(hosts: Hosts, taken: Sequence[str]) -> Iterator[Placed]:
    """netaddr: an IPSet of what is taken; its ranges are walked to the first gap with room.

    The other way, an IPSet of what is *free* whose CIDRs are searched, was ten times slower on this subnet: addresses
    at random leave 740,000 of them.
    """
    used = netaddr.IPSet(netaddr.IPNetwork(text) for text in (*_RESERVED, *taken))
    top = int(SUBNET.broadcast_address)

    def take(length: int) -> str:
        size = 1 << (_SINGLE - length)
        candidate = int(SUBNET.network_address)
        for run in used.iter_ipranges():
            if run.first >= candidate + size:
                break
            candidate = max(candidate, -(-(run.last + 1) // size) * size)
        if candidate + size - 1 > top:
            raise ValueError(f"no free aligned /{length}")
        block = netaddr.IPNetwork((candidate, length), version=6)
        used.add(block)
        return str(block.ip if length == _SINGLE else block)

    return _in_turn(hosts, take)


def by_ipaddress(hosts: Hosts, taken: Sequence[str]) -> Iterator[Placed]:
    """The standard library: a sorted list of networks, merged once, walked to the first candidate without overlap."""
    used = list(ipaddress.collapse_addresses(ipaddress.IPv6Network(text) for text in (*_RESERVED, *taken)))

    def take(length: int) -> str:
        size = 1 << (_SINGLE - length)
        candidate = ipaddress.IPv6Network((SUBNET.network_address, length))
        for network in used:
            if candidate.overlaps(network):
                following = -(-(int(network.broadcast_address) + 1) // size) * size
                candidate = ipaddress.IPv6Network((following, length))
            elif network > candidate:
                break
        if not candidate.subnet_of(SUBNET):
            raise ValueError(f"no free aligned /{length}")
        insort(used, candidate)
        return str(candidate.network_address if length == _SINGLE else candidate)

    return _in_turn(hosts, take)


def _in_turn(hosts: Hosts, take: Callable[[int], str]) -> Iterator[Placed]:
    for host in sorted(hosts, key=lambda item: str(item["name"])):
        yield str(host["name"]), take(_SINGLE), take(_length(host))


def _length(host: dict[str, object]) -> int:
    return length_for(int(str(host["container_count"]))) if host["container_mode"] == "block" else 80


def placed(found: Iterable[Placed]) -> dict[str, tuple[str, str]]:
    """By host's name: its address and its prefix."""
    return {host: (address, prefix) for host, address, prefix in found}
