# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resolver: a region mirror without AAAA, a main mirror with one, and nothing beyond the lab."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.services import dns

A, AAAA = 1, 28


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


@given(st.binary(max_size=100))
def test_no_message_can_harm_it(message: bytes) -> None:
    dns.answer(message)
