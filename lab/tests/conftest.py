# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One small VPC for all unit tests: the tutorial's subnet, two interfaces on two hosts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from vpclab.topology import Eni, Instance, Rule, SecurityGroup, Subnet, Topology, Vpc

SUBNET = "2600:1f18:47b:ca03::"


@dataclass(frozen=True)
class World:
    """A topology, and names for its parts. ``one`` has a block, ``two`` has a /80."""

    vpc: Vpc
    subnet: Subnet
    one: Eni
    two: Eni
    group: SecurityGroup
    instance: Instance

    @property
    def enis(self) -> tuple[Eni, ...]:
        return (self.one, self.two)

    @property
    def topology(self) -> Topology:
        return Topology((self.vpc,), (self.subnet,), self.enis, (self.group,), (self.instance,))


def _eni(number: int, addresses: tuple[str, ...], prefixes: tuple[str, ...] = ()) -> Eni:
    return Eni(
        id=f"eni-{number:017x}",
        mac=f"0e:00:00:00:00:{number:02x}",
        subnet_id="subnet-00000000000000001",
        vpc_id="vpc-00000000000000001",
        private_ip=IPv4Address(f"10.0.3.{10 + number}"),
        addresses=tuple(IPv6Address(SUBNET + address) for address in addresses),
        prefixes=tuple(map(IPv6Network, prefixes)),
        groups=("sg-00000000000000001",),
        instance_id=f"i-{number:017x}",
        device_index=0,
        source_dest_check=True,
    )


@pytest.fixture
def world() -> World:
    everybody = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
    group = SecurityGroup(
        "sg-00000000000000001",
        "vpc-00000000000000001",
        ingress=(
            Rule("icmpv6", None, None, (), ("sg-00000000000000001",)),
            Rule("tcp", 22, 22, (IPv6Network("::/0"),), ()),
        ),
        egress=(Rule("-1", None, None, everybody, ()),),
    )
    one = _eni(1, ("1:1", "8", "9", "a", "b"))
    instance = Instance(
        id=one.instance_id or "",
        name="instance-1",
        image="trixie",
        image_id="ami-00000000000000001",
        type="t3.medium",
        state="running",
        boots=1,
        key_name="me",
        key="ssh-ed25519 AAAA me",
        user_data=b"",
        eni_ids=(one.id,),
        http_tokens="required",
        hop_limit=1,
        imds_ipv6=False,
        imds_tags=False,
        tags=(("Name", "instance-1"),),
    )
    return World(
        vpc=Vpc(one.vpc_id, (IPv4Network("10.0.0.0/16"),), (IPv6Network("2600:1f18:47b:ca00::/56"),)),
        subnet=Subnet(
            one.subnet_id, one.vpc_id, "us-east-1a", IPv4Network("10.0.3.0/24"), IPv6Network(SUBNET + "/64"), True
        ),
        one=one,
        two=_eni(2, ("2:2",), ("2600:1f18:47b:ca03:5::/80",)),
        group=group,
        instance=instance,
    )


@pytest.fixture
def native(world: World) -> World:
    """The same where the subnet is IPv6-only."""
    return replace(
        world,
        subnet=replace(world.subnet, ipv4=None),
        one=replace(world.one, private_ip=None),
        two=replace(world.two, private_ip=None),
    )
