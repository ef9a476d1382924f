# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 has, as plain data, and back: a plan made from it needs neither EC2 nor credentials.

A description is what one run saw, kept for another to plan from. It can be written by hand as well: whatever has a
default may be left out, and every value that breaks a rule is named with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .addresses import Block, address_text, read_address, read_block, single
from .errors import Problems
from .model import EXPLICIT, Instance, InstanceType, Interface, Observed, Reservation, Subnet
from .parse import parse_subnet, parse_taken
from .plain import Item, read_count, read_text, shown

SCHEMA = 1
#: The id of a subnet that EC2 is not asked about.
PREVIEW = "preview"

_NOWHERE = single(0)  # where a reservation without a readable range is said to be, beside the problem noted


def to_description(observed: Observed) -> dict[str, Any]:
    """Plain data, sorted, so that equal observations give equal descriptions."""
    return {
        "schema": SCHEMA,
        "subnets": [
            {
                "id": item.id,
                "cidr": None if item.block is None else _cidr(item.block),
                "vpc_id": item.vpc_id,
                "availability_zone": item.zone,
                "ipv6_only": item.native,
            }
            for _key, item in sorted(observed.subnets.items())
        ],
        "interfaces": [_interface(item) for item in sorted(observed.interfaces, key=lambda each: each.id)],
        "reservations": [
            {
                "id": item.id,
                "subnet_id": item.subnet_id,
                "cidr": _cidr(item.block),
                "fleet": item.fleet,
                "type": item.kind,
            }
            for item in sorted(observed.reservations, key=lambda each: each.id)
        ],
        "instance_types": [
            {
                "name": item.name,
                "ipv6_addresses": item.addresses,
                "interfaces": item.interfaces,
                "nitro": item.nitro,
                "ipv6": item.ipv6,
            }
            for _key, item in sorted(observed.types.items())
        ],
        "instances": [
            {
                "id": item.id,
                "state": item.state,
                "instance_type": item.instance_type,
                "image_id": item.image_id,
                "key_name": item.key_name,
                "http_tokens": item.http_tokens,
                "tags": dict(sorted(item.tags.items())),
                "availability_zone": item.zone,
                "device_indexes": sorted(item.devices),
            }
            for _key, item in sorted(observed.instances.items())
        ],
        "security_groups": dict(sorted(observed.groups.items())),
    }


def _interface(item: Interface) -> dict[str, Any]:
    return {
        "id": item.id,
        "subnet_id": item.subnet_id,
        "vpc_id": item.vpc_id,
        "availability_zone": item.zone,
        "mac_address": item.mac,
        "status": item.status,
        "description": item.description,
        "addresses": [address_text(value) for value in sorted(item.addresses)],
        "prefixes": [_cidr(block) for block in sorted(item.prefixes)],
        "security_groups": list(item.groups),
        "instance_id": item.instance_id,
        "device_index": item.device_index,
        "tags": dict(sorted(item.tags.items())),
    }


def _cidr(block: Block) -> str:
    """With its length, even that of a single address, so that it is read as what it is."""
    return f"{address_text(block.first)}/{block.length}"


def read_description(raw: object, problems: Problems, path: str = "description") -> Observed:
    """What a description says; whatever is broken is noted in ``problems``.

    Its key ``names``, the subnets' names in an inventory, is for :func:`subnet_names`.
    """
    if not isinstance(raw, Mapping):
        problems.add(path, "must be a dictionary, as the module plan_info returns it", shown(raw))
        return Observed()
    if raw.get("schema") != SCHEMA or isinstance(raw.get("schema"), bool):
        problems.add(f"{path}.schema", f"must be {SCHEMA}, the version that is written today", shown(raw.get("schema")))
        return Observed()
    whole = Item(raw, path, problems)
    observed = Observed(
        subnets={each.id: each for each in map(_read_subnet, whole.items("subnets", "id"))},
        interfaces=tuple(map(_read_interface, whole.items("interfaces", "id"))),
        reservations=tuple(map(_read_reservation, whole.items("reservations", "id"))),
        types={each.name: each for each in map(_read_type, whole.items("instance_types", "name"))},
        groups=whole.texts("security_groups"),
        instances={each.id: each for each in map(_read_instance, whole.items("instances", "id"))},
    )
    whole.texts("names")
    whole.no_others("schema")
    return observed


