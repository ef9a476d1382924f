# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's advertisement says is on-link, and what is not to be believed."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address, IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import router

FIXED = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0x80, 1800, 0, 0)
LINK_LAYER = b"\x01\x01\x02\x11\x22\x33\x44\x55"
MTU = struct.pack("!BBHI", 5, 1, 0, 9001)


def prefix(address, length, flags=0x80):
    return struct.pack("!BBBBIII", 3, 4, length, flags, 0xFFFFFFFF, 0xFFFFFFFF, 0) + IPv6Address(address).packed


def test_the_on_link_networks_among_other_options():
    packet = FIXED + LINK_LAYER + prefix("2600:1f18:47b:ca03::", 64) + MTU + prefix("2001:db8:0:10::", 60, 0xC0)
    assert router.on_link(packet) == (IPv6Network("2600:1f18:47b:ca03::/64"), IPv6Network("2001:db8:0:10::/60"))


def test_bits_beyond_the_length_are_to_be_ignored():
    assert router.on_link(FIXED + prefix("2001:db8::1", 64)) == (IPv6Network("2001:db8::/64"),)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        FIXED[:15],
        FIXED,
        b"\x85" + FIXED[1:] + prefix("2001:db8::", 64),
        FIXED + prefix("2001:db8::", 64, flags=0x40),
        FIXED + prefix("2001:db8::", 129),
        FIXED + prefix("2001:db8::", 64)[:-1],
        FIXED + prefix("2001:db8::", 64) + b"\x05\x00",
    ],
    ids=["nothing", "short", "no option", "another type", "not on-link", "length", "cut off", "an empty option"],
)
def test_what_names_no_on_link_network(packet):
    assert router.on_link(packet) == ()


def test_an_interface_that_is_not_there_has_no_router():
    assert router.solicit("no-such-link") == ()


class Deaf:
    """A socket that sends into nothing; what is heard on it, the test says."""

    def __init__(self):
        self.sent = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def setsockopt(self, *_option):
        return None

    def sendto(self, packet, to):
        self.sent.append((packet[0], to[0]))


@pytest.mark.parametrize(
    ("hop_limit", "sender", "asked", "believed"),
    [(255, "fe80::1", 1, True), (64, "fe80::1", 2, False), (255, "2001:db8::1", 2, False)],
    ids=["the router's", "forwarded", "not link-local"],
)
def test_only_a_router_on_the_link_is_believed(monkeypatch, hop_limit, sender, asked, believed):
    packet, socket = FIXED + prefix("2001:db8::", 64), Deaf()
    monkeypatch.setattr(router.icmp, "opened", lambda *kinds: socket)
    monkeypatch.setattr(router.icmp, "heard", lambda sock, seconds: iter([(packet, hop_limit, sender)]))
    assert router.solicit("lo") == ((IPv6Network("2001:db8::/64"),) if believed else ())
    assert socket.sent == [(133, "ff02::2")] * asked
