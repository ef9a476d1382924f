# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnets of a fleet, from what the inventory declares and what EC2 describes: who is who, and what is to be made.

What is there keeps its networks; a declared value that contradicts it is refused, as EC2 can't change it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import Problems
from .tags import SUBNET, is_name

PATH = "vpc_subnets"
#: What only a subnet that is made can be told.
CHOICES = ("index", "zone", "ipv4_cidr", "ipv6_only")
KEYS = ("name", "id", *CHOICES)
#: Amazon gives a VPC a /56, and a subnet of it is a /64 here: 256 of them.
VPC_LENGTH, SUBNET_LENGTH = 56, 64
#: Stands for a VPC's block that is not known yet (RFC 3849).
UNKNOWN_BLOCK = "2001:db8::/56"
IPV4_LENGTH = 24

Described = Mapping[str, Any]


def layout(
    declared: object,
    described: Iterable[Described] = (),
    vpc_cidr: str = UNKNOWN_BLOCK,
    vpc_ipv4_cidr: str = "10.42.0.0/16",
) -> list[dict[str, Any]]:
    """Every subnet: ``name``, ``id``, ``vpc_id``, ``made``, ``ipv6_cidr``, ``ipv4_cidr``, ``zone``, ``ipv6_only``.

    The declared ones first, in their order; then those that were made for the fleet and are no longer declared.
    ``described``: what EC2 has, in the form of amazon.aws.ec2_vpc_subnet_info: subnets tagged for the fleet, or those
    whose ids are declared. One that is yet to be made has the id ``new:<name>`` or ``new:<name>:ipv6-only``; ``made``
    is false for a subnet that was given by its id, and stays as it is. ``zone`` may be empty: EC2 chooses.

    :raises PlanError: everything that breaks a rule, by ``vpc_subnets[name]``.
    """
    problems = Problems()
    items = list(_read(declared, problems))
    problems.raise_if_any()
    if any("id" in item for item in items):
        found = _existing(items, {entry["id"]: entry for entry in described}, problems)
    else:
        found = _made(items, list(described), vpc_cidr, vpc_ipv4_cidr, problems)
    problems.raise_if_any()
    return found


def _read(declared: object, problems: Problems) -> Iterator[dict[str, Any]]:
    """The items that can be spoken of, without keys that say nothing; their own values are checked here."""
    if not isinstance(declared, Sequence) or isinstance(declared, str) or not declared:
        problems.add(PATH, "must be a list of at least one subnet", repr(declared))
        return
    names: set[str] = set()
    for at, raw in enumerate(declared):
        name = raw.get("name") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping) or not is_name(name):
            rule = "must be a dictionary with a name of 1 to 100 letters, digits, dots, dashes or underscores"
            problems.add(f"{PATH}[{at}]", rule, repr(raw))
            continue
        item = {str(key): value for key, value in raw.items() if value not in (None, "")}
        path = f"{PATH}[{name}]"
        if name in names:
            problems.add(f"{path}.name", "must be one subnet's only", name)
        names.add(str(name))
        _check(path, item, problems)
        yield item
    if any("id" in raw for raw in declared if isinstance(raw, Mapping) and raw.get("id")):
        for item in declared:
            if isinstance(item, Mapping) and not item.get("id"):
                rule = "must be given, as other subnets' is: either all of them exist, or all are made"
                problems.add(f"{PATH}[{item.get('name')}].id", rule, "none")


def _check(path: str, item: dict[str, Any], problems: Problems) -> None:
    for key in sorted(set(item) - set(KEYS)):
        problems.add(f"{path}.{key}", f"must be one of {', '.join(KEYS)}", key)
    for key in CHOICES if "id" in item else ():
        if item.get(key):
            problems.add(f"{path}.{key}", "must be left out where id names an existing subnet", item[key])
    if "id" in item and (not isinstance(item["id"], str) or not item["id"].startswith("subnet-")):
        problems.add(f"{path}.id", "must be an existing subnet's id, subnet-…", item["id"])
    last = (1 << (SUBNET_LENGTH - VPC_LENGTH)) - 1
    if "index" in item:
        text = str(item["index"])
        item["index"] = int(text) if text.isdigit() else -1
        if not 0 <= item["index"] <= last:
            problems.add(f"{path}.index", f"must be 0 to {last}, the /{SUBNET_LENGTH} subnets of a VPC's block", text)
    if "ipv6_only" in item and not isinstance(item["ipv6_only"], bool):
        problems.add(f"{path}.ipv6_only", "must be true or false", repr(item["ipv6_only"]))
    if item.get("ipv6_only") and "ipv4_cidr" in item:
        problems.add(f"{path}.ipv4_cidr", "must be left out where ipv6_only is true", item["ipv4_cidr"])


