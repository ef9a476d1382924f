# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DHCP of both families, and router advertisements, as EC2 answers them."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpclab.fabric import dhcp4, dhcp6, names, radvd, responder
from vpclab.fabric.packets import (
    ARP,
    IPV4,
    IPV6,
    UDP,
    Frame,
    Malformed,
    Packet,
    mac_bytes,
    unpack_ipv4,
    unpack_ipv6,
    unpack_udp,
)

CLIENT = IPv6Address("fe80::c00:ff:fe00:1")
SUBNET = "2600:1f18:47b:ca03::"
SOLICIT, REQUEST, RENEW, RELEASE, INFORMATION = 1, 3, 5, 8, 11


def option(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def ask(world, kind: int, options: bytes, eni=None) -> dict[int, list[bytes]] | None:
    packet = Packet(CLIENT, IPv6Address("ff02::1:2"), UDP, b"")
    message = bytes([kind]) + b"abc" + option(1, b"client") + options
    frame = dhcp6.answer(packet, message, eni or world.one, world.subnet)
    if frame is None:
        return None
    reply = unpack_udp(unpack_ipv6(frame.payload).payload)[2]
    assert reply[1:4] == b"abc"
    found: dict[int, list[bytes]] = {0: [reply[:1]]}
    for code, value in dhcp6._options(reply[4:]):
        found.setdefault(code, []).append(value)
    return found


def addresses(association: bytes) -> dict[str, tuple[int, int]]:
    return {
        str(IPv6Address(value[:16])): struct.unpack("!II", value[16:24])
        for code, value in dhcp6._options(association[12:])
        if code == 5
    }


IA_NA = option(3, struct.pack("!III", 7, 0, 0))
IA_PD = option(25, struct.pack("!III", 9, 0, 0))


@pytest.mark.parametrize(("kind", "said"), [(SOLICIT, 2), (REQUEST, 7), (RENEW, 7)])
def test_all_addresses_come_in_one_association(world, kind: int, said: int) -> None:
    reply = ask(world, kind, IA_NA)
    assert reply is not None
    assert reply[0] == [bytes([said])]
    assert addresses(reply[3][0]) == {str(address): (140, 450) for address in world.one.addresses}
    assert reply[3][0][:4] == struct.pack("!I", 7), "the association's own number"
    assert reply[1] == [b"client"]
    assert reply[23] == [names.RESOLVER[1].packed]


def test_an_address_that_was_taken_away_is_renewed_with_lifetime_zero(world) -> None:
    held = option(5, IPv6Address(SUBNET + "77").packed + struct.pack("!II", 140, 450))
    reply = ask(world, RENEW, option(3, struct.pack("!III", 7, 0, 0) + held))
    assert reply is not None
    assert addresses(reply[3][0])[SUBNET + "77"] == (0, 0)


def test_a_delegated_prefix_is_given_and_its_absence_said(world) -> None:
    reply = ask(world, SOLICIT, IA_NA + IA_PD, world.two)
    assert reply is not None
    assert IPv6Address("2600:1f18:47b:ca03:5::").packed in reply[25][0]
    none = ask(world, SOLICIT, IA_NA + IA_PD)
    assert none is not None
    assert option(13, struct.pack("!H", 6)) in none[25][0], "NoPrefixAvail"


def test_an_interface_without_an_address_is_not_answered(world) -> None:
    bare = replace(world.two, addresses=())
    assert ask(world, SOLICIT, IA_NA, bare) is None
    assert radvd.advertisement(bare, world.subnet) is None


def test_another_servers_message_is_not_answered(world) -> None:
    assert ask(world, REQUEST, IA_NA + option(2, b"another")) is None


def test_the_advertisement_is_managed_and_gives_no_address(world) -> None:
    frame = radvd.advertisement(world.one, world.subnet)
    assert frame is not None
    packet = unpack_ipv6(frame.payload)
    assert packet.source == names.link_local(names.router_mac(world.subnet.id))
    assert packet.payload[5] & 0x80, "managed"
    prefix = packet.payload[24:]
    assert (prefix[0], prefix[2], prefix[3]) == (3, 64, 0x80), "on-link, not autonomous"


def four(kind: int, *options: bytes, ciaddr: str = "0.0.0.0") -> bytes:
    head = struct.pack("!BBBB", 1, 1, 6, 0) + b"xid!" + b"\0" * 4 + IPv4Address(ciaddr).packed + b"\0" * 12
    chaddr = mac_bytes("0e:00:00:00:00:01") + b"\0" * 10
    body = head + chaddr + b"\0" * 192 + b"\x63\x82\x53\x63" + bytes([53, 1, kind])
    return body + b"".join(options) + b"\xff"


def answered(world, body: bytes) -> tuple[bytes, dict[int, bytes]] | None:
    frame = dhcp4.answer(body, world.one, world.subnet)
    if frame is None:
        return None
    reply = unpack_udp(unpack_ipv4(frame.payload).payload)[2]
    return reply, dhcp4._options(reply[240:])


def test_dhcpv4_offers_the_private_address_and_jumbo_frames(world) -> None:
    said = answered(world, four(1))
    assert said is not None
    reply, options = said
    assert reply[16:20] == world.one.private_ip.packed
    assert options[53] == b"\x02"
    assert options[26] == struct.pack("!H", 9001)
    assert (options[3], options[6]) == (IPv4Address("10.0.3.1").packed, IPv4Address("169.254.169.253").packed)


@pytest.mark.parametrize(("wanted", "said"), [("10.0.3.11", 5), ("10.0.3.99", 6)])
def test_dhcpv4_acknowledges_that_address_alone(world, wanted: str, said: int) -> None:
    found = answered(world, four(3, bytes([50, 4]) + IPv4Address(wanted).packed))
    assert found is not None
    assert found[1][53] == bytes([said])


def test_dhcpv4_is_silent_in_an_ipv6_only_subnet(native) -> None:
    """And DHCPv6 is not."""
    assert dhcp4.answer(four(1), native.one, native.subnet) is None
    assert ask(native, 1, option(3, b"\0" * 12)) is not None


def test_dhcpv4_leaves_another_servers_alone(world) -> None:
    assert answered(world, four(3, bytes([54, 4]) + IPv4Address("10.0.3.2").packed)) is None


@settings(suppress_health_check=[*settings().suppress_health_check, HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from([ARP, IPV4, IPV6]), payload=st.binary(max_size=120))
def test_no_frame_can_harm_the_responder(world, kind: int, payload: bytes) -> None:
    """Whatever a host sends is answered, not answered, or malformed: nothing else is raised."""
    frame = Frame("33:33:00:00:00:01", world.one.mac, kind, payload)
    with contextlib.suppress(Malformed):
        responder.answer(frame, world.one, world.subnet, world.enis)


@settings(suppress_health_check=[*settings().suppress_health_check, HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_no_dhcpv6_message_can(world, body: bytes) -> None:
    packet = Packet(CLIENT, IPv6Address("ff02::1:2"), UDP, b"")
    with contextlib.suppress(Malformed):
        dhcp6.answer(packet, body, world.one, world.subnet)
