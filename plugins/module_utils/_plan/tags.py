# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags that carry the state: who an interface belongs to and what it was given.

EC2 keeps them; we keep nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .model import Allocation, Interface

PREFIX = "ipv6.aws_containers:"
FLEET = PREFIX + "fleet"
HOST = PREFIX + "host"
HOST_ADDRESS = PREFIX + "host_address"
CONTAINER_PREFIX = PREFIX + "container_prefix"
# How many container addresses are assigned; absent or empty: the whole block (EC2's tags can be set empty in the same
# call as the others, but not be removed in it).
COUNT = PREFIX + "container_count"
# When an interface was made, UTC: 2026-11-23T15:00:00Z. Whoever makes it knows the time, the core does not.
CREATED = PREFIX + "created"
# On subnets: the name that the inventory gives them.
SUBNET = PREFIX + "subnet"
SCHEMA = PREFIX + "schema"
HOST_KEY = PREFIX + "host_key"
SCHEMA_VERSION = "1"

NAME_RULE = "must be 1 to 100 letters, digits, dots, dashes or underscores"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DESCRIPTION = re.compile(rf"ipv6\.aws_containers ({_NAME.pattern})/({_NAME.pattern})")


def is_name(text: object) -> bool:
    """Whether it can name a fleet or a host (it goes into tags, descriptions and file names)."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def description_of(fleet: str, host: str) -> str:
    """The description of a host's interface; it can't be edited in the console, so it outlives a lost tag."""
    return f"ipv6.aws_containers {fleet}/{host}"


def tags_of(fleet: str, allocation: Allocation, extra: Mapping[str, str]) -> dict[str, str]:
    """Every tag that a host's interface is made with: the user's own, ``Name`` unless given, and the state."""
    count = {} if allocation.count is None else {COUNT: str(allocation.count)}
    return {
        "Name": allocation.host,
        **extra,
        FLEET: fleet,
        HOST: allocation.host,
        HOST_ADDRESS: allocation.to_dict()["host_address"],
        CONTAINER_PREFIX: allocation.to_dict()["container_prefix"],
        **count,
        SCHEMA: SCHEMA_VERSION,
    }


def wrong_tags(interface: Interface, fleet: str, allocation: Allocation, extra: Mapping[str, str]) -> dict[str, str]:
    """Those of the tags that an interface lacks or has with another value, with the right values."""
    wanted = tags_of(fleet, allocation, extra)
    if interface.tags.get(COUNT):
        wanted.setdefault(COUNT, "")
    return {key: value for key, value in wanted.items() if interface.tags.get(key) != value}


def owner_of(interface: Interface) -> tuple[str, str] | None:
    """``(fleet, host)`` by tag, by the description where a tag was lost, or ``None``: not one of ours."""
    fleet, host = interface.tags.get(FLEET), interface.tags.get(HOST)
    if not (fleet and host):
        made = description_owner(interface)
        if made is not None:
            fleet, host = fleet or made[0], host or made[1]
    return (fleet, host) if fleet and host else None


def description_owner(interface: Interface) -> tuple[str, str] | None:
    """``(fleet, host)`` that an interface was made for, by its description; ``None``: it is not of this project's."""
    made = _DESCRIPTION.fullmatch(interface.description)
    return (made[1], made[2]) if made else None