def subnet_names(raw: object, declared: object, problems: Problems) -> dict[str, str]:
    """The ids of the subnets that an inventory declares (``name`` and, if need be, ``id``), by their names.

    In this order: what the description says under ``names``; the declared id, where it is described; the only subnet
    that is described; the declared id; else ``new:<name>``, which stands for a subnet that is yet to be made.
    """
    whole = Item(raw if isinstance(raw, Mapping) else {}, "description", problems)
    described = [each.name for each in whole.items("subnets", "id")]
    known, found = whole.texts("names"), {}
    for each in Item({"vpc_subnets": declared}, "", problems).items("vpc_subnets", "name"):
        given = each.text("id")
        new = f"new:{each.name}{':ipv6-only' if each.flag('ipv6_only') else ''}"
        only = described[0] if len(described) == 1 else ""
        found[each.name] = known.get(each.name) or (given if given in described else only or given or new)
    return found


def describe_subnet(subnet: object, taken: object, problems: Problems, subnet_id: str = PREVIEW) -> Observed:
    """A subnet that EC2 was not asked about, by its network, and ``taken``: addresses and prefixes that others have
    there, absolute or relative to it."""
    found = parse_subnet(subnet, problems, "subnet")
    others = parse_taken(taken, found, problems)
    if found is None:
        return Observed()
    holders = (Interface(each.owner, subnet_id, prefixes=frozenset({each.block})) for each in others)
    return Observed({subnet_id: replace(found, id=subnet_id)}, tuple(holders))


def _read_subnet(item: Item) -> Subnet:
    return item.complete(
        Subnet(
            id=item.name,
            block=item.block("cidr"),
            vpc_id=item.text("vpc_id"),
            zone=item.text("availability_zone"),
            native=item.flag("ipv6_only"),
        )
    )


def _read_interface(item: Item) -> Interface:
    return item.complete(
        Interface(
            id=item.name,
            subnet_id=item.needed("subnet_id"),
            vpc_id=item.text("vpc_id"),
            zone=item.text("availability_zone"),
            mac=item.text("mac_address"),
            status=item.text("status", "available"),
            description=item.text("description"),
            addresses=frozenset(item.many("addresses", read_address)),
            prefixes=frozenset(item.many("prefixes", read_block)),
            groups=item.many("security_groups", read_text),
            instance_id=item.optional("instance_id"),
            device_index=item.count("device_index", None),
            tags=item.texts("tags"),
        )
    )


def _read_reservation(item: Item) -> Reservation:
    return item.complete(
        Reservation(
            id=item.name,
            subnet_id=item.needed("subnet_id"),
            block=item.block("cidr", needed=True) or _NOWHERE,
            fleet=item.optional("fleet"),
            kind=item.text("type", EXPLICIT),
        )
    )


def _read_type(item: Item) -> InstanceType:
    return item.complete(
        InstanceType(
            name=item.name,
            addresses=item.count("ipv6_addresses", 0) or 0,
            nitro=item.flag("nitro"),
            ipv6=item.flag("ipv6", True),
            interfaces=item.count("interfaces", 0) or 0,
        )
    )


def _read_instance(item: Item) -> Instance:
    return item.complete(
        Instance(
            id=item.name,
            state=item.needed("state"),
            instance_type=item.text("instance_type"),
            image_id=item.text("image_id"),
            key_name=item.optional("key_name"),
            http_tokens=item.optional("http_tokens"),
            tags=item.texts("tags"),
            zone=item.text("availability_zone"),
            devices=frozenset(item.many("device_indexes", read_count)),
        )
    )
