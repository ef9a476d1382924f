# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user declares of a host's containers to sound ones, or to every problem with it. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._plan import addresses
from .._plan.errors import PlanError, Problems
from .._plan.inventory import parse_ports
from . import engine as engines
from . import options
from .room import RESERVED, Room

AUTO = "auto"
PATH = "containers"
#: ``dns`` is for the role dns, which checks it.
KEYS = ("name", "image", "address", "ports", "dns", *options.KEYS)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


@dataclass(frozen=True)
class Container:
    """A declared container; ``pinned`` is the address asked for, None when any will do.

    ``ports`` are as they were declared, which is how the guard takes them; ``published`` as Docker writes them, each
    once, whoever they are for. ``options`` are those of community.docker.docker_container.
    """

    name: str
    image: str
    pinned: ipaddress.IPv6Address | None
    ports: tuple[Any, ...]
    published: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Host:
    """Where containers are declared for: the network's kind, the room for them, the subnet.

    Room and subnet are None where what was given of them is no good; then containers are checked but for them.
    """

    network: str
    room: Room | None
    subnet: ipaddress.IPv6Network | None


def parse(
    declared: Any, network: str, prefix: object, subnet: object, count: object = None
) -> tuple[tuple[Container, ...], Room]:
    """Check what is declared for a host, all of it. Raises PlanError with every problem, by path, rule and value."""
    problems = Problems()
    host = _parse_host(problems, network, prefix, subnet, count)
    if declared is None:
        # A misspelt name would otherwise be a list of none, and every container would go.
        problems.add("containers_list", "must be given; [] removes all of this role's containers", "nothing")
        declared = []
    if not isinstance(declared, Sequence) or isinstance(declared, str):
        problems.add(PATH, "must be a list of containers", repr(declared))
        declared = []
    if host.room and len(declared) > host.room.size:
        problems.add(PATH, f"must be at most {host.room.size}, {host.room.held}", len(declared))
    found = [_parse_one(problems, f"{PATH}[{_called(item) or at}]", item, host) for at, item in enumerate(declared)]
    containers = tuple(one for one in found if one)
    _refuse_twice(problems, "name", [(one.name, one.name) for one in containers])
    _refuse_twice(problems, "address", [(str(one.pinned), one.name) for one in containers if one.pinned])
    problems.raise_if_any()
    return containers, cast(Room, host.room)  # without one there was a problem


def _parse_host(problems: Problems, network: str, prefix: object, subnet: object, count: object) -> Host:
    if network not in engines.NETWORKS:
        problems.add("containers_network", f"must be one of {', '.join(engines.NETWORKS)}", network)
    block = _parse_network(problems, "containers_prefix", prefix)
    around = _parse_network(problems, "containers_subnet_cidr", subnet)
    if block and not engines.SHORTEST <= block.prefixlen <= engines.LONGEST:
        problems.add("containers_prefix", f"must be a /{engines.SHORTEST} to /{engines.LONGEST}", block)
        block = None
    if block and around and not block.subnet_of(around):
        problems.add("containers_prefix", f"must lie in the subnet {around}", block)
    if count is not None and (isinstance(count, bool) or not re.fullmatch(r"\d+", str(count))):
        problems.add("containers_count", "must be a number from 0 on", repr(count))
        block = None
    room = Room(block, None if count is None else int(str(count))) if block else None
    return Host(network, room, around)


def _parse_network(problems: Problems, path: str, value: object) -> ipaddress.IPv6Network | None:
    try:
        block = addresses.read_block(str(value))
    except ValueError as error:
        problems.add(path, str(error), repr(value))
        return None
    return ipaddress.IPv6Network((block.first, block.length))


def _refuse_twice(problems: Problems, key: str, values: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for value, name in values:
        if value in seen:
            problems.add(f"{PATH}[{name}].{key}", f"must be one container's only; {seen[value]} has it too", value)
        seen.setdefault(value, name)


def _called(item: Any) -> str:
    """The name by which a container is found in its list; nothing where it has none that Docker would take."""
    name = item.get("name") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else ""


def _parse_one(problems: Problems, path: str, item: Any, host: Host) -> Container | None:
    if not isinstance(item, Mapping):
        problems.add(path, "must be a dictionary", repr(item))
        return None
    for key in sorted(set(item) - set(KEYS), key=str):
        problems.add(f"{path}.{key}", f"must be one of {', '.join(KEYS)}", key)
    name, image = _called(item), item.get("image")
    if not isinstance(image, str) or not re.fullmatch(r"\S+", image):
        problems.add(f"{path}.image", "must name an image", repr(image))
    passed = options.read(problems, path, item)
    pinned = _parse_address(problems, f"{path}.address", item.get("address"), host)
    published = _published(problems, f"{path}.ports", item.get("ports"))
    if not name:
        rule = "must be a container's name: letters, digits, _ . -, two or more"
        problems.add(f"{path}.name", rule, repr(item.get("name")))
        return None
    return Container(name, str(image), pinned, tuple(item.get("ports") or ()) if published else (), published, passed)


def _published(problems: Problems, path: str, values: Any) -> tuple[str, ...]:
    try:
        ports = {(protocol, first, last) for protocol, first, last, _source in parse_ports(values, path)}
    except PlanError as error:
        problems.extend(error.violations)
        return ()
    return tuple(
        f"{first}/{protocol}" if first == last else f"{first}-{last}/{protocol}"
        for protocol, first, last in sorted(ports)
    )


def _parse_address(problems: Problems, path: str, value: Any, host: Host) -> ipaddress.IPv6Address | None:
    if value in (None, AUTO):
        return None
    if host.network == engines.DEFAULT_BRIDGE:
        problems.add(path, "must be auto on docker0, where Docker gives the addresses", value)
        return None
    try:
        given = addresses.single(addresses.read_address(value))
    except ValueError as error:
        problems.add(path, str(error), repr(value))
        return None
    room, subnet = host.room, host.subnet
    if room is None or subnet is None:
        return None
    around = addresses.Block(int(subnet.network_address), subnet.prefixlen)
    address = ipaddress.IPv6Address(addresses.resolve(given, around).first)
    if address not in room.prefix:
        problems.add(path, f"must lie in the host's container prefix {room.prefix}", address)
    elif int(address) - int(room.prefix.network_address) < RESERVED:
        problems.add(path, f"must not be the network's or the bridge's own address in {room.prefix}", address)
    elif int(address) not in room.usable:
        problems.add(path, f"must be one of the addresses that are assigned to the host, {room}", address)
    else:
        return address
    return None
