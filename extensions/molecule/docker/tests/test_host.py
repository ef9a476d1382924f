# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the role leaves it, after all that the side effects did to it."""

from __future__ import annotations

import json

import pytest

SUBNET = "2600:1f18:47b:ca03::"
PREFIX = {"bookworm": ("8", "9"), "trixie": ("c", "d"), "forky": ("10", "11")}
ENGINE = {"bookworm": 20, "trixie": 26, "forky": 28}
TABLE = "nft list table ip6 ipv6_aws_containers"
#: What it would take to rewrite a source or a destination, in nft's words; iptables-nft's own rules show there too.
TRANSLATION = (" masquerade", " snat to ", " dnat to ", " redirect")


@pytest.fixture
def name(host):
    return host.backend.get_hostname()


def test_it_is_the_engine_that_was_meant(host, name):
    version = host.check_output("docker version --format '{{.Server.Version}}'")
    assert int(version.partition(".")[0]) == ENGINE[name]


def test_the_bridge_has_its_address_and_the_prefix_its_route(host, name):
    network, bridge = PREFIX[name]
    links = json.loads(host.check_output("ip -j -6 addr show dev br-pub6 scope global"))
    found = [
        f"{one['local']}/{one['prefixlen']}" for link in links for one in link.get("addr_info", ()) if "local" in one
    ]
    assert found == [f"{SUBNET}{bridge}/126"]
    routes = json.loads(host.check_output(f"ip -j -6 route show exact {SUBNET}{network}/126"))
    assert [route["dev"] for route in routes] == ["br-pub6"]


def test_nothing_of_the_other_network_is_left(host):
    assert host.run("ip -6 addr show dev docker0 scope global").stdout == ""


def test_it_forwards_and_says_so_for_the_next_boot(host):
    assert host.sysctl("net.ipv6.conf.all.forwarding") == 1
    assert host.sysctl("net.ipv6.conf.default.forwarding") == 1
    assert "net/ipv6/conf/all/forwarding = 1" in host.file("/etc/sysctl.d/60-ipv6-aws-containers.conf").content_string


def test_daemon_json_is_what_the_engine_needs_and_the_user_asked_for(host, name):
    needed = {"ip6tables": False} if ENGINE[name] < 27 else {}
    assert json.loads(host.file("/etc/docker/daemon.json").content_string) == {"debug": True, **needed}


def test_docker_has_taken_it_over(host):
    assert host.check_output("docker info --format '{{.Debug}}'") == "true"


def test_nobody_translates_ipv6(host):
    found = host.check_output("nft -s list ruleset ip6").splitlines()
    assert [line for line in found if any(word in line + " " for word in TRANSLATION)] == []


def test_the_engines_own_firewall_is_as_the_engine_has_it(host, name):
    rules = host.check_output("nft -s list ruleset ip6")
    if ENGINE[name] < 27:
        assert "DOCKER" not in rules
    else:
        options = json.loads(host.check_output("docker network inspect pub6 --format '{{json .Options}}'"))
        assert options["com.docker.network.bridge.gateway_mode_ipv6"] == "routed"
        assert f"ip6 daddr {SUBNET}" in rules


def test_the_guard_is_loaded_and_kept(host, name):
    table = host.check_output(TABLE)
    network, _bridge = PREFIX[name]
    assert f"elements = {{ {SUBNET}{network}/126 }}" in table
    assert "elements = { ::/0 . tcp . 22 }" in table
    assert table.count('counter name "closed" drop') == 1
    for unit in ("ipv6-aws-containers-guard", "ipv6-aws-containers-guard-keeper"):
        assert host.service(unit).is_running
        assert host.service(unit).is_enabled
    assert "ipv6-aws-containers-guard.service" in host.check_output("systemctl show --property=Requires docker.service")


def test_icmpv6_that_ipv6_needs_is_let_in(host):
    table = host.check_output(TABLE)
    chains = {part.partition(" {")[0]: part for part in table.split("chain ")[1:]}
    for chain, kinds in chains.items():
        if "drop" not in kinds or chain == "undeclared":  # who comes here was looked at before
            continue
        for kind in ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem", "echo-request"):
            assert kind in kinds, chain
    assert {"forward", "input"} <= set(chains)
    assert "nd-neighbor-solicit" in chains["input"]


def test_declared_ports_are_those_of_the_containers(host):
    found = json.loads(host.check_output("nft -j list set ip6 ipv6_aws_containers declared"))
    elements = found["nftables"][-1]["set"]["elem"]
    assert len(elements) == 2
    assert all(one["concat"][2:] == ["tcp", 8080] for one in elements)
