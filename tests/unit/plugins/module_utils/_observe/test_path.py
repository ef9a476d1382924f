# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a target, from what comes back on it; and the real thing on this machine's loopback."""

from __future__ import annotations

import os

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import icmp, links, path

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")
ROUTER = "2001:db8::9"


def walked(size: int, *trials: str | int) -> path.Way:
    """A way after trials: each is ``"back"``, ``"lost"``, or what a Packet Too Big said."""
    way = path.Way("2001:db8::1", size)
    for sequence, outcome in enumerate(trials, 1):
        assert way.waits
        way.sent[sequence] = way.size
        if outcome == "back":
            way.reply(sequence)
        elif isinstance(outcome, int):
            way.too_big(outcome, ROUTER)
        on = way.step()
        assert on is (sequence < len(trials))
    return way


@pytest.mark.parametrize(
    ("trials", "arrives", "told", "lost"),
    [
        (("back",), 9001, [], []),
        ((1500, "back"), 1500, [1500], []),
        ((8500, 1500, "back"), 1500, [8500, 1500], []),
        (("lost", "back"), 1280, [], [9001]),
        ((1500, "lost", "back"), 1280, [1500], [1500]),
        (("lost", "lost"), None, [], [9001, 1280]),
        ((576, "back"), 1280, [576], []),
        ((576, "lost"), None, [576], [1280]),
    ],
)
def test_sizes_are_tried_until_one_comes_back(
    trials: tuple[str | int, ...], arrives: int | None, told: list[int], lost: list[int]
) -> None:
    found = walked(9001, *trials).result("")
    assert (found["size"], found["arrives"], found["lost"]) == (9001, arrives, lost)
    assert found["told"] == [{"by": ROUTER, "mtu": mtu} for mtu in told]


@pytest.mark.parametrize("mtu", [1500, 9001])
def test_a_router_that_names_no_smaller_size_is_not_believed(mtu: int) -> None:
    way = path.Way("2001:db8::1", 1500)
    way.too_big(mtu, ROUTER)
    assert way.waits
    assert way.told == []


def test_a_late_answer_is_of_the_size_that_was_sent() -> None:
    way = walked(1500, "lost", "back")
    way.reply(1)
    assert way.arrives == 1500


@ROOT_ONLY
def test_whole_packets_come_back_over_the_loopback() -> None:
    mtu = links.mtu_by_address(links.ask_ip("addr"))["::1"]
    found = path.discover(["::1"], count=2, interval=1, timeout=2)["::1"]
    assert (found["size"], found["arrives"], found["lost"], found["source"]) == (mtu, mtu, [], "::1")


@ROOT_ONLY
def test_a_packet_larger_than_the_interface_is_not_cut_up() -> None:
    """Else a packet of any size would arrive, in pieces."""
    mtu = links.mtu_by_address(links.ask_ip("addr"))["::1"]
    with icmp.opened(icmp.ECHO_REPLY) as sock:
        path.keep_whole(sock)
        assert icmp.request(sock, "::1", 1, 1, mtu + 1).startswith("EMSGSIZE")


@ROOT_ONLY
def test_no_route_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icmp, "source_for", lambda _target: "")
    found = path.discover(["::1"], count=1, interval=0, timeout=0)["::1"]
    assert (found["arrives"], found["size"]) == (None, 0)
    assert "no route" in found["error"]
