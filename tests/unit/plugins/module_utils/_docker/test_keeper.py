# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service that puts the guard back: the kernel's table is a file here, and Docker a dictionary."""

from __future__ import annotations

import ast
import errno
import json
import os
import socket
import subprocess
import sys
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import keeper, ports

B = IPv6Address("2001:db8::b")
NAMED = ports.Rules(
    declared={"containers": (ports.Declared("web", "bridge", None, (("tcp", 80, 80, ports.ANYBODY),)),)}
)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host: the kernel's table is a file that loading makes from the declared ports."""
    for name in ("DECLARED_FILE", "LOADED_FILE", "LOCK_FILE", "RULES_FILE"):
        monkeypatch.setattr(keeper, name, str(tmp_path / name))
    table = tmp_path / "table"
    monkeypatch.setattr(keeper, "LOAD", ["cp", str(tmp_path / "DECLARED_FILE"), str(table)])
    monkeypatch.setattr(keeper, "LIST", ["cat", str(table)])
    monkeypatch.setattr(keeper, "PAUSE_SECONDS", 0)
    (tmp_path / "RULES_FILE").write_text(json.dumps(NAMED.to_dict()))
    return table


def docker(monkeypatch, answer):
    def ask():
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(keeper, "ask_addresses", ask)


@pytest.mark.parametrize("harm", ["deleted", "flushed", "altered"])
def test_it_puts_back_what_was_loaded(host, monkeypatch, harm):
    docker(monkeypatch, {("bridge", "web"): B})
    one = keeper.Keeper()
    one.settle()
    loaded = host.read_text()
    assert "::/0 . 2001:db8::b . tcp . 80" in loaded
    if harm == "deleted":
        host.unlink()
    else:
        host.write_text("" if harm == "flushed" else loaded + "accept\n")
    one.keep()
    assert host.read_text() == loaded


def test_it_closes_when_docker_goes_and_opens_at_the_new_address(host, monkeypatch):
    one = keeper.Keeper()
    docker(monkeypatch, {("bridge", "web"): B})
    one.settle()
    docker(monkeypatch, ConnectionRefusedError())
    one.settle()
    assert "2001:db8::" not in host.read_text()
    docker(monkeypatch, {("bridge", "web"): B + 1})
    one.settle()
    assert "2001:db8::c" in host.read_text()


def test_containers_that_outlive_docker_stay_open(host, monkeypatch):
    one = keeper.Keeper()
    docker(monkeypatch, {("bridge", "web"): B})
    one.settle()
    one.outlive = True
    docker(monkeypatch, ConnectionRefusedError())
    one.settle()
    assert "2001:db8::b" in host.read_text()


def test_a_load_that_fails_is_not_taken_for_done(host, monkeypatch):
    docker(monkeypatch, {("bridge", "web"): B})
    monkeypatch.setattr(keeper, "LOAD", ["false"])
    with pytest.raises(subprocess.CalledProcessError):
        keeper.Keeper().settle()
    assert not Path(keeper.DECLARED_FILE).exists()


class Kernel:
    """A socket with one answer."""

    def __init__(self, answer, flags=0):
        self.answer, self.flags = answer, flags

    def recvmsg(self, _size):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer, [], self.flags, (0, 0)


@pytest.mark.parametrize(
    ("kernel", "ours"),
    [
        (Kernel(b"\1ipv6_aws_containers\0\2"), True),
        (Kernel(b"\1filter\0DOCKER\0\2"), False),
        (Kernel(b"\1ipv6_aws_containers_of_somebody\0\2"), False),
        (Kernel(b"\1filter\0", socket.MSG_TRUNC), True),
        (Kernel(OSError(errno.ENOBUFS, "")), True),
        (Kernel(socket.timeout()), True),  # noqa: UP041
    ],
    ids=["ours", "another's", "like ours", "cut short", "lost", "none for long"],
)
def test_which_announcements_concern_it(kernel, ours):
    assert keeper.concerns_us(kernel) is ours


@pytest.mark.parametrize("state", ["no pid file", "gone", "deactivating"])
def test_docker_is_not_asked_where_asking_would_start_it(tmp_path, monkeypatch, state):
    monkeypatch.setattr(keeper, "DOCKER_PID_FILE", str(tmp_path / "docker.pid"))
    monkeypatch.setattr(keeper, "STATE", ["echo", state])
    if state != "no pid file":
        (tmp_path / "docker.pid").write_text(str(2**22 + 1 if state == "gone" else os.getpid()))
    with pytest.raises(ConnectionRefusedError, match="does not run"):
        keeper.Docker().connect()
    (tmp_path / "docker.pid").write_text(str(os.getpid()))
    monkeypatch.setattr(keeper, "STATE", ["echo", "active"])
    assert keeper.runs()


def test_it_stands_by_itself_on_a_host():
    """It is copied to hosts as a package of two modules, and run by their own Python."""
    for module in (keeper, ports):
        tree = ast.parse(Path(module.__file__).read_text(), feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert (node.level, node.module) == (1, "ports")
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
                assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | {"__future__"}
