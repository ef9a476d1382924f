# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that keeps declared ports at their containers' addresses on docker0."""

from __future__ import annotations

import importlib.util
import subprocess
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers, guard

SOURCE = Path(__file__).parents[3] / "roles/docker/files/guard_follow.py"


@pytest.fixture
def follower(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("guard_follow", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DECLARED", str(tmp_path / "declared.nft"))
    monkeypatch.setattr(module, "LOADED", str(tmp_path / "loaded"))
    monkeypatch.setattr(module, "LOAD", ["true"])
    monkeypatch.setattr(module, "LIST", ["echo", "table"])
    return module


def container(address, ports):
    return {
        "Labels": {containers.PORTS_LABEL: ports},
        "NetworkSettings": {"Networks": {"bridge": {"GlobalIPv6Address": address}}},
    }


def test_it_agrees_with_the_module_about_names(follower):
    assert follower.LABEL == containers.PORTS_LABEL
    assert [guard.TABLE_FILE, guard.LOADED_FILE] == [
        "/etc/ipv6.aws_containers/guard/table.nft",
        "/run/ipv6-aws-containers-guard.loaded",
    ]
    text = SOURCE.read_text()
    for name in (guard.TABLE_FILE, guard.LOADED_FILE, guard.DECLARED_FILE, guard.TABLE):
        assert name in text


def test_it_writes_what_the_module_would(follower):
    found = follower.declared([container("2001:db8::b", "80/tcp 5000-5010/udp"), container("2001:db8::a", "80/tcp")])
    a, b = IPv6Address("2001:db8::a"), IPv6Address("2001:db8::b")
    declared = [
        guard.Declared(b, "tcp", 80, 80),
        guard.Declared(b, "udp", 5000, 5010),
        guard.Declared(a, "tcp", 80, 80),
    ]
    assert found == guard.declared(declared)
    assert follower.declared([]) == guard.declared([])


def test_a_container_without_an_address_opens_nothing(follower):
    stopped = {"Labels": {containers.PORTS_LABEL: "80/tcp"}, "NetworkSettings": {"Networks": None}}
    assert follower.declared([container("", "80/tcp"), stopped]) == follower.HEAD


def test_it_loads_only_what_is_new(follower, monkeypatch):
    follower.open_only("x")
    assert Path(follower.LOADED).read_text() == "table\n"
    monkeypatch.setattr(follower, "LOAD", ["false"])
    follower.open_only("x")


def test_a_load_that_fails_is_not_taken_for_done(follower, monkeypatch):
    monkeypatch.setattr(follower, "LOAD", ["false"])
    with pytest.raises(subprocess.CalledProcessError):
        follower.open_only("x")
    assert not Path(follower.DECLARED).exists()
