# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says is read from its own formats: iproute2's JSON, apt's sources, netplan's files, names of images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import apt, images, links, login, netplan

ADDRESSES = [
    {
        "ifname": "ens5",
        "address": "02:00:00:00:00:01",
        "addr_info": [
            {"family": "inet", "local": "10.0.0.4", "prefixlen": 24, "scope": "global"},
            {"family": "inet6", "local": "2001:db8::1", "prefixlen": 128, "scope": "global", "dynamic": True},
            {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
        ],
    },
    {
        "ifname": "docker0",
        "addr_info": [{"family": "inet6", "local": "2001:db8::9", "prefixlen": 126, "scope": "global"}],
    },
]


def test_addresses_leave_link_local_and_ipv4_out() -> None:
    found = links.addresses(ADDRESSES)
    assert [(entry["interface"], entry["address"], entry["length"], entry["dynamic"]) for entry in found] == [
        ("ens5", "2001:db8::1", 128, True),
        ("docker0", "2001:db8::9", 126, False),
    ]
    assert links.interfaces(ADDRESSES) == {"ens5": "02:00:00:00:00:01", "docker0": ""}


def test_routes_with_several_next_hops_are_several() -> None:
    document = [
        {"dst": "2001:db8::8/126", "dev": "docker0", "protocol": "kernel"},
        {"dst": "fe80::/64", "dev": "ens5", "protocol": "kernel"},
        {"dst": "2001:db8:1::/64", "type": "unreachable", "dev": "lo", "protocol": "static"},
        {
            "dst": "default",
            "protocol": "ra",
            "nexthops": [{"gateway": "fe80::1", "dev": "ens5"}, {"gateway": "fe80::2", "dev": "ens5"}],
        },
    ]
    assert [(route["to"], route["via"], route["dev"], route["proto"]) for route in links.routes(document)] == [
        ("2001:db8::8/126", "", "docker0", "kernel"),
        ("default", "fe80::1", "ens5", "ra"),
        ("default", "fe80::2", "ens5", "ra"),
    ]


DEB822 = """\
# URIs: http://commented.example/
Types: deb
URIs: http://one.example/debian
  https://two.example/debian
Suites: trixie

Enabled: no
Types: deb
URIs: http://off.example/debian
"""
ONE_LINE = """\
deb http://one.example/debian bookworm main
# deb http://commented.example/debian bookworm main
deb-src [arch=amd64 signed-by=/x.gpg] http://two.example/debian bookworm main
"""


def test_uris_of_both_kinds_of_sources() -> None:
    assert apt.uris(DEB822, deb822=True) == ["http://one.example/debian", "https://two.example/debian"]
    assert apt.uris(ONE_LINE, deb822=False) == ["http://one.example/debian", "http://two.example/debian"]


def test_a_mirror_list_counts_as_the_mirrors_it_lists(tmp_path: Path) -> None:
    folder = tmp_path / "etc/apt"
    (folder / "sources.list.d").mkdir(parents=True)
    (folder / "mirrors").mkdir()
    (folder / "sources.list.d/debian.sources").write_text(
        "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\n", encoding="utf-8"
    )
    (folder / "mirrors/debian.list").write_text("# comment\nhttps://cdn.example/debian\n", encoding="utf-8")
    (folder / "sources.list").write_text("deb cdrom:[x]/ bookworm main\n", encoding="utf-8")
    found = apt.configured(str(tmp_path))
    assert "https://cdn.example/debian" in found
    assert apt.mirror_hosts(found) == ["cdn.example"]


@pytest.mark.parametrize(
    ("text", "on"),
    [("      dhcp6: true\n", True), ("dhcp6: yes # why\n", True), ("dhcp6: no\n", False), ("# dhcp6: true\n", False)],
)
def test_netplan_files_with_dhcp6(tmp_path: Path, text: str, on: bool) -> None:
    (tmp_path / "50-cloud-init.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "60-gone.yaml").symlink_to("nowhere")
    assert bool(netplan.with_dhcp6(str(tmp_path))) is on


def test_the_record_before_netplan(tmp_path: Path) -> None:
    record = tmp_path / "before.json"
    assert netplan.before(str(record)) is None
    record.write_text(json.dumps({"interface": "ens5", "addr": ADDRESSES, "route6": []}), encoding="utf-8")
    assert [entry["address"] for entry in netplan.before(str(record)) or ()] == ["2001:db8::1", "2001:db8::9"]


@pytest.mark.parametrize(
    ("image", "registry", "repository"),
    [
        ("nginx", ("registry.example", 443), "nginx"),
        ("library/nginx:1", ("registry.example", 443), "library/nginx"),
        ("registry.lab.test/demo/web:1", ("registry.lab.test", 443), "registry.lab.test/demo/web"),
        ("localhost/web", ("localhost", 443), "localhost/web"),
        ("r.example:5000/web@sha256:00", ("r.example", 5000), "r.example:5000/web"),
    ],
)
def test_where_an_image_comes_from(image: str, registry: tuple[str, int], repository: str) -> None:
    assert images.registry(image, "registry.example") == registry
    assert images.repository(image) == repository


def test_the_ssh_connection_is_found_in_an_ancestor(monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo clears the environment; sshd's child still has it."""
    tree = {7: ("HOME=/root\0", 6), 6: ("SSH_CONNECTION=2001:db8::9 50000 2001:db8::1 22\0", 1)}
    monkeypatch.setattr(login.os, "getpid", lambda: 7)
    monkeypatch.setattr(login, "_process", lambda pid: tree[pid])
    assert login.connection() == {"client": "2001:db8::9", "server": "2001:db8::1"}
    tree[6] = ("", 1)
    assert login.connection() == {}
