# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pings, connections and captures as they are on the loopback of this machine; raw sockets need root."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import capture, icmp, tcp

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_open_and_refused(listener: int) -> None:
    with socket.socket(socket.AF_INET6) as spare:
        spare.bind(("::1", 0))
        shut = spare.getsockname()[1]
        found = tcp.connect([("::1", listener), ("::1", shut)], timeout=2)
    assert found == {("::1", listener): "open", ("::1", shut): "refused"}


def test_a_full_queue_is_no_answer() -> None:
    """A listener that no longer takes connections leaves the opening unanswered, as a dropping firewall does."""
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen(0)
        endpoint = ("::1", server.getsockname()[1])
        fillers = []
        for _turn in range(4):
            filler = socket.socket(socket.AF_INET6)
            filler.setblocking(False)
            filler.connect_ex(endpoint)
            fillers.append(filler)
        assert tcp.connect([endpoint], timeout=0.3) == {endpoint: "timeout"}
        for filler in fillers:
            filler.close()


def test_duplicates_replace_no_lost_packet() -> None:
    tally = icmp.Tally("::1")
    tally.sent = {1: 0.0, 2: 0.0}
    tally.reply(1, 62, 0.001)
    tally.reply(1, 62, 0.002)
    tally.reply(9, 62, 0.003)
    result = tally.result("::2")
    assert (result["sent"], result["received"], result["duplicates"], result["hop_limits"]) == (2, 1, 1, [62])
    assert result["rtt_ms"] == 1.0


@ROOT_ONLY
def test_ping_says_hop_limit_and_source() -> None:
    found = icmp.ping(["::1"], count=2, interval=0.01, timeout=1)["::1"]
    assert (found["sent"], found["received"], found["hop_limits"], found["source"]) == (2, 2, [64], "::1")


@ROOT_ONLY
def test_a_capture_sees_what_comes_after_its_start_and_ends_when_collected(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    capture.start("test", "lo", [], seconds=20, folder=folder)
    icmp.ping(["::1"], count=3, interval=0.01, timeout=1)
    report = capture.collect("test", folder=folder)
    requests = [flow for flow in report["flows"] if flow["kind"] == 128]
    assert [(flow["source"], flow["destination"], flow["hop_limit"], flow["count"]) for flow in requests] == [
        ("::1", "::1", 64, 3)
    ]
    with pytest.raises(capture.CaptureError, match="no capture 'test' is running"):
        capture.collect("test", folder=folder)


@ROOT_ONLY
def test_a_capture_started_again_begins_anew(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    capture.start("test", "lo", [], seconds=20, folder=folder)
    icmp.ping(["::1"], count=1, interval=0.01, timeout=1)
    capture.start("test", "lo", [], seconds=20, folder=folder)
    assert [flow for flow in capture.collect("test", folder=folder)["flows"] if flow["kind"] == 128] == []


@ROOT_ONLY
def test_a_capture_ends_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    capture.start("test", "lo", [], seconds=0, folder=str(folder))
    for _turn in range(200):
        if not list(folder.iterdir()):
            return
        icmp.select.select([], [], [], 0.02)
    pytest.fail("the capture's socket is still there")


@ROOT_ONLY
@pytest.mark.parametrize(
    ("name", "interface", "says"), [("a/b", None, "name: must be"), ("test", "nothere0", "interface nothere0")]
)
def test_what_a_capture_refuses(tmp_path: Path, name: str, interface: str | None, says: str) -> None:
    with pytest.raises(capture.CaptureError, match=says):
        capture.start(name, interface, [], seconds=1, folder=str(tmp_path))
    assert list(tmp_path.iterdir()) == []