def _existing(
    items: Sequence[Mapping[str, Any]], there: Mapping[str, Described], problems: Problems
) -> list[dict[str, Any]]:
    """Those that somebody else made, as they are."""
    found = []
    owners: dict[str, str] = {}
    for item in items:
        path, subnet_id = f"{PATH}[{item['name']}].id", item.get("id", "")
        if subnet_id in owners:
            problems.add(path, f"must be one subnet's only; {owners[subnet_id]} has it too", subnet_id)
        owners.setdefault(subnet_id, item["name"])
        if subnet_id not in there:
            problems.add(path, "must be an existing subnet of this account and region", subnet_id)
        else:
            found.append(_entry(item["name"], there[subnet_id], made=False))
    if len({entry["vpc_id"] for entry in found}) > 1:
        listed = ", ".join(f"{entry['name']} ({entry['id']}) in {entry['vpc_id']}" for entry in found)
        problems.add(PATH, "must be of one VPC", listed)
    return found


def _entry(name: str, raw: Described, made: bool) -> dict[str, Any]:
    return {
        "name": name,
        "id": raw["id"],
        "vpc_id": raw.get("vpc_id", ""),
        "made": made,
        "ipv6_cidr": _ipv6_of(raw),
        "ipv4_cidr": raw.get("cidr_block") or "",
        "zone": raw.get("availability_zone") or "",
        "ipv6_only": bool(raw.get("ipv6_native")),
    }


def _ipv6_of(raw: Described) -> str:
    for association in raw.get("ipv6_cidr_block_association_set") or ():
        if association["ipv6_cidr_block_state"]["state"] in ("associated", "associating"):
            return str(association["ipv6_cidr_block"])
    return ""


def _made(
    items: Sequence[Mapping[str, Any]],
    described: Sequence[Described],
    vpc_cidr: str,
    vpc_ipv4_cidr: str,
    problems: Problems,
) -> list[dict[str, Any]]:
    """Those of the fleet: found again by the tag, or with networks that no other has."""
    there: dict[str, dict[str, Any]] = {}
    for raw in sorted(described, key=lambda entry: str(entry["id"])):
        name = (raw.get("tags") or {}).get(SUBNET)
        if name is None:
            continue
        if name in there:
            both = f"{there[name]['id']} and {raw['id']}"
            problems.add(f"{PATH}[{name}]", f"must be one subnet with the tag {SUBNET}, remove it from the other", both)
        there.setdefault(name, _entry(name, raw, made=True))
    whole = _vpc_block(there.values(), vpc_cidr)
    whole_ipv4 = _read_ipv4("vpc_ipv4_cidr", vpc_ipv4_cidr, problems)
    if whole_ipv4 is None:
        return []
    numbers = _numbers(items, there, whole, problems)
    known = {item["name"] for item in items}
    found = []
    for item in items:
        name = item["name"]
        wanted = _wanted(item, numbers[name], whole, whole_ipv4, problems)
        if name in there:
            wanted["index"], has = item.get("index"), {**there[name], "index": numbers[name]}
            _refuse_other(item, wanted, has, problems)
        found.append(there.get(name, wanted))
    found += [entry for name, entry in there.items() if name not in known]
    _refuse_overlaps([entry for entry in found if entry["ipv4_cidr"]], problems)
    return found


def _vpc_block(there: Iterable[Mapping[str, Any]], vpc_cidr: str) -> ipaddress.IPv6Network:
    """The VPC's block: known from any subnet that is there, before anybody has described the VPC."""
    for entry in there:
        if entry["ipv6_cidr"]:
            return ipaddress.IPv6Network(entry["ipv6_cidr"]).supernet(new_prefix=VPC_LENGTH)
    return ipaddress.IPv6Network(vpc_cidr)


