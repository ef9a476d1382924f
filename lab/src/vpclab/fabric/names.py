# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses that follow from a topology's ids. Pure."""

from __future__ import annotations

import hashlib
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from vpclab.topology import Eni, Topology

ROUTER6 = IPv6Address("fe80:ec2::1")
"""The router answers at this address in every subnet."""

METADATA = (IPv4Address("169.254.169.254"), IPv6Address("fd00:ec2::254"))
RESOLVER = (IPv4Address("169.254.169.253"), IPv6Address("fd00:ec2::253"))

MTU = 9001
INTERNET_MTU = 1500
"""As EC2: jumbo frames inside a VPC, 1500 through an internet gateway."""


def bridge(subnet_id: str) -> str:
    """The bridge of a subnet. An interface's name has 15 characters at most; ids differ in their last ones."""
    return "b" + subnet_id[-12:]


def port(eni_id: str) -> str:
    """The bridge's port of a network interface."""
    return "p" + eni_id[-12:]


def uplink(vpc_id: str) -> str:
    """The link of a VPC, as the Internet's namespace sees it; the VPC's end is always ``igw``."""
    return "v" + vpc_id[-12:]


def device(eni: Eni) -> str:
    """The interface's name in its host: ens5 for device index 0, as on Nitro instances, then ens6."""
    return f"ens{5 + (eni.device_index or 0)}"


def router_mac(subnet_id: str) -> str:
    """A locally administered MAC for a subnet's router, always the same for the same subnet."""
    digest = hashlib.sha256(subnet_id.encode()).digest()
    return "12:66:30:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def link_local(mac: str) -> IPv6Address:
    """The link-local address made from a MAC (modified EUI-64, RFC 4291)."""
    raw = bytearray(bytes.fromhex(mac.replace(":", "")))
    raw[0] ^= 2
    return IPv6Address(bytes.fromhex("fe80000000000000") + bytes(raw[:3]) + b"\xff\xfe" + bytes(raw[3:]))


def router4(ipv4: IPv4Network) -> IPv4Address:
    """The IPv4 router of a subnet with this network: its first address."""
    return ipv4.network_address + 1


def networks6(eni: Eni) -> tuple[str, ...]:
    """All that the VPC delivers to an interface over IPv6: its addresses, then its prefixes."""
    return (*map(str, eni.addresses), *map(str, eni.prefixes))


def networks4(eni: Eni) -> tuple[str, ...]:
    """All that the VPC delivers to an interface over IPv4: its private address, nothing in an IPv6-only subnet."""
    return (str(eni.private_ip),) if eni.private_ip is not None else ()


def plugged(topology: Topology, instances: frozenset[str]) -> tuple[Eni, ...]:
    """The interfaces that are attached to one of these instances."""
    return tuple(eni for eni in topology.enis if eni.instance_id in instances)
