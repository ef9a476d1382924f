# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolver: a region mirror without AAAA, a main mirror with one, and nothing beyond the lab."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.ec2.route53 import Zones
from vpclab.ec2.route53.zones import record_set
from vpclab.services import dns

A, TXT, AAAA = 1, 16, 28


def query(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


@pytest.mark.parametrize(
    ("name", "kind", "status", "answers"),
    [
        ("archive.lab.test", AAAA, 0, 1),
        ("archive.lab.test", A, 0, 0),
        ("registry.lab.test", AAAA, 0, 1),
        ("Internet.Lab.Test", AAAA, 0, 1),
        ("us-east-1.ec2.archive.lab.test", A, 0, 1),
        ("us-east-1.ec2.archive.lab.test", AAAA, 0, 0),
        ("nothing.lab.test", AAAA, 3, 0),
        ("example.org", A, 3, 0),
    ],
)
def test_each_name(name: str, kind: int, status: int, answers: int) -> None:
    reply = dns.answer(query(name, kind))
    assert reply is not None
    ident, flags, _, count, _, _ = struct.unpack_from("!6H", reply)
    assert (ident, flags & 15, count) == (7, status, answers)


def test_the_records_of_zones() -> None:
    """AAAA and TXT as they were written; a name that has only names below it exists, without an answer."""
    zones = Zones()
    (zone,) = zones.all()
    zones.change(
        zone.id,
        [
            created("web.one.containers.lab.test", "AAAA", "2001:db8::a", "2001:db8::b"),
            created("web.one.containers.lab.test", "TXT", '"two" "strings"'),
        ],
    )
    addresses = b"".join(IPv6Address(one).packed for one in ("2001:db8::a", "2001:db8::b"))
    reply = dns.answer(query("WEB.one.containers.lab.test", AAAA), zones.lookup)
    assert reply is not None
    assert struct.unpack_from("!3H", reply, 2) == (0x8580, 1, 2)
    assert reply.endswith(addresses[16:]) and addresses[:16] in reply
    text = dns.answer(query("web.one.containers.lab.test", TXT), zones.lookup)
    assert text is not None and text.endswith(b"\x03two\x07strings")
    for name, status in (("one.containers.lab.test", 0), ("two.containers.lab.test", 3)):
        said = dns.answer(query(name, AAAA), zones.lookup)
        assert said is not None and (said[3] & 15, said[7]) == (status, 0), name


def test_a_private_zone_is_its_vpcs_alone() -> None:
    zones = Zones()
    zone = zones.create("private.test", "p", None, True, [("vpc-1", "us-east-1")])
    zones.change(zone.id, [created("web.private.test", "AAAA", "2001:db8::a")])
    assert zones.lookup("web.private.test") is None
    assert zones.lookup("web.private.test", "vpc-2") is None
    assert zones.lookup("web.private.test", "vpc-1") == {"AAAA": (60, ("2001:db8::a",))}


def test_what_a_datagram_can_not_hold_is_cut() -> None:
    zones = Zones()
    (zone,) = zones.all()
    zones.change(zone.id, [created("all.containers.lab.test", "AAAA", *(f"2001:db8::{n:x}" for n in range(1, 50)))])
    asked = query("all.containers.lab.test", AAAA)
    datagram, stream = (dns.answer(asked, zones.lookup, stream=way) for way in (False, True))
    assert datagram is not None and stream is not None
    assert (len(datagram), datagram[2] & 2, datagram[7]) == (len(asked), 2, 0)
    assert stream[7] == 49


def created(name: str, kind: str, *values: str) -> dict[str, object]:
    return {"Action": "CREATE", "ResourceRecordSet": record_set(name, kind, 60, values)}


@given(st.binary(max_size=100))
def test_no_message_can_harm_it(message: bytes) -> None:
    dns.answer(message)
