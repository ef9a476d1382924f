# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has an address is answered for the whole subnet, by longest match."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest

from vpclab.fabric import names, neighbour
from vpclab.fabric.packets import ICMPV6, Malformed, Packet, checksum, mac_bytes, unpack_ipv6

SUBNET = "2600:1f18:47b:ca03::"


def solicitation(target: str, source: str = SUBNET + "1:1") -> Packet:
    body = struct.pack("!BBHI", 135, 0, 0, 0) + IPv6Address(target).packed
    return Packet(IPv6Address(source), IPv6Address("ff02::1:ff00:1"), ICMPV6, body)


def test_an_address_is_its_interfaces(world) -> None:
    assert neighbour.owner6(IPv6Address(SUBNET + "9"), world.subnet, world.enis) == world.one.mac


def test_a_delegated_prefix_is_its_interfaces(world) -> None:
    assert neighbour.owner6(IPv6Address("2600:1f18:47b:ca03:5::abcd"), world.subnet, world.enis) == world.two.mac


def test_the_longest_match_wins(world) -> None:
    inside = IPv6Address("2600:1f18:47b:ca03:5::7")
    one = replace(world.one, addresses=(*world.one.addresses, inside))
    wide = replace(world.one, id="eni-3", prefixes=(IPv6Network("2600:1f18:47b:ca03::/65"),), addresses=())
    assert neighbour.owner6(inside, world.subnet, (one, world.two)) == world.one.mac
    assert neighbour.owner6(IPv6Address("2600:1f18:47b:ca03:5::8"), world.subnet, (wide, world.two)) == world.two.mac


@pytest.mark.parametrize("target", [SUBNET + "77", "2600:1f18:47b:ca03:6::1", "2001:db8::1"])
def test_what_nobody_has_is_not_answered(world, target: str) -> None:
    assert neighbour.answer_solicitation(solicitation(target), world.one, world.subnet, world.enis) is None


def test_the_askers_own_address_is_not_answered(world) -> None:
    own = solicitation(SUBNET + "1:1", source="::")
    assert neighbour.answer_solicitation(own, world.one, world.subnet, world.enis) is None


def test_the_routers_addresses_are_the_routers(world) -> None:
    router = names.router_mac(world.subnet.id)
    for target in (names.ROUTER6, names.link_local(router)):
        frame = neighbour.answer_solicitation(solicitation(str(target)), world.one, world.subnet, world.enis)
        assert frame is not None
        assert (frame.source, frame.destination) == (router, world.one.mac)
        assert frame.payload[44] & 0x80, "the router flag"


def test_an_advertisement_carries_the_mac_and_a_good_checksum(world) -> None:
    frame = neighbour.answer_solicitation(solicitation(SUBNET + "2:2"), world.one, world.subnet, world.enis)
    assert frame is not None
    packet = unpack_ipv6(frame.payload)
    assert packet.payload.endswith(mac_bytes(world.two.mac))
    assert packet.hop_limit == 255
    pseudo = packet.source.packed + packet.destination.packed + struct.pack("!IxxxB", len(packet.payload), ICMPV6)
    assert checksum(pseudo + packet.payload) == 0


def test_trying_anothers_address_is_answered_to_all(world) -> None:
    """Duplicate address detection must fail for an address that is another interface's."""
    frame = neighbour.answer_solicitation(
        solicitation(SUBNET + "2:2", source="::"), world.one, world.subnet, world.enis
    )
    assert frame is not None
    assert unpack_ipv6(frame.payload).destination == IPv6Address("ff02::1")


def test_a_solicitation_from_beyond_the_link_is_malformed(world) -> None:
    with pytest.raises(Malformed):
        neighbour.answer_solicitation(
            replace(solicitation(SUBNET + "2:2"), hop_limit=64), world.one, world.subnet, world.enis
        )


def arp(target: str) -> bytes:
    sender = mac_bytes("0e:00:00:00:00:01") + IPv4Address("10.0.3.11").packed
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + sender + b"\0" * 6 + IPv4Address(target).packed


@pytest.mark.parametrize("target", ["10.0.3.1", "169.254.169.254", "169.254.169.253"])
def test_arp_for_the_router_and_its_services(world, target: str) -> None:
    frame = neighbour.answer_arp(arp(target), world.one, world.subnet, world.enis)
    assert frame is not None
    assert frame.source == names.router_mac(world.subnet.id)


def test_arp_for_another_host(world) -> None:
    frame = neighbour.answer_arp(arp("10.0.3.12"), world.one, world.subnet, world.enis)
    assert frame is not None
    assert frame.source == world.two.mac
    assert neighbour.answer_arp(arp("10.0.3.99"), world.one, world.subnet, world.enis) is None


@pytest.mark.parametrize("target", ["10.0.3.12", "169.254.169.254"])
def test_nobody_answers_arp_in_an_ipv6_only_subnet(native, target: str) -> None:
    assert neighbour.answer_arp(arp(target), native.one, native.subnet, native.enis) is None


def test_link_local_from_mac_as_the_tutorial_shows_it() -> None:
    assert str(names.link_local("12:66:30:b8:c0:08")) == "fe80::1066:30ff:feb8:c008"
