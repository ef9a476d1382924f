# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as the role leaves them, after all that the side effects did to them."""

from __future__ import annotations

import json

import pytest

SUBNET = "2600:1f18:47b:ca03::"
WEB = {"bookworm": "b", "trixie": "f", "forky": "13"}
WORKER = {"bookworm": "a", "trixie": "e", "forky": "12"}


@pytest.fixture
def name(host):
    return host.backend.get_hostname()


@pytest.fixture
def containers(host):
    names = host.check_output("docker ps --all --format '{{.Names}}'").split()
    return {one["Name"].lstrip("/"): one for one in json.loads(host.check_output("docker inspect " + " ".join(names)))}


def test_the_declared_ones_run_and_no_others(containers):
    assert sorted(containers) == ["web", "worker"]
    assert [one["State"]["Status"] for one in containers.values()] == ["running", "running"]


def test_each_has_its_address(containers, name):
    found = {key: one["NetworkSettings"]["Networks"]["pub6"]["GlobalIPv6Address"] for key, one in containers.items()}
    assert found == {"web": SUBNET + WEB[name], "worker": SUBNET + WORKER[name]}


def test_what_is_checked_is_healthy_and_what_is_not_is_not(containers):
    assert containers["web"]["State"]["Health"]["Status"] == "healthy"
    assert "Health" not in containers["worker"]["State"]


def test_they_are_the_roles_and_are_started_again_as_declared(containers):
    assert [one["Config"]["Labels"]["ipv6.aws_containers.role"] for one in containers.values()] == ["containers"] * 2
    policies = {key: one["HostConfig"]["RestartPolicy"]["Name"] for key, one in containers.items()}
    assert policies == {"web": "unless-stopped", "worker": "always"}


def test_the_environment_is_the_declared_one_and_the_images(containers):
    assert sorted(containers["web"]["Config"]["Env"]) == ["LEVEL=debug", "PATH=/bin", "TOKEN=a-secret-1"]


def test_the_journal_knows_nothing_of_it(host):
    assert host.run("journalctl --quiet | grep -v COMMAND= | grep -c a-secret").stdout.strip() == "0"


def test_ports_are_open_to_whom_they_are_declared_for(host, name):
    found = json.loads(host.check_output("nft -j list set ip6 ipv6_aws_containers declared"))
    web, worker = SUBNET + WEB[name], SUBNET + WORKER[name]
    elements = sorted(str(one["concat"]) for one in found["nftables"][-1]["set"]["elem"])
    anybody = [{"prefix": {"addr": "::", "len": 0}}, web, "tcp", 80]
    internet = [{"prefix": {"addr": "2001:db8:53::", "len": 64}}, web, "tcp", 8080]
    others = [{"prefix": {"addr": "2001:db8:99::", "len": 48}}, worker, "udp", {"range": [5000, 5010]}]
    assert elements == sorted(map(str, (anybody, internet, others)))


def test_docker_publishes_them_where_it_closes_the_others(containers, name):
    ports = {key: sorted(one["HostConfig"]["PortBindings"] or {}) for key, one in containers.items()}
    if name == "forky":
        assert ports["web"] == ["80/tcp", "8080/tcp"]
        assert len(ports["worker"]) == 11
    else:
        assert ports == {"web": [], "worker": []}
