# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Router advertisements, as EC2's router sends them: managed, the subnet on-link, no address from it. Pure."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address

from vpclab.fabric import names
from vpclab.fabric.neighbour import ALL_NODES
from vpclab.fabric.packets import ICMPV6, IPV6, Frame, mac_bytes, multicast_mac, pack_ipv6
from vpclab.topology import Eni, Subnet

SOLICITATION, ADVERTISEMENT = 133, 134
PERIOD = 60.0
"""Seconds between two advertisements that nobody asked for."""

_MANAGED = 0x80
_ON_LINK = 0x80
_ROUTER_LIFETIME = 1800
_FOREVER = 0xFFFFFFFF


def advertisement(eni: Eni, subnet: Subnet) -> Frame | None:
    """The advertisement for an interface; None for one without a single address, which EC2 leaves without a router."""
    if not eni.addresses or subnet.ipv6 is None:
        return None
    router = names.router_mac(subnet.id)
    source: IPv6Address = names.link_local(router)
    body = struct.pack("!BBHBBHII", ADVERTISEMENT, 0, 0, 64, _MANAGED, _ROUTER_LIFETIME, 0, 0)
    body += b"\x01\x01" + mac_bytes(router)
    body += struct.pack("!BBBBIII", 3, 4, subnet.ipv6.prefixlen, _ON_LINK, _FOREVER, _FOREVER, 0)
    body += subnet.ipv6.network_address.packed
    return Frame(multicast_mac(ALL_NODES), router, IPV6, pack_ipv6(source, ALL_NODES, ICMPV6, body))
