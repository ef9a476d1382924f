# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IMDS says what EC2's says, and keeps to IMDSv2."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from vpclab.services import imds, metadata

MAC = "/latest/meta-data/network/interfaces/macs/0e:00:00:00:00:01"


def get(world, path: str, **change):
    return metadata.find(world.topology, replace(world.instance, **change), path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/latest/meta-data/instance-id", "i-00000000000000001"),
        ("/2021-03-23/meta-data/local-hostname", "ip-10-0-3-11.ec2.internal"),
        ("/latest/meta-data/placement/region", "us-east-1"),
        ("/latest/meta-data/public-keys/", "0=me"),
        ("/latest/meta-data/public-keys/0/", "openssh-key"),
        ("/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA me"),
        ("/latest/meta-data/network/interfaces/macs/", "0e:00:00:00:00:01/"),
        (MAC + "/local-ipv4s", "10.0.3.11"),
        (MAC + "/subnet-ipv6-cidr-blocks", "2600:1f18:47b:ca03::/64"),
        (MAC + "/ipv6-prefix", None),
        ("/latest/user-data", None),
        ("/latest/meta-data/nothing", None),
        ("/nonsense/meta-data/instance-id", None),
    ],
)
def test_each_path(world, path: str, expected: str | None) -> None:
    assert get(world, path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/latest/meta-data/local-hostname", "i-00000000000000001.ec2.internal"),
        ("/latest/meta-data/local-ipv4", None),
        ("/latest/meta-data/ipv6", "2600:1f18:47b:ca03::1:1"),
        (MAC + "/local-ipv4s", None),
        (MAC + "/subnet-ipv4-cidr-block", None),
        (MAC + "/subnet-ipv6-cidr-blocks", "2600:1f18:47b:ca03::/64"),
    ],
)
def test_in_an_ipv6_only_subnet_nothing_is_said_of_ipv4(native, path: str, expected: str | None) -> None:
    """And the host is named by its instance's id."""
    assert get(native, path) == expected


def test_several_values_have_no_newline_at_the_end(world) -> None:
    said = get(world, MAC + "/ipv6s")
    assert said.split("\n") == [str(address) for address in world.one.addresses]


def test_listings_end_directories_with_a_slash(world) -> None:
    said = get(world, "/latest/meta-data/").split("\n")
    assert "network/" in said
    assert "instance-id" in said
    assert "tags/" not in said, "tags are shown only where the instance allows it"
    assert "tags/" in get(world, "/latest/meta-data/", imds_tags=True).split("\n")


def test_user_data_comes_as_it_is(world) -> None:
    assert get(world, "/latest/user-data", user_data=b"\x1f\x8b") == b"\x1f\x8b"


def test_a_prefix_is_told(world) -> None:
    topology = replace(world.topology, enis=(replace(world.one, prefixes=world.two.prefixes),))
    assert metadata.find(topology, world.instance, MAC + "/ipv6-prefix") == "2600:1f18:47b:ca03:5::/80"


@pytest.mark.parametrize(
    ("address", "known"), [("10.0.3.11", True), ("2600:1f18:47b:ca03::a", True), ("10.0.3.99", False)]
)
def test_the_asker_is_known_by_its_address(world, address: str, known: bool) -> None:
    found = imds.asker(world.topology, world.vpc.id, ip_address(address))
    assert (found == world.instance) is known


def test_a_token_is_one_instances_for_its_time() -> None:
    now = 0.0
    tokens = imds.Tokens(clock=lambda: now)
    token = tokens.give("i-1", 60)
    assert tokens.good(token, "i-1")
    assert not tokens.good(token, "i-2")
    assert not tokens.good("made up", "i-1")
    now = 61.0
    assert not tokens.good(token, "i-1")
