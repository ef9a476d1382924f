# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What links, addresses, neighbours and routes each namespace should have, as commands that make or unmake them. Pure.

The builder compares two of these descriptions and runs the difference, so a change of one address is one command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from vpclab.fabric.names import (
    INTERNET_MTU,
    METADATA,
    MTU,
    RESOLVER,
    ROUTER6,
    bridge,
    device,
    link_local,
    networks4,
    networks6,
    plugged,
    port,
    router4,
    router_mac,
    uplink,
)
from vpclab.services import sites
from vpclab.topology import Eni, Subnet, Topology, Vpc

INTERNET = "internet"
INTERNET_SIDE = IPv6Address("fe80::1")
VPC_SIDE = IPv6Address("fe80::2")
SITES = (sites.INTERNET_HOST, sites.ARCHIVE, sites.REGISTRY, sites.RESOLVER)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a namespace: the arguments of ``ip`` or ``bridge`` that make it and those that unmake it.

    ``within`` names what it goes with: when that is made anew, so must be all that was within it.
    """

    make: str
    unmake: str
    tool: Literal["ip", "bridge"] = "ip"
    within: str = ""


def difference(old: tuple[Item, ...], new: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """What to unmake (the last first) and what to make, in order."""
    before, after = set(old), set(new)
    return tuple(item for item in reversed(old) if item not in after), tuple(i for i in new if i not in before)


Name = Callable[[str], str]
"""The full name of a namespace, by an id; links that reach into another one need it."""


def _on_loopback(address: IPv4Address | IPv6Address) -> Item:
    """An address that services listen on.

    Without ``nodad`` an IPv6 address is tentative for a moment, and who binds to it then is refused.
    """
    own = f"{address}/{address.max_prefixlen}"
    return Item(f"addr add {own} dev lo{' nodad' if address.version == 6 else ''}", f"addr del {own} dev lo")


def internet(topology: Topology, name: Name) -> tuple[Item, ...]:
    """The Internet's namespace: the addresses of its sites, a link and a route to each VPC."""
    found = [_on_loopback(address) for address in SITES]
    for vpc in topology.vpcs:
        up = uplink(vpc.id)
        found += [
            Item(
                f"link add {up} mtu {INTERNET_MTU} type veth peer name igw mtu {INTERNET_MTU} netns {name(vpc.id)}",
                f"link delete {up}",
            ),
            Item(f"addr add {INTERNET_SIDE}/64 dev {up} nodad", f"addr del {INTERNET_SIDE}/64 dev {up}"),
            Item(f"link set {up} up", f"link set {up} down"),
        ]
        found += [
            Item(f"route add {cidr} via {VPC_SIDE} dev {up}", f"route del {cidr} via {VPC_SIDE} dev {up}")
            for cidr in vpc.ipv6
        ]
    return tuple(found)


def vpc(topology: Topology, wanted: Vpc, instances: frozenset[str], name: Name) -> tuple[Item, ...]:
    """A VPC's namespace: router, subnets, and the interfaces of those ``instances`` whose hosts have a namespace."""
    found = list(_router(wanted))
    subnets = {subnet.id: subnet for subnet in topology.subnets if subnet.vpc_id == wanted.id}
    for subnet in subnets.values():
        found += _subnet(subnet)
    for eni in plugged(topology, instances):
        if eni.subnet_id in subnets:
            found += _eni(eni, name)
    return tuple(found)


def _router(wanted: Vpc) -> Iterator[Item]:
    served: tuple[IPv4Address | IPv6Address, ...] = (*METADATA, *RESOLVER)
    yield from map(_on_loopback, served)
    yield Item(f"addr add {VPC_SIDE}/64 dev igw nodad", f"addr del {VPC_SIDE}/64 dev igw")
    yield Item("link set igw up", "link set igw down")
    yield Item(f"route add ::/0 via {INTERNET_SIDE} dev igw", "route del ::/0")
    # An internet gateway has no IPv4 here: whoever tries is told at once.
    yield Item("route add unreachable 0.0.0.0/0", "route del unreachable 0.0.0.0/0")
    for cidr in wanted.ipv6:
        # What no interface has goes nowhere, silently, as in a VPC.
        yield Item(f"route add blackhole {cidr}", f"route del blackhole {cidr}")


def _subnet(subnet: Subnet) -> Iterator[Item]:
    name, mac = bridge(subnet.id), router_mac(subnet.id)
    yield Item(
        f"link add {name} address {mac} mtu {MTU} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        f"link delete {name}",
    )
    yield Item(f"link set {name} up", f"link set {name} down")
    for own in (f"{link_local(mac)}/64", f"{ROUTER6}/64"):
        yield Item(f"addr add {own} dev {name} nodad", f"addr del {own} dev {name}")
    if subnet.ipv4 is not None:
        router = f"{router4(subnet.ipv4)}/32"
        yield Item(f"addr add {router} dev {name}", f"addr del {router} dev {name}")


def _eni(eni: Eni, name: Name) -> Iterator[Item]:
    assert eni.instance_id is not None
    link, on, via = port(eni.id), bridge(eni.subnet_id), link_local(eni.mac)
    within = f"{eni.instance_id} {device(eni)}"
    yield Item(
        f"link add {link} mtu {MTU} type veth "
        f"peer name {device(eni)} address {eni.mac} mtu {MTU} netns {name(eni.instance_id)}",
        f"link delete {link}",
        within=within,
    )
    for setting, undo in (
        (f"master {on}", "nomaster"),
        ("type bridge_slave learning off flood off mcast_flood off bcast_flood off", "type bridge_slave learning on"),
        ("up", "down"),
    ):
        yield Item(f"link set {link} {setting}", f"link set {link} {undo}", within=within)
    entry = f"{eni.mac} dev {link} master static"
    yield Item(f"fdb replace {entry}", f"fdb del {entry}", tool="bridge", within=within)
    for neighbour in (via, *networks4(eni)):
        yield Item(
            f"neigh replace {neighbour} lladdr {eni.mac} dev {on} nud permanent", f"neigh del {neighbour} dev {on}"
        )
    for address in networks4(eni):
        yield Item(f"route add {address}/32 dev {on}", f"route del {address}/32 dev {on}")
    for network in networks6(eni):
        yield Item(f"route add {network} via {via} dev {on}", f"route del {network} via {via} dev {on}")
