# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets are told apart by who, to whom, what and hop limit, and a flood of kinds stays bounded."""

from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import packets
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe.packets import Summary, parse

A, B = "2001:db8::a", "2001:db8::b"


def ipv6(protocol: int, payload: bytes, hop_limit: int = 63, source: str = A, destination: str = B) -> bytes:
    ends = b"".join(socket.inet_pton(socket.AF_INET6, text) for text in (source, destination))
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hop_limit) + ends + payload


def tcp(port: int, flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", 40000, port, 0, 0, 5 << 4, flags, 0, 0, 0)


ECHO = bytes([128, 0, 0, 0, 0, 7, 0, 1])


def test_echo_request() -> None:
    flow = parse(ipv6(58, ECHO), "ens5")
    assert flow == packets.Flow("ens5", A, B, "icmpv6", 128, 0, 63)


@pytest.mark.parametrize(("flags", "port"), [(0x02, 8080), (0x12, 0), (0x10, 0), (0xC2, 8080)])
def test_only_an_opening_keeps_its_port(flags: int, port: int) -> None:
    flow = parse(ipv6(6, tcp(8080, flags)))
    assert flow is not None
    assert (flow.protocol, flow.port) == ("tcp", port)


def test_extension_headers_are_skipped() -> None:
    hop_by_hop = bytes([60, 0]) + bytes(6)
    options = bytes([58, 1]) + bytes(14)
    flow = parse(ipv6(0, hop_by_hop + options + ECHO))
    assert flow is not None
    assert (flow.protocol, flow.kind) == ("icmpv6", 128)


def test_a_later_fragment_has_no_header_to_read() -> None:
    first = parse(ipv6(44, bytes([58, 0]) + struct.pack("!HI", 1, 9) + ECHO))
    later = parse(ipv6(44, bytes([58, 0]) + struct.pack("!HI", 185 << 3, 9) + ECHO))
    assert first is not None
    assert later is not None
    assert (first.kind, later.kind) == (128, 0)


@pytest.mark.parametrize("data", [b"", b"\x45" + bytes(60), ipv6(58, ECHO)[:39]])
def test_what_is_no_ipv6_packet(data: bytes) -> None:
    assert parse(data) is None


@pytest.mark.parametrize("length", [0, 1, 8, 13])
def test_truncated_upper_headers_are_no_error(length: int) -> None:
    assert parse(ipv6(6, tcp(80, 2)[:length])) is not None
    assert parse(ipv6(0, bytes(8)[:length])) is not None


def test_summary_counts_only_the_networks_asked_for() -> None:
    network = (int.from_bytes(socket.inet_pton(socket.AF_INET6, "2001:db8::8"), "big"), (1 << 128) - 4)
    summary = Summary([network])
    summary.add(ipv6(58, ECHO), "ens5")
    summary.add(ipv6(58, ECHO), "ens5")
    summary.add(ipv6(58, ECHO, destination="2001:db8::1:1", source="2001:db8::1:2"), "ens5")
    assert [(flow["source"], flow["destination"], flow["count"]) for flow in summary.flows()] == [(A, B, 2)]


def test_too_many_kinds_are_counted_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST_FLOWS", 2)
    summary = Summary()
    for hop_limit in (1, 2, 3, 4, 1):
        summary.add(ipv6(58, ECHO, hop_limit=hop_limit), "ens5")
    assert [flow["count"] for flow in summary.flows()] == [2, 1]
    assert summary.overflow == 2
