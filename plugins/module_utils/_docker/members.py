# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker network that is made anew, and its containers, each of which keeps its address. Pure.

Docker can't change a network's prefix, and a container that is connected without an address gets the lowest free one:
in whichever order they are connected, they would change places, and with them the ports that are open at an address.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .containers import LABEL, LABEL_VALUE
from .room import RESERVED, Room

#: Of a container's endpoint, what whoever connected it asked for, and would miss.
KEPT = ("Aliases", "Links", "DriverOpts")
STORE = "/var/lib/ipv6.aws_containers/docker/members.json"


@dataclass(frozen=True)
class Wanted:
    """The network asked for: its prefix, the bridge's address, the driver's options, and whether it has IPv4 as well.

    An engine before 28 does not look at the last wish; who asks has to know (``engine.settings``).
    """

    name: str
    prefix: ipaddress.IPv6Network
    gateway: ipaddress.IPv6Address
    options: Mapping[str, str]
    ipv4: bool = True

    def body(self) -> dict[str, Any]:
        """As ``POST /networks/create`` takes it.

        With the part that Docker may deal addresses from. A network that is there without it stays so (``differences``
        does not look at it): it would have to be made anew, and its containers be without a network meanwhile.
        """
        pool = {"Subnet": str(self.prefix), "Gateway": str(self.gateway)}
        dealt = Room(self.prefix).dealt
        if dealt is not None:
            pool["IPRange"] = str(dealt)
        return {
            "Name": self.name,
            "Driver": "bridge",
            "EnableIPv6": True,
            **({} if self.ipv4 else {"EnableIPv4": False}),
            "Options": dict(self.options),
            "IPAM": {"Driver": "default", "Config": [pool]},
        }

    def differences(self, found: Mapping[str, Any] | None) -> list[str]:
        """What is not as asked for in the answer of ``GET /networks/<name>`` (None: there is none)."""
        if found is None:
            return ["it is not there"]
        words = []
        if found.get("Driver") != "bridge" or not found.get("EnableIPv6"):
            words.append(f"it is a {found.get('Driver')} network, EnableIPv6 {bool(found.get('EnableIPv6'))}")
        # Engines before 28 don't say; their networks have it.
        if found.get("EnableIPv4", True) != self.ipv4:
            words.append("it has IPv4" if not self.ipv4 else "it has no IPv4")
        pools = [_pool(one) for one in (found.get("IPAM") or {}).get("Config") or [] if ":" in one.get("Subnet", "")]
        if pools != [(self.prefix, self.gateway)]:
            listed = ", ".join(f"{prefix} by {gateway}" for prefix, gateway in pools) or "no IPv6"
            words.append(f"it has {listed}")
        options = found.get("Options") or {}
        words += [
            f"{key} is {options.get(key)}"
            for key, value in sorted(self.options.items())
            if options.get(key) != str(value)
        ]
        return words


def _pool(pool: Mapping[str, str]) -> tuple[ipaddress.IPv6Network, ipaddress.IPv6Address | None]:
    """Some engines write the gateway with the prefix' length."""
    gateway = pool.get("Gateway", "").partition("/")[0]
    return ipaddress.IPv6Network(pool["Subnet"]), ipaddress.IPv6Address(gateway) if gateway else None


@dataclass(frozen=True)
class Member:
    """A container of the network: the address it has there, whether the role containers made it, its endpoint."""

    address: ipaddress.IPv6Address | None
    ours: bool
    endpoint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Join:
    """A container to connect, and at which address."""

    name: str
    address: ipaddress.IPv6Address
    endpoint: Mapping[str, Any]

    def body(self) -> dict[str, Any]:
        """As ``POST /networks/<name>/connect`` takes it."""
        settings = {**self.endpoint, "IPAMConfig": {"IPv6Address": str(self.address)}}
        return {"Container": self.name, "EndpointConfig": settings}


def attached(answer: Iterable[Mapping[str, Any]], network: str, running: bool) -> dict[str, Member]:
    """The network's containers by name, of Docker's list (``/containers/json?all=1``).

    ``running``: those alone that hold their address at the moment. Docker keeps what a stopped one asked for.
    """
    found = {}
    for one in answer:
        endpoint = ((one.get("NetworkSettings") or {}).get("Networks") or {}).get(network)
        if endpoint is None or (running and not endpoint.get("GlobalIPv6Address")):
            continue
        address = endpoint.get("GlobalIPv6Address") or (endpoint.get("IPAMConfig") or {}).get("IPv6Address")
        found[one["Names"][0].lstrip("/")] = Member(
            ipaddress.IPv6Address(address) if address else None,
            (one.get("Labels") or {}).get(LABEL) == LABEL_VALUE,
            {key: endpoint[key] for key in KEPT if endpoint.get(key)},
        )
    return found


def joins(
    members: Mapping[str, Member], there: Mapping[str, Member], names: Iterable[str], prefix: ipaddress.IPv6Network
) -> list[Join]:
    """Who is to be connected, and where: at the address it had, if that is in the prefix and nobody else's.

    ``there`` are those that are in the network already, ``names`` all containers that there are. Of the others, those
    of the role containers are left to it, and those of somebody else get the lowest automatic address that nobody has.
    """
    taken = {one.address for one in there.values()}
    absent = [(name, members[name]) for name in sorted(set(members) & set(names) - set(there))]
    first = int(prefix.network_address) + RESERVED
    found, homeless = [], []
    for name, one in absent:
        if one.address and one.address in prefix and int(one.address) >= first and one.address not in taken:
            taken.add(one.address)
            found.append(Join(name, one.address, one.endpoint))
        elif not one.ours:
            homeless.append((name, one))
    free = (address for address in map(ipaddress.IPv6Address, Room(prefix).automatic) if address not in taken)
    found += [Join(name, address, one.endpoint) for (name, one), address in zip(homeless, free)]  # noqa: B905 - 3.9
    return found


def to_text(network: str, members: Mapping[str, Member]) -> str:
    """The record of who was in the network, as a file."""
    data = {
        name: {**asdict(one), "address": str(one.address) if one.address else None} for name, one in members.items()
    }
    return json.dumps({"network": network, "members": data}, indent=1, sort_keys=True) + "\n"


def read_text(text: str | None, network: str) -> dict[str, Member]:
    """The other way round; nobody without a file, or in that of another network. Raises ValueError."""
    if text is None:
        return {}
    try:
        data = json.loads(text)
        if data["network"] != network:
            return {}
        return {
            name: Member(
                ipaddress.IPv6Address(one["address"]) if one["address"] else None,
                bool(one["ours"]),
                dict(one["endpoint"]),
            )
            for name, one in data["members"].items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{STORE}: must be the record of a network's containers, got {text[:80]!r}") from error
