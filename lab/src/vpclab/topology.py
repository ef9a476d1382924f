# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the EC2 endpoint tells the network and the hosts: one immutable snapshot, and the protocol to hand it over.

The endpoint (`vpclab.ec2`) describes, another object builds: it takes a :class:`Topology` after every call that changed
something and passes it to :meth:`Machines.apply`. Nothing here acts, imports moto, or reads a clock.

Every collection is a tuple in a stable order (by id, or by device index), so two snapshots of the same state are equal,
and a builder may compare them to find what changed. Addresses and networks are ``ipaddress`` objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal, Protocol

InstanceState = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
"""The states of an EC2 instance, as DescribeInstances names them."""

RuleProtocol = Literal["tcp", "udp", "icmpv6", "icmp", "-1"]
"""The protocols of a security group's rules; ``-1`` is every protocol."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission of a security group, in one direction.

    ``from_port`` and ``to_port`` are ports for tcp and udp, ICMP type and code for icmp and icmpv6; None means any.
    ``networks`` are the CIDR peers of both families; ``groups`` the ids of the peer security groups. A peer matches
    when it is in any of them; both empty means that nothing matches.
    """

    protocol: RuleProtocol
    from_port: int | None
    to_port: int | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group: what its members accept (``ingress``) and may start (``egress``); replies always pass."""

    id: str
    vpc_id: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC with its address ranges."""

    id: str
    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet; an IPv6-only one has no ``ipv4``.

    ``internet`` is true when its route table sends ``::/0`` to an internet gateway attached to its VPC.
    """

    id: str
    vpc_id: str
    az: str
    ipv4: IPv4Network | None
    ipv6: IPv6Network | None
    internet: bool


@dataclass(frozen=True, slots=True)
class Eni:
    """A network interface: the addresses and delegated /80 prefixes for which the VPC delivers packets to it.

    ``mac`` is lower case with colons. ``instance_id`` and ``device_index`` are both None while it is not attached.
    ``private_ip`` is None in an IPv6-only subnet.
    ``addresses`` keeps the order in which they were assigned: DHCPv6 and IMDS list the first one first.
    """

    id: str
    mac: str
    subnet_id: str
    vpc_id: str
    private_ip: IPv4Address | None
    addresses: tuple[IPv6Address, ...]
    prefixes: tuple[IPv6Network, ...]
    groups: tuple[str, ...]
    instance_id: str | None
    device_index: int | None
    source_dest_check: bool


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as it was asked for.

    ``name`` is its Name tag ("" without one); ``image`` the suite of its image (bookworm, trixie, forky); ``key`` the
    OpenSSH public key of its key pair. ``state`` is what the API wants of it, not what the host has reached:
    ``running``, ``stopped`` or ``terminated``. A terminated instance stays in the snapshots until
    :meth:`Machines.state` says that it is terminated, then it is no longer in them.
    ``eni_ids`` are ordered by device index. ``boots`` counts the starts and reboots asked for: a builder that has
    booted it fewer times boots it again. ``http_tokens`` is ``required`` or ``optional``; ``hop_limit`` is the hop
    limit of IMDS's answers; ``imds_ipv6`` says whether IMDS answers at fd00:ec2::254; ``imds_tags`` whether it shows
    ``tags``.
    """

    id: str
    name: str
    image: str
    image_id: str
    type: str
    state: Literal["running", "stopped", "terminated"]
    boots: int
    key_name: str | None
    key: str | None
    user_data: bytes
    eni_ids: tuple[str, ...]
    http_tokens: str
    hop_limit: int
    imds_ipv6: bool
    imds_tags: bool
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that the network and the hosts need to know, at one moment."""

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    enis: tuple[Eni, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    instances: tuple[Instance, ...] = ()


class Machines(Protocol):
    """Who builds a topology: the endpoint calls it under its lock, so each method must return at once."""

    def apply(self, topology: Topology) -> None:
        """Take the newest snapshot; bring network and hosts there later (queue, and drop what a newer one replaces)."""

    def state(self, instance_id: str) -> InstanceState:
        """The state that the host has reached. An instance not heard of yet is ``pending``."""

    def console_output(self, instance_id: str) -> str:
        """What the host has written to its console so far; "" when there is nothing yet."""
