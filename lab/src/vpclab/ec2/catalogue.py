# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab offers to launch: images, the public parameters that name them, and the limits of instance types."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from vpclab.ec2.refusal import Refusal, invalid

IMAGE_OWNER = "136693071363"
"""The account which publishes Debian's images."""


@dataclass(frozen=True, slots=True)
class LabImage:
    """A machine image: a suite which the lab can boot under an id that never changes."""

    id: str
    name: str
    suite: str
    parameter: str
    created: str


IMAGES: tuple[LabImage, ...] = (
    LabImage(
        id="ami-0deb0000000000012",
        name="debian-12-lab",
        suite="bookworm",
        parameter="/aws/service/debian/release/12/latest/amd64",
        created="2023-06-10T00:00:00.000Z",
    ),
    LabImage(
        id="ami-0deb0000000000013",
        name="debian-13-lab",
        suite="trixie",
        parameter="/aws/service/debian/release/13/latest/amd64",
        created="2025-08-09T00:00:00.000Z",
    ),
    LabImage(
        id="ami-0deb0000000000014",
        name="debian-14-lab",
        suite="forky",
        parameter="/aws/service/debian/daily/forky/latest/amd64",
        created="2026-01-01T00:00:00.000Z",
    ),
)


def suite_of(image_id: str) -> str:
    """The suite behind an image id; "" for an image that the lab does not know."""
    return next((image.suite for image in IMAGES if image.id == image_id), "")


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """What an instance type allows on the network (source: EC2's DescribeInstanceTypes, as recorded in moto).

    Prefixes, IPv6-only subnets and the latest console output are for ``nitro`` types alone.
    """

    name: str
    interfaces: int
    ipv4_per_interface: int
    ipv6_per_interface: int
    nitro: bool
    architectures: tuple[str, ...]

    def check_subnet(self, ipv6_only: bool) -> None:
        """Refuse an interface in an IPv6-only subnet on a type that is not on Nitro (documented; code not recorded)."""
        if ipv6_only and not self.nitro:
            raise invalid(f"IPv6-only subnets are not supported by instance type {self.name}")

    def check_interface(self, ipv4: int, ipv6: int, prefixes: int) -> None:
        """Refuse an interface with so many addresses and prefixes; a prefix counts as one address."""
        if ipv4 > self.ipv4_per_interface:
            raise _over_limit("private IPv4 addresses", ipv4, self.ipv4_per_interface, self.name)
        if (ipv6 or prefixes) and not self.ipv6_per_interface:
            # Seen in aws/karpenter-provider-aws, issue 2975.
            raise Refusal("UnsupportedOperation", f"IPv6 addresses are not supported on {self.name}")
        if prefixes and not self.nitro:
            raise invalid(f"Prefix delegation is not supported by instance type {self.name}")  # code not recorded
        if ipv6 + prefixes > self.ipv6_per_interface:
            raise _over_limit("IPv6 addresses", ipv6 + prefixes, self.ipv6_per_interface, self.name)


def _over_limit(what: str, count: int, limit: int, instance_type: str) -> Refusal:
    message = f"Number of {what} ({count}) exceeds the limit of {limit} per interface of {instance_type}."
    return Refusal("PrivateIpAddressLimitExceeded", message)


@cache
def type_limits(name: str) -> TypeLimits:
    """The limits of an instance type; refuse one that does not exist."""
    known: dict[str, Any] | None = INSTANCE_TYPES.get(name)
    if known is None:
        raise invalid(f"Invalid value '{name}' for InstanceType.")
    network = known["NetworkInfo"]
    return TypeLimits(
        name=name,
        interfaces=network["MaximumNetworkInterfaces"],
        ipv4_per_interface=network["Ipv4AddressesPerInterface"],
        ipv6_per_interface=network["Ipv6AddressesPerInterface"] if network["Ipv6Supported"] else 0,
        nitro=known.get("Hypervisor") == "nitro" or known["BareMetal"],
        architectures=tuple(known["ProcessorInfo"]["SupportedArchitectures"]),
    )