def _numbers(
    items: Sequence[Mapping[str, Any]],
    there: Mapping[str, Mapping[str, Any]],
    whole: ipaddress.IPv6Network,
    problems: Problems,
) -> dict[str, int]:
    """Which subnet of the VPC's block each takes: the declared number, the one that it has, else the lowest free."""
    numbers = {name: _number(entry["ipv6_cidr"], whole) for name, entry in there.items()}
    owners = {number: name for name, number in numbers.items() if number >= 0}
    for item in items:
        name = item["name"]
        if name in numbers or "index" not in item:
            continue
        number = numbers[name] = item["index"]
        if number in owners:
            problems.add(f"{PATH}[{name}].index", f"must be one subnet's only; {owners[number]} has it too", number)
        owners.setdefault(number, name)
    free = (number for number in range(1 << (SUBNET_LENGTH - VPC_LENGTH)) if number not in owners)
    for item in items:
        if item["name"] not in numbers:
            numbers[item["name"]] = next(free, -1)
            if numbers[item["name"]] < 0:
                problems.add(PATH, "must be at most 256 subnets, the /64 of a VPC's block", len(items))
    return numbers


def _number(cidr: str, whole: ipaddress.IPv6Network) -> int:
    """The number of a subnet in its VPC's block; -1 for one that has no network there."""
    network = ipaddress.IPv6Network(cidr) if cidr else None
    if network is None or not network.subnet_of(whole):
        return -1
    return (int(network.network_address) - int(whole.network_address)) >> (128 - SUBNET_LENGTH)


def _read_ipv4(path: str, value: object, problems: Problems) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(value))
    except ValueError:
        problems.add(path, "must be an IPv4 network", value)
        return None


def _wanted(
    item: Mapping[str, Any],
    number: int,
    whole: ipaddress.IPv6Network,
    whole_ipv4: ipaddress.IPv4Network,
    problems: Problems,
) -> dict[str, Any]:
    """A subnet that is yet to be made."""
    name, native = item["name"], bool(item.get("ipv6_only"))
    path = f"{PATH}[{name}]"
    first = int(whole.network_address) + (max(number, 0) << (128 - SUBNET_LENGTH))
    ipv4: ipaddress.IPv4Network | None = None
    if not native and "ipv4_cidr" in item:
        ipv4 = _read_ipv4(f"{path}.ipv4_cidr", item["ipv4_cidr"], problems)
    elif not native:
        length = max(IPV4_LENGTH, whole_ipv4.prefixlen)
        ipv4 = ipaddress.IPv4Network((int(whole_ipv4.network_address) + (max(number, 0) << (32 - length)), length))
    if ipv4 is not None and not ipv4.subnet_of(whole_ipv4):
        problems.add(f"{path}.ipv4_cidr", f"must lie in the VPC's block {whole_ipv4} (vpc_ipv4_cidr)", ipv4)
    return {
        "name": name,
        "id": f"new:{name}:ipv6-only" if native else f"new:{name}",
        "vpc_id": "",
        "made": True,
        "ipv6_cidr": str(ipaddress.IPv6Network((first, SUBNET_LENGTH))),
        "ipv4_cidr": "" if ipv4 is None else str(ipv4),
        "zone": item.get("zone", ""),
        "ipv6_only": native,
    }


def _refuse_other(
    item: Mapping[str, Any], wanted: Mapping[str, Any], there: Mapping[str, Any], problems: Problems
) -> None:
    """A declared value that the subnet does not have: EC2 can't change it."""
    for key in CHOICES:
        if key in item and wanted[key] != there[key]:
            has = "empty" if there[key] == "" else str(there[key]).lower()
            rule = f"must stay {has}, as {there['id']} is there already and can't be changed"
            problems.add(f"{PATH}[{item['name']}].{key}", rule, item[key])


def _refuse_overlaps(entries: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    """Two subnets of one IPv4 network, which EC2 would refuse in the midst of the work."""
    ordered = sorted(entries, key=lambda entry: ipaddress.IPv4Network(entry["ipv4_cidr"]))
    for at in range(1, len(ordered)):
        one, other = ordered[at - 1], ordered[at]
        if ipaddress.IPv4Network(one["ipv4_cidr"]).overlaps(ipaddress.IPv4Network(other["ipv4_cidr"])):
            rule = f"must not overlap {one['ipv4_cidr']} of {one['name']}"
            problems.add(f"{PATH}[{other['name']}].ipv4_cidr", rule, other["ipv4_cidr"])
