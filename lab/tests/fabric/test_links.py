# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is built follows from the topology; a change of it is a change of what it touches, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

from vpclab.fabric import links

BOTH = frozenset({"i-00000000000000001", "i-00000000000000002"})


def name(what: str) -> str:
    return f"vpclab.test.{what}"


def build(world, **change) -> tuple[links.Item, ...]:
    topology = replace(world.topology, enis=(replace(world.one, **change), world.two))
    return links.vpc(topology, world.vpc, BOTH, name)


def test_one_more_address_is_one_more_route(world) -> None:
    more = build(world, addresses=(*world.one.addresses, IPv6Address("2600:1f18:47b:ca03::c")))
    gone, new = links.difference(build(world), more)
    assert not gone
    assert [item.make.split(" via ")[0] for item in new] == ["route add 2600:1f18:47b:ca03::c"]


def test_an_interface_that_moves_to_another_host_is_made_anew(world) -> None:
    gone, new = links.difference(build(world), build(world, instance_id="i-00000000000000002", device_index=1))
    assert sum("link add" in item.make for item in new) == 1
    assert {item.make for item in gone if "bridge_slave" in item.make} == {
        item.make for item in new if "bridge_slave" in item.make
    }, "what is within a link goes and comes with it"


def test_what_is_unmade_goes_the_last_first(world) -> None:
    whole = build(world)
    gone, new = links.difference(whole, ())
    assert not new
    assert gone == tuple(reversed(whole))


def test_an_interface_whose_host_is_off_has_no_link_and_no_route(world) -> None:
    items = links.vpc(world.topology, world.vpc, frozenset({"i-00000000000000002"}), name)
    assert not [item for item in items if world.one.mac in item.make or "::1:1" in item.make]


def test_every_link_is_made_inside_namespaces(world) -> None:
    """No end of a link may ever appear in the machine's own namespace."""
    made = [*links.vpc(world.topology, world.vpc, BOTH, name), *links.internet(world.topology, name)]
    veths = [item.make for item in made if "type veth" in item.make]
    assert len(veths) == 3
    assert all("netns vpclab.test." in make for make in veths)


def test_an_ipv6_only_subnet_has_no_ipv4(native) -> None:
    """No router's address, no neighbour, no route; all of IPv6 is as elsewhere."""
    made = [item.make for item in links.vpc(native.topology, native.vpc, BOTH, name)]
    assert not [make for make in made if "10.0." in make or "None" in make]
    assert [make for make in made if "route add 2600:1f18:47b:ca03:5::/80 via fe80::" in make]
