# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the containers that a user declares, and those that are there, to what each gets and which have to go."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._plan.errors import Problems
from . import engine as engines
from .declared import PATH, Container
from .ports import OWNER, Rules
from .room import Room

LABEL = "ipv6.aws_containers.role"
LABEL_VALUE = "containers"
#: Which options were declared: one that no longer is would stay, as docker_container compares those alone that it gets.
OPTIONS_LABEL = "ipv6.aws_containers.options"


@dataclass(frozen=True)
class Observed:
    """A container that is there: its IPv6 address on the network in question (None without one).

    ``attached``: whether it is in that network at all; ``ours``: whether this project made it. ``image``: the image's
    name, or its id when the name is another image's by now.
    """

    address: ipaddress.IPv6Address | None
    attached: bool
    ours: bool
    image: str = ""


@dataclass(frozen=True)
class Placed:
    """A container and the address that it gets; None where Docker chooses."""

    container: Container
    address: ipaddress.IPv6Address | None


@dataclass(frozen=True)
class Plan:
    """Who gets what, and the names of those that have to go first: no longer declared, or in the wrong place.

    ``arriving``: the names of those that will be where they are not yet, and somebody else may have been; ``settled``:
    of those that are at their place; ``imaged``: of those that need their image, as they are made or made anew of
    another one.
    """

    placed: tuple[Placed, ...]
    remove: tuple[str, ...]
    arriving: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    imaged: frozenset[str] = frozenset()


def place(
    containers: Sequence[Container],
    network: str,
    room: Room,
    observed: Mapping[str, Observed],
    opened: Mapping[ipaddress.IPv6Address, str] | None = None,
) -> Plan:
    """Give each container its address: pinned, else the one it has, else the lowest free automatic one.

    ``observed`` are all containers on the host, by name; ``opened`` says of an address for whom others have declared
    ports there, which whoever gets the address would inherit. On docker0 Docker chooses, from the lowest on, and
    nobody gets an address here. Raises PlanError when a name, or a pinned address, belongs to a container that we did
    not make, or ports are declared there for another, when another declared one would lose its address to a pin
    without having been told to, and when there is too little room.
    """
    opened = opened or {}
    problems = Problems()
    names = {one.name for one in containers}
    for one in containers:
        there = observed.get(one.name)
        if there and not there.ours:
            problems.add(f"{PATH}[{one.name}].name", "is taken by a container that this role did not make", one.name)
    foreign = {there.address: name for name, there in observed.items() if there.address and not there.ours}
    for one in containers:
        there = observed.get(one.name)
        if one.pinned in foreign:
            problems.add(f"{PATH}[{one.name}].address", f"is taken by the container {foreign[one.pinned]}", one.pinned)
        wanted = one.pinned or _kept(there, network, room)
        if wanted and wanted in opened and wanted not in foreign:
            choice = f"pin {one.name} elsewhere, or declare those ports no more"
            rule = f"has ports that are declared for {opened[wanted]}, which {one.name} would inherit: {choice}"
            problems.add(f"{PATH}[{one.name}].address", rule, wanted)
    unpinned = {one.name for one in containers if one.pinned is None}
    holders = {there.address: name for name, there in observed.items() if there.address and name in unpinned}
    for one in containers:
        if one.pinned in holders:
            holder = holders[one.pinned]
            choice = f"pin {one.name} elsewhere, pin {holder} too, or take {holder} away"
            rule = f"is held by {holder}, which would have to move: {choice}"
            problems.add(f"{PATH}[{one.name}].address", rule, one.pinned)
    strangers = sum(1 for there in observed.values() if there.attached and not there.ours)
    if network == engines.DEFAULT_BRIDGE and len(containers) + strangers > room.size >= len(containers):
        rule = f"must be at most {room.size - strangers}: docker0 has {strangers} of others, and {room.held} are"
        problems.add(PATH, f"{rule} {room.size}", len(containers))
    problems.raise_if_any()

    placed = _with_addresses(containers, network, room, observed, foreign.keys() | opened.keys())
    gone = {name for name, there in observed.items() if there.ours and name not in names}
    moved = {
        one.container.name
        for one in placed
        if one.container.name in observed and _misplaced(one, observed[one.container.name], room)
    }
    arriving = {one.container.name for one in placed if one.address and one.container.name not in observed} | moved
    # On docker0 one that does not run has no address.
    settled = {one.container.name for one in placed if _address(observed.get(one.container.name))} - moved
    same = {one.container.name for one in placed if _same_image(one.container, observed.get(one.container.name))}
    return Plan(
        placed,
        tuple(sorted(gone | moved)),
        frozenset(arriving if network == engines.ROUTED else ()),
        frozenset(settled),
        frozenset(names - (same - moved)),
    )


def _kept(there: Observed | None, network: str, room: Room) -> ipaddress.IPv6Address | None:
    """The address that a container without a pin keeps; None where it gets another, or Docker chooses."""
    address = _address(there)
    return address if network == engines.ROUTED and address and int(address) in room.usable else None


def _address(there: Observed | None) -> ipaddress.IPv6Address | None:
    return there.address if there else None


def _same_image(one: Container, there: Observed | None) -> bool:
    return there is not None and _tagged(there.image) == _tagged(one.image)


