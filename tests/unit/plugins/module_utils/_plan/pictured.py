# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subnet as it may be found, and fleets of any size to draw in one."""

from __future__ import annotations

from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import (
    Block,
    address_text,
    read_block,
    read_taken,
    resolve,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.holdings import (
    AWS,
    CONTAINERS,
    HELD,
    HOST,
    NEW,
    Holding,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Subnet, reserved

TEXT = "2600:1f18:47b:ca03::/64"
NETWORK = read_block(TEXT)
SUBNET = Subnet("subnet-a", NETWORK, "vpc-1", "us-east-1a")
PREFIX = "ipv6.aws_containers:"
TYPES = [
    {"name": "r5d.large", "ipv6_addresses": 10, "interfaces": 3, "nitro": True},
    {"name": "t3.micro", "ipv6_addresses": 2, "interfaces": 2, "nitro": True},
]


def block(text: str) -> Block:
    """An address or a prefix, relative to the network."""
    return resolve(read_taken(text), NETWORK)


def whole(text: str) -> str:
    """The same, as absolute text."""
    return str(block(text))


def interface(host: str, address: str, prefix: str, *extra: str, fleet: str = "default", **more: Any) -> dict[str, Any]:
    """The description of a host's interface, complete, and with ``extra`` addresses."""
    containers = block(prefix)
    singles = [block(address), *map(block, extra)]
    if containers.length > 80:
        singles += [Block(value, 128) for value in containers.addresses()]
    return {
        "id": f"eni-{host}",
        "subnet_id": "subnet-a",
        "vpc_id": "vpc-1",
        "description": f"ipv6.aws_containers {fleet}/{host}",
        "addresses": [address_text(each.first) for each in singles],
        "prefixes": [whole(prefix)] if containers.length == 80 else [],
        "tags": {
            "Name": host,
            f"{PREFIX}fleet": fleet,
            f"{PREFIX}host": host,
            f"{PREFIX}host_address": whole(address),
            f"{PREFIX}container_prefix": whole(prefix),
            f"{PREFIX}schema": "1",
        },
        **more,
    }


def description(*interfaces: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A subnet with these interfaces."""
    subnets = [{"id": "subnet-a", "cidr": TEXT, "vpc_id": "vpc-1", "availability_zone": "us-east-1a"}]
    return {"schema": 1, "subnets": subnets, "interfaces": list(interfaces), "instance_types": TYPES, **more}


def fleet(count: int, way: str) -> list[Holding]:
    """``count`` hosts, every seventh of them new.

    ``way``: ``prefix``, ``block``, or ``apart``, which is a block each and host addresses far from one another.
    """
    found = [Holding(each, AWS, name="AWS") for each in reserved(NETWORK)]
    for number in range(count):
        host, state = f"web-{number + 1}", NEW if number % 7 == 6 else HELD
        address = {
            "prefix": f"::{4 + number:x}",
            "block": f"::{0x1000 + number:x}",
            "apart": f"::{number + 1:x}:{number + 1:x}",
        }[way]
        prefix = f"::{number + 1:x}:0:0:0/80" if way == "prefix" else f"::{8 + 4 * number:x}/126"
        found.append(Holding(block(address), HOST, state, host, host, f"eni-{number}"))
        found.append(Holding(block(prefix), CONTAINERS, state, host, host, f"eni-{number}"))
    return found
