# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of engines and networks, in the one place that decides."""

from __future__ import annotations

from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.engine import Engine, gateway, settings
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

PREFIX = IPv6Network("2600:1f18:47b:ca03::8/126")


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("20.10.24+dfsg1-1+deb12u1+b4", (20, 10, 24)),
        ("26.1.5+dfsg1-9+b14", (26, 1, 5)),
        ("5:28.5.2-1~debian.13~trixie", (28, 5, 2)),
        ("29.0", (29, 0, 0)),
    ],
)
def test_versions_as_packages_write_them(text, engine):
    assert Engine.parse(text) == engine


def test_what_is_no_version():
    with pytest.raises(ValueError, match="got 'latest'"):
        Engine.parse("latest")


@pytest.mark.parametrize(
    ("engine", "network", "guard", "daemon", "mode"),
    [
        ("20.10.24", "routed", True, {"ip6tables": False}, None),
        ("26.1.5", "routed", True, {"ip6tables": False}, None),
        ("27.0.1", "routed", False, {}, "routed"),
        ("28.5.2", "routed", False, {}, "routed"),
        ("29.1.0", "routed", False, {}, "routed"),
    ],
)
def test_a_user_defined_network(engine, network, guard, daemon, mode):
    found = settings(Engine.parse(engine), network, PREFIX, "br-pub6")
    assert (found.guard, found.daemon, found.bridge) == (guard, daemon, "br-pub6")
    assert found.driver_options.get("com.docker.network.bridge.gateway_mode_ipv6") == mode
    assert found.driver_options["com.docker.network.bridge.name"] == "br-pub6"


@pytest.mark.parametrize("engine", ["20.10.24", "28.5.2"])
def test_a_user_defined_network_has_the_mtu_that_is_asked_for(engine):
    """Docker's own would be 1500 on a link of 9001; one that isn't known is left to Docker."""
    key = "com.docker.network.driver.mtu"
    assert settings(Engine.parse(engine), "routed", PREFIX, "br-pub6", mtu=9001).driver_options[key] == "9001"
    assert key not in settings(Engine.parse(engine), "routed", PREFIX, "br-pub6").driver_options


@pytest.mark.parametrize("engine", ["20.10.24", "26.1.5", "27.3.1", "28.5.2", "29.0.0"])
def test_docker0_always_needs_the_guard(engine):
    """docker0 never gets a gateway mode; Docker's own IPv6 rules would translate."""
    found = settings(Engine.parse(engine), "default_bridge", PREFIX, "br-pub6")
    assert found.guard
    assert found.bridge == "docker0"
    assert found.driver_options is None
    assert found.daemon == {"ipv6": True, "fixed-cidr-v6": str(PREFIX), "ip6tables": False}


@pytest.mark.parametrize(
    ("engine", "network", "prefix", "message"),
    [
        ("19.3.15", "routed", "2001:db8::/80", "docker engine: must be 20.10.0 or later, got 19.3.15"),
        (
            "28.5.2",
            "host",
            "2001:db8::/80",
            "docker_container_network: must be one of routed, default_bridge, got host",
        ),
        ("28.5.2", "routed", "2001:db8::/127", "docker_container_prefix: must be a /64 to /126, got 2001:db8::/127"),
    ],
)
def test_refusals_name_path_rule_and_value(engine, network, prefix, message):
    with pytest.raises(PlanError) as caught:
        settings(Engine.parse(engine), network, IPv6Network(prefix), "br-pub6")
    assert str(caught.value) == message


def test_the_bridge_has_the_first_address_after_the_networks():
    assert str(gateway(PREFIX)) == "2600:1f18:47b:ca03::9"


class TestWithoutIPv4:
    """From 28 on; an older engine would not even say that it ignores the wish."""

    def test_a_routed_network(self):
        assert not settings(Engine(28, 0, 0), "routed", PREFIX, "br-pub6", ipv4=False).ipv4
        assert settings(Engine(28, 0, 0), "routed", PREFIX, "br-pub6").ipv4

    @pytest.mark.parametrize(
        ("engine", "network", "message"),
        [
            (
                "27.5.1",
                "routed",
                "must be true on an engine before 28.0.0, whose networks always have IPv4, got false on",
            ),
            ("28.5.2", "default_bridge", "must be true on docker0, which always has IPv4, got false"),
        ],
    )
    def test_where_there_is_none_it_is_refused(self, engine, network, message):
        with pytest.raises(PlanError) as caught:
            settings(Engine.parse(engine), network, PREFIX, "br-pub6", ipv4=False)
        assert str(caught.value).startswith(f"docker_ipv4: {message}")
