# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interfaces would lose their router when the kernel begins to forward."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.modules import forwarding


@pytest.fixture
def host(monkeypatch):
    """Give a host's default routes (interface, proto) and accept_ra switches."""

    def set_up(routes, switches):
        document = [{"dst": "default", "gateway": "fe80::1", "dev": dev, "protocol": proto} for dev, proto in routes]
        monkeypatch.setattr(forwarding.links, "ask_ip", lambda *arguments: document)
        monkeypatch.setattr(forwarding.links, "sysctl", lambda name: switches[name.removesuffix("/accept_ra")])

    return set_up


def test_one_whose_router_the_kernel_learned(host):
    host([("eth0", "ra")], {"eth0": 1})
    assert forwarding.interfaces_that_accept(None, ["all", "eth0", "lo"]) == ["eth0"]


def test_not_one_of_networkds_and_not_one_with_a_static_route(host):
    """With accept_ra=2 the kernel would put a second default route beside theirs."""
    host([("ens5", "ra"), ("ens6", "static")], {"ens5": 0, "ens6": 1})
    assert forwarding.interfaces_that_accept(None, ["ens5", "ens6"]) == []


def test_one_that_has_it_keeps_it(host):
    host([], {})
    assert forwarding.interfaces_that_accept("net/ipv6/conf/eth0/accept_ra = 2\n", ["eth0"]) == ["eth0"]


def test_switches_go_back_to_what_they_were_before_the_first_run(tmp_path, monkeypatch):
    monkeypatch.setattr(forwarding, "CONF", str(tmp_path))
    monkeypatch.setattr(forwarding.links, "ask_ip", lambda *arguments: [])
    monkeypatch.setattr(forwarding.links, "sysctl", lambda name: int((tmp_path / name).read_text()))
    for name in ("all", "default"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "forwarding").write_text("0")
    path, store = str(tmp_path / "sysctl.conf"), str(tmp_path / "store" / "forwarding.json")
    for _run in range(2):
        forwarding.present(path, store, check_mode=False)
        assert (tmp_path / "all" / "forwarding").read_text() == "1"
    forwarding.absent(path, store, check_mode=True)
    assert (tmp_path / "sysctl.conf").exists()
    forwarding.absent(path, store, check_mode=False)
    assert (tmp_path / "all" / "forwarding").read_text() == "0"
    assert not (tmp_path / "sysctl.conf").exists()
    assert forwarding.absent(path, store, check_mode=False) == ({}, {}, [])
