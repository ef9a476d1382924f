# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iproute2 says of an interface, in its own JSON as bookworm's host gave it."""

from __future__ import annotations

import json
from ipaddress import IPv6Interface, IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import host

SUBNET = "2600:1f18:47b:ca03::"
GATEWAY = "fe80::1066:30ff:fe17:5ea3"
STATIC = {"local": f"{SUBNET}1:1", "prefixlen": 64, "scope": "global", "noprefixroute": True}
TENTATIVE = {"local": f"{SUBNET}b", "prefixlen": 128, "scope": "global", "dynamic": True, "tentative": True}
LINK = {"local": "fe80::865:c1ff:fef8:d575", "prefixlen": 64, "scope": "link"}
ROUTES = [
    {"dst": f"{SUBNET}a", "protocol": "kernel", "metric": 256, "expires": 130},
    {"dst": f"{SUBNET}b", "protocol": "kernel", "metric": 256, "expires": 130},
    {"dst": f"{SUBNET}/64", "protocol": "static", "metric": 1024},
    {"dst": "2001:db8:7::/64", "protocol": "ra", "metric": 1024},
    {"dst": "fe80::/64", "protocol": "kernel", "metric": 256},
    {"dst": "default", "gateway": GATEWAY, "protocol": "static", "metric": 1024},
]


@pytest.fixture
def said(monkeypatch):
    """The commands that were run."""
    commands = []

    def run(command, **more):
        commands.append(" ".join(command))
        if "del" in command:
            raise CommandError("RTNETLINK answers: No such process")
        return json.dumps([{"addr_info": [STATIC, TENTATIVE, LINK]}] if "addr" in command else ROUTES)

    monkeypatch.setattr(host, "run", run)
    return commands


def test_what_the_kernel_has(said):
    live = host.live("ens5")
    assert live.addresses == {(IPv6Interface(f"{SUBNET}1:1/64"), False)}
    assert live.defaults == ((GATEWAY, "static"),)
    assert live.advertised == (IPv6Network("2001:db8:7::/64"),)


def test_a_route_is_stale_when_no_address_brings_it_be_it_checked_or_not(said):
    assert host.live("ens5").stale == (IPv6Network(f"{SUBNET}a/128"),)


def test_a_stale_route_goes_and_one_that_went_by_itself_is_no_trouble(said):
    host.forget_stale("ens5")
    assert said[-1] == f"ip -6 route del {SUBNET}a/128 dev ens5 proto kernel"
