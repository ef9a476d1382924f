# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU by which containers leave a host, of documents as iproute2 5.9 to 6.19 writes them."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import links

LINKS = [{"ifname": "lo", "mtu": 65536}, {"ifname": "ens5", "mtu": 9001}, {"ifname": "ens6", "mtu": 1500}]
ONE = {"dst": "default", "gateway": "fe80::1", "dev": "ens5", "protocol": "ra", "metric": 100}
OTHER = {"dst": "default", "gateway": "fe80::1", "dev": "ens6", "protocol": "static", "metric": 1024}
BOTH = {"dst": "default", "nexthops": [{"gateway": "fe80::1", "dev": "ens5"}, {"gateway": "fe80::2", "dev": "ens6"}]}


@pytest.mark.parametrize(("routes", "mtu"), [([ONE], 9001), ([ONE, OTHER], 1500), ([BOTH], 1500), ([], None)])
def test_the_smallest_of_all_ways_out(monkeypatch, routes, mtu):
    monkeypatch.setattr(links, "ask_ip", lambda *arguments: routes if "route" in arguments else LINKS)
    assert links.outward_mtu() == mtu
