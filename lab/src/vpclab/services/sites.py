# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's names and their addresses: what stands on its Internet. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

INTERNET_HOST = IPv6Address("2001:db8:53::1")
ARCHIVE = IPv6Address("2001:db8:53::80")
REGISTRY = IPv6Address("2001:db8:53::443")
RESOLVER = IPv6Address("2001:db8:53::53")
"""The resolver of the Internet's own host."""

NOWHERE = IPv4Address("192.0.2.80")
"""An address that the lab has no way to, as IPv4 beyond a VPC has none here."""

ZONE = "lab.test"
REGISTRY_NAME = f"registry.{ZONE}"
ARCHIVE_NAME = f"archive.{ZONE}"
INTERNET_NAME = f"internet.{ZONE}"

SITES: dict[str, IPv4Address | IPv6Address] = {
    INTERNET_NAME: INTERNET_HOST,
    ARCHIVE_NAME: ARCHIVE,
    REGISTRY_NAME: REGISTRY,
}


def resolve(name: str) -> IPv4Address | IPv6Address | None:
    """The one address of a name (lower case, no dot at its end), None for a name that does not exist.

    Region mirrors, ``<region>.ec2.archive.lab.test``, have an IPv4 address alone.
    """
    if name.endswith(f".ec2.{ARCHIVE_NAME}"):
        return NOWHERE
    return SITES.get(name)
