# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's files; nft itself checks them where it may."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import IPv6Address, IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import guard

PREFIXES = [IPv6Network("2001:db8::8/126"), IPv6Network("2001:db8:0:0:1::/80")]
PORTS = [
    guard.Declared(IPv6Address("2001:db8::b"), "udp", 5000, 5010),
    guard.Declared(IPv6Address("2001:db8::a"), "tcp", 80, 80),
    guard.Declared(IPv6Address("2001:db8::a"), "tcp", 80, 80),
]


def test_declared_ports_are_sorted_and_each_is_there_once():
    assert guard.declared(PORTS).splitlines()[1:] == [
        "add element ip6 ipv6_aws_containers declared {",
        "  2001:db8::a . tcp . 80,",
        "  2001:db8::b . udp . 5000-5010",
        "}",
    ]


def test_no_declared_port_opens_nothing():
    assert "add element" not in guard.declared([])


def test_docker_does_not_start_unguarded():
    assert "RequiredBy=docker.service" in guard.unit()
    assert "Before=docker.service" in guard.unit()


@pytest.mark.skipif(not shutil.which("nft"), reason="needs nft")
@pytest.mark.parametrize("ports", [PORTS, []], ids=["ports", "no ports"])
def test_nft_takes_the_files(tmp_path, ports):
    """In a network namespace of its own where that may be made, as nft asks the kernel even for a check."""
    (tmp_path / "declared.nft").write_text(guard.declared(ports))
    table = guard.table(PREFIXES, ["docker0", "br-pub6"]).replace(guard.FOLDER, str(tmp_path))
    assert str(tmp_path) in table
    (tmp_path / "table.nft").write_text(table)
    command = ["unshare", "--net", "nft", "--check", "--file", str(tmp_path / "table.nft")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip("may not make a network namespace")
    assert (done.returncode, done.stderr) == (0, "")
