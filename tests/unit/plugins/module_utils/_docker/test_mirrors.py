# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors of Docker's registry: over IPv6, and said once."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.engine import Engine
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.mirrors import merged, unreachable
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

WHERE = "docker_daemon_config"


def test_they_stand_beside_the_users_keys():
    mirrors = ["https://mirror.example", "https://[2001:db8::5]:5000/"]
    assert merged({"debug": True}, mirrors, WHERE) == {"debug": True, "registry-mirrors": mirrors}
    assert merged({"debug": True}, [], WHERE) == {"debug": True}


def test_without_mirrors_the_users_own_key_is_the_users():
    assert merged({"registry-mirrors": ["https://x"]}, [], WHERE) == {"registry-mirrors": ["https://x"]}


@pytest.mark.parametrize("listed", ["mirror.example", "mirror.example:80"])
def test_http_where_the_user_trusts_the_host(listed):
    assert merged({"insecure-registries": [listed]}, ["http://mirror.example"], WHERE)["registry-mirrors"]


@pytest.mark.parametrize(
    ("user", "mirrors", "message"),
    [
        (
            {},
            ["http://mirror.example"],
            "docker_registry_mirrors[0]: must be https, or its host be in insecure-registries",
        ),
        ({"insecure-registries": ["other.example"]}, ["http://mirror.example"], "[0]: must be https, or"),
        ({}, ["https://ok.example", "https://10.0.0.5:5000"], "docker_registry_mirrors[1]: must be a name or an IPv6"),
        ({}, ["https://[::ffff:10.0.0.5]"], "[0]: must be a name or an IPv6 address, as it is reached over IPv6, got"),
        ({}, ["https://2130706433"], "[0]: must be a name or an IPv6 address"),
        ({}, ["mirror.example"], "[0]: must be a URL such as https://mirror.example, got 'mirror.example'"),
        ({}, ["ftp://mirror.example"], "[0]: must be a URL such as"),
        ({}, ["https://user:secret@mirror.example"], "[0]: must be a URL without query, fragment and user"),
        ({}, ["https://mirror.example?a=b"], "[0]: must be a URL without query, fragment and user"),
        ({}, ["https://mirror.example:port"], "[0]: must be a URL ("),
        ({}, ["https://[2001:db8::5"], "[0]: must be a URL ("),
        ({}, ["https://a.example", "https://a.example/"], "docker_registry_mirrors[1]: must be there once"),
        (
            {"registry-mirrors": ["https://b.example"]},
            ["https://a.example"],
            "docker_daemon_config: registry-mirrors: must be left out, as docker_registry_mirrors says which there are",
        ),
    ],
)
def test_what_can_be_none_is_refused(user, mirrors, message):
    with pytest.raises(PlanError) as caught:
        merged(user, mirrors, WHERE)
    assert message in str(caught.value)


def test_a_path_is_for_engines_that_take_one():
    mirrors = ["https://mirror.example/docker-hub"]
    assert merged({}, mirrors, WHERE, Engine(24, 0, 0))["registry-mirrors"] == mirrors
    with pytest.raises(
        PlanError, match=r"docker_registry_mirrors\[0\]: must be a URL without a path on an engine before"
    ):
        merged({}, mirrors, WHERE, Engine(20, 10, 24))


def test_one_that_does_not_answer_over_ipv6_is_told(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        assert unreachable([f"https://[::1]:{port}"]) == {}
    assert unreachable([f"https://[::1]:{port}"]) == {f"https://[::1]:{port}": "::1: Connection refused"}
    (why,) = unreachable(["https://nowhere.invalid"]).values()
    assert why.startswith("no IPv6 address: ")
