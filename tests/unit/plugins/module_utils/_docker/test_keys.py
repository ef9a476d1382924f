# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of daemon.json that would open, break or blind: each refused with path, rule and value, before anything else."""

from __future__ import annotations

from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import daemon, keys
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.engine import Engine, settings
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

PREFIX = IPv6Network("2001:db8::8/126")
OLD, NEW = Engine(20, 10, 24), Engine(28, 5, 2)


def refusal(user, text=None):
    with pytest.raises(PlanError) as caught:
        daemon.check(text, {}, user, PREFIX)
    return str(caught.value)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (
            {"iptables": False},
            "iptables: must not be false: Docker closes containers' IPv4, which the guard does not look",
        ),
        (
            {"hosts": ["tcp://[::]:2375", "fd://"]},
            "hosts: must not be tcp: who reaches the daemon is root on the host, got",
        ),
        ({"hosts": ["fd://"]}, "hosts: must be left out: docker.service says it"),
        ({"containerd": "/run/c.sock"}, "containerd: must be left out: docker.service says it"),
        ({"pidfile": "/run/other.pid"}, "pidfile: must be /run/docker.pid, or left out: the guard's keeper sees by it"),
        ({"rootless": True}, "rootless: must be false"),
        (
            {"bip6": "2001:db8::9/126"},
            "bip6: must not overlap the containers' prefix 2001:db8::8/126, got 2001:db8::9/126",
        ),
        (
            {"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}, {"base": "2001:db8::/48", "size": 64}]},
            "default-address-pools[1].base: must not overlap the containers' prefix 2001:db8::8/126, got 2001:db8::/48",
        ),
    ],
)
def test_what_would_open_or_break_is_refused(user, message):
    assert f"docker_daemon_config: {message}" in refusal(user)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"debug": "yes"}, 'debug: must be a boolean, got "yes"'),
        ({"mtu": "1500"}, 'mtu: must be a whole number, got "1500"'),
        ({"mtu": True}, "mtu: must be a whole number, got true"),
        ({"labels": "a=b"}, 'labels: must be a list, got "a=b"'),
        ({"log-opts": ["x"]}, 'log-opts: must be an object, got ["x"]'),
        ({"bip": 7}, "bip: must be a string, got 7"),
    ],
)
def test_a_value_of_another_type_is_refused_before_there_is_an_engine(user, message):
    assert refusal(user) == f"docker_daemon_config: {message}"


def test_the_file_of_the_host_is_looked_at_in_the_same_way():
    assert refusal({}, '{"hosts": ["tcp://0.0.0.0:2375"]}').startswith(
        "/etc/docker/daemon.json: hosts: must not be tcp"
    )
    assert refusal({}, '{"debug": 1}') == "/etc/docker/daemon.json: debug: must be a boolean, got 1"


def test_a_host_whose_own_unit_leaves_the_sockets_to_the_file_keeps_them():
    daemon.check('{"hosts": ["unix:///run/docker.sock"]}', {}, {}, PREFIX)


def test_what_the_user_says_mends_the_file():
    daemon.check('{"iptables": false}', {}, {"iptables": True}, PREFIX)


def test_every_problem_is_told_at_once():
    said = refusal({"iptables": False, "debug": 1}, "{")
    for part in ("/etc/docker/daemon.json: must be JSON", "iptables: must not be false", "debug: must be a boolean"):
        assert part in said


def test_what_the_guard_makes_harmless_and_what_is_not_known_may_be():
    given = {
        **{"userland-proxy": True, "ip": "::", "metrics-addr": "[::]:9323", "icc": False, "ip-masq": False},
        **{"ip-forward": False, "experimental": True, "allow-direct-routing": True, "key-of-docker-31": 7},
        "default-network-opts": {"bridge": {"com.docker.network.bridge.gateway_mode_ipv6": "nat-unprotected"}},
    }
    daemon.check(None, {}, given, PREFIX)


class TestEngine:
    """What differs by the engine's version."""

    def merge(self, user, engine, ipv4=True):
        wanted = settings(engine, "routed", PREFIX, "br-pub6", ipv4)
        return daemon.merge(None, {}, {}, user, wanted, PREFIX, engine)

    def test_20_10_can_not_be_asked_so_it_takes_only_keys_that_it_has(self):
        with pytest.raises(PlanError) as caught:
            self.merge({"default-network-opts": {}, "debug": True}, OLD)
        rule = "must be a key that Docker 20.10.24 knows"
        assert str(caught.value) == f"docker_daemon_config: default-network-opts: {rule}, got {{}}"
        self.merge({"default-network-opts": {}, "unheard-of": 1}, NEW)

    def test_every_typed_key_is_known_to_20_10_or_came_later(self):
        assert set(keys.TYPES) > keys.KNOWN_TO_20_10 - {"default-shm-size", "deprecated-key-path"}

    def test_containers_without_ipv4_ask_servers_of_their_own_over_ipv6(self):
        with pytest.raises(PlanError) as caught:
            self.merge({"dns": ["10.0.0.2"]}, NEW, ipv4=False)
        rule = "must have a server's IPv6 address, or be left out: containers have no IPv4 to ask by"
        assert str(caught.value) == f'docker_daemon_config: dns: {rule}, got ["10.0.0.2"]'
        self.merge({"dns": ["10.0.0.2", "fd00:ec2::253"]}, NEW, ipv4=False)
        self.merge({"dns": ["10.0.0.2"]}, NEW)