def _tagged(image: str) -> str:
    """The image's name with the tag that Docker takes where none is given."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _misplaced(one: Placed, there: Observed, room: Room) -> bool:
    if one.address is None and there.address is not None:
        return not there.attached or int(there.address) not in room.usable
    return not there.attached or (one.address is not None and one.address != there.address)


def _with_addresses(
    containers: Sequence[Container],
    network: str,
    room: Room,
    observed: Mapping[str, Observed],
    foreign: set[ipaddress.IPv6Address],
) -> tuple[Placed, ...]:
    if network == engines.DEFAULT_BRIDGE:
        return tuple(Placed(one, None) for one in containers)
    usable = room.usable
    taken = {one.pinned for one in containers if one.pinned} | foreign
    given: dict[str, ipaddress.IPv6Address] = {one.name: one.pinned for one in containers if one.pinned}
    for one in containers:
        there = observed.get(one.name)
        held = there.address if there else None
        if one.name not in given and held and int(held) in usable and held not in taken:
            given[one.name] = held
            taken.add(held)
    free = (address for address in map(ipaddress.IPv6Address, room.automatic) if address not in taken)
    problems = Problems()
    for one in containers:
        if one.name not in given:
            address = next(free, None)
            if address is None:
                problems.add(f"{PATH}[{one.name}].address", f"no address is free in {room}, {len(taken)} are taken")
                break
            given[one.name] = address
    problems.raise_if_any()
    return tuple(Placed(one, given[one.name]) for one in containers)


def render(plan: Plan, network: str, network_name: str, docker_closes: bool) -> dict[str, Any]:
    """The plan as plain data: ``containers``, ``declared`` (their ports, as the guard takes them), ``remove``.

    ``settled`` are those of ``declared`` that are at their address already, and ``arriving`` the names of containers
    that are not: before these run, nothing is open but to the former. On docker0 the guard sees to that by itself.
    ``imaged`` are those of ``containers`` whose images have to be on the host before anything is taken away.

    A container's ``options`` are all that community.docker.docker_container takes. Ports are for the guard, on every
    network; where Docker closes those that are not published (``docker_closes``) they are published besides, on IPv6
    only and without a port of the host's.
    """
    name = network_name if network == engines.ROUTED else engines.DEFAULT_BRIDGE_NAME
    declared = [
        {"name": one.container.name, **_addressed("address", one), "ports": list(one.container.ports)}
        for one in plan.placed
        if one.container.ports
    ]
    return {
        "remove": list(plan.remove),
        "arriving": sorted(plan.arriving),
        "declared": declared,
        "settled": [one for one in declared if one["name"] in plan.settled],
        "imaged": [
            {"name": one.container.name, "image": one.container.image}
            for one in plan.placed
            if one.container.name in plan.imaged
        ],
        "containers": [
            {
                "name": one.container.name,
                "address": str(one.address) if one.address else None,
                "ports": list(one.container.ports),
                "options": {
                    **one.container.options,
                    "name": one.container.name,
                    "state": "started",
                    "image": one.container.image,
                    "networks": [{"name": name, **_addressed("ipv6_address", one)}],
                    "published_ports": [f"[::]::{port}" for port in one.container.published] if docker_closes else [],
                    "labels": {LABEL: LABEL_VALUE, OPTIONS_LABEL: " ".join(sorted(one.container.options))},
                    "comparisons": dict.fromkeys(("networks", "published_ports", "env", "volumes"), "strict"),
                },
            }
            for one in plan.placed
        ],
    }


def _addressed(key: str, one: Placed) -> dict[str, str]:
    """The address under that key; nothing where Docker chooses."""
    return {key: str(one.address)} if one.address else {}


def observed(answer: Iterable[Mapping[str, Any]], network: str) -> dict[str, dict[str, Any]]:
    """Docker's list of containers (its API's ``/containers/json``) as plain data by name: as ``Observed``.

    The address is the one asked for when the container was made, as one that is stopped has no other.
    """
    found = {}
    for one in answer:
        endpoint = (one.get("NetworkSettings", {}).get("Networks") or {}).get(network)
        asked = ((endpoint or {}).get("IPAMConfig") or {}).get("IPv6Address")
        found[one["Names"][0].lstrip("/")] = {
            "address": asked or (endpoint or {}).get("GlobalIPv6Address") or None,
            "attached": endpoint is not None,
            "ours": (one.get("Labels") or {}).get(LABEL) == LABEL_VALUE,
            "image": one.get("Image") or "",
        }
    return found


def read_observed(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Observed]:
    """The other way round, from plain data."""
    return {
        name: Observed(
            ipaddress.IPv6Address(one["address"]) if one["address"] else None,
            bool(one["attached"]),
            bool(one["ours"]),
            one.get("image") or "",
        )
        for name, one in data.items()
    }


def opened_by_others(rules: Rules) -> dict[str, str]:
    """Addresses where others than the role containers have declared ports, each with for whom and by whom."""
    return {
        str(one.address): f"{'it' if one.name == str(one.address) else one.name} by the role {owner}"
        for owner, owned in sorted((rules.declared or {}).items())
        if owner != OWNER
        for one in owned
        if one.address is not None and one.ports
    }
