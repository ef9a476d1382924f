# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that hold for a whole fleet, set for a part of it.

What EC2 has is brought about by plays on localhost, which see localhost's variables alone: what is set for a host or
for a group of hosts would be ignored without a word, and two inventories would share the fleet ``default``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._plan.errors import Violation
from .._plan.plain import shown
from .._plan.words import others

#: Read by the plays on the hosts, too: without a value there, they would look for another fleet, or elsewhere.
READ_EVERYWHERE = ("aws_containers_fleet", "aws_containers_aws", "dns_zone", "dns_names", "dns_ttl")
READ_ON_LOCALHOST = (
    "aws_containers_assign",
    "aws_containers_reservation",
    "aws_containers_purge",
    "aws_containers_move",
    "aws_containers_tags",
    "aws_containers_pin_host_keys",
    "vpc_subnets",
    "vpc_security_group_ids",
    "vpc_ipv4_cidr",
    "vpc_ssh_from",
    "vpc_clients_from",
    "vpc_extra_rules",
    "vpc_tags",
    "instances_type",
    "instances_image",
    "instances_image_owners",
    "instances_key_name",
    "instances_public_key_file",
    "instances_metadata_hop_limit",
    "instances_user_data",
    "instances_tags",
    "sweep_min_age",
)
#: What a single host has instead.
_OF_A_HOST = {"instances_type": "instance_type", "instances_image": "image", "vpc_subnets": "subnet"}
#: Never printed: it may hold credentials.
_SECRET = frozenset({"aws_containers_aws"})


def fleetwide_problems(hosts: Iterable[Mapping[str, Any]], localhost: Mapping[str, Any]) -> list[str]:
    """What is wrong with the hosts' values of the fleet's variables: one text for each variable and value.

    ``hosts`` and ``localhost`` are variables by name, as in Ansible's ``hostvars``. Empty where every host has
    localhost's values, or none of its own.
    """
    names = (*READ_EVERYWHERE, *READ_ON_LOCALHOST)
    right = {name: localhost.get(name) for name in names}
    found: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        for name in names:
            value = host.get(name)
            if value != right[name] and (value is not None or name in READ_EVERYWHERE):
                found.setdefault((name, _shown(name, value)), []).append(host["inventory_hostname"])
    return [
        str(Violation(f"hosts[{affected[0]}].{name}", _rule(name, right[name]), value + others(len(affected) - 1)))
        for (name, value), affected in found.items()
    ]


def _rule(name: str, right: object) -> str:
    host_has = f" (a single host has {_OF_A_HOST[name]})" if name in _OF_A_HOST else ""
    return f"must be set for all hosts (group all), where localhost has {_shown(name, right)}{host_has}"


def _shown(name: str, value: object) -> str:
    return "a value that is not shown" if name in _SECRET and value is not None else shown(value)
