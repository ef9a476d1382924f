# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are open, to whom: from what is declared to the elements of the guard's sets. Pure.

A part of the keeper too, which runs on the host by itself, so it imports the standard library alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TABLE = "ipv6_aws_containers"
FOLDER = "/etc/ipv6.aws_containers/guard"
TABLE_FILE = FOLDER + "/table.nft"
#: What is declared, as data (``Rules``), and what comes of it, in nft's words: the table's file includes the latter.
RULES_FILE = FOLDER + "/rules.json"
DECLARED_FILE = FOLDER + "/declared.nft"
#: What the kernel said right after the table was loaded: anything else means that somebody changed it.
LOADED_FILE = "/run/ipv6-aws-containers-guard.loaded"
#: Held by whoever changes files or table: a module's run, or the keeper.
LOCK_FILE = "/run/ipv6-aws-containers-guard.lock"

#: Who runs the containers, and so knows all that is open: the role of this name.
OWNER = "containers"
ANYBODY = ipaddress.IPv6Network("::/0")


@dataclass(frozen=True)
class Opening:
    """Ports ``first`` to ``last`` of ``protocol`` (tcp, udp), on ``address`` (None: the host's own), for ``source``."""

    address: ipaddress.IPv6Address | None
    protocol: str
    first: int
    last: int
    source: ipaddress.IPv6Network = ANYBODY

    def element(self) -> str:
        """As an element of one of the table's sets."""
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        address = [str(self.address)] if self.address is not None else []
        return " . ".join([str(self.source), *address, self.protocol, ports])


def disjoint(openings: Iterable[Opening]) -> list[Opening]:
    """The same openings without an overlap, in order: nft refuses elements that overlap ("File exists")."""
    groups: dict[tuple[int, str], list[Opening]] = {}
    for one in openings:
        groups.setdefault((int(one.address) if one.address is not None else -1, one.protocol), []).append(one)
    return [part for _key, group in sorted(groups.items()) for part in _segments(group)]


def _segments(group: list[Opening]) -> list[Opening]:
    """Cut the openings of one address and protocol where any begins or ends; join neighbours of the same sources."""
    bounds = sorted({one.first for one in group} | {one.last + 1 for one in group})
    runs: list[tuple[int, int, list[ipaddress.IPv6Network]]] = []
    for first, after in zip(bounds[:-1], bounds[1:]):  # noqa: B905, RUF007 - neither is there in Python 3.9
        sources = sorted(
            ipaddress.collapse_addresses(one.source for one in group if one.first <= first and after - 1 <= one.last)
        )
        if runs and sources and runs[-1][1] == first - 1 and runs[-1][2] == sources:
            runs[-1] = (runs[-1][0], after - 1, sources)
        elif sources:
            runs.append((first, after - 1, sources))
    address, protocol = group[0].address, group[0].protocol
    return [Opening(address, protocol, first, last, source) for first, last, sources in runs for source in sources]


@dataclass(frozen=True)
class Declared:
    """A container and its ports, as (protocol, first, last, source).

    Without an ``address`` it is the one that Docker gives the container ``name`` on ``network``, whichever that is now.
    """

    name: str
    network: str
    address: ipaddress.IPv6Address | None
    ports: tuple[tuple[str, int, int, ipaddress.IPv6Network], ...]


@dataclass(frozen=True)
class Rules:
    """What is declared, by who declares it (a role's name, say).

    ``docker_closes``: Docker itself closes what is not published. Then our table closes nothing to containers before
    somebody has declared, as it could not tell a published port from a closed one.
    """

    docker_closes: bool = False
    declared: Mapping[str, tuple[Declared, ...]] | None = None

    def said(self) -> bool:
        """Whether somebody said which ports are open: with ports, or as the one who runs the containers, with none."""
        return OWNER in (self.declared or {}) or any((self.declared or {}).values())

    def unresolved(self) -> list[Declared]:
        """Those whose address only Docker knows."""
        return [one for owned in (self.declared or {}).values() for one in owned if one.address is None]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for the file."""
        return {
            "docker_closes": self.docker_closes,
            "declared": {
                owner: [
                    {
                        "name": one.name,
                        "network": one.network,
                        "address": str(one.address) if one.address is not None else None,
                        "ports": [[protocol, first, last, str(source)] for protocol, first, last, source in one.ports],
                    }
                    for one in owned
                ]
                for owner, owned in (self.declared or {}).items()
            },
        }

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Rules:
        """The other way round. Raises KeyError, ValueError for what ``to_dict`` did not make."""
        declared = {
            owner: tuple(
                Declared(
                    one["name"],
                    one["network"],
                    ipaddress.IPv6Address(one["address"]) if one["address"] is not None else None,
                    tuple((port[0], port[1], port[2], ipaddress.IPv6Network(port[3])) for port in one["ports"]),
                )
                for one in owned
            )
            for owner, owned in data["declared"].items()
        }
        return cls(bool(data["docker_closes"]), declared)


Addresses = Mapping[tuple[str, str], ipaddress.IPv6Address]


def openings(rules: Rules, addresses: Addresses) -> list[Opening]:
    """What is open on containers; ``addresses`` are those that Docker gave, by network and name."""
    found = []
    for owned in (rules.declared or {}).values():
        for one in owned:
            address = one.address if one.address is not None else addresses.get((one.network, one.name))
            if address is not None:
                found += [Opening(address, *port) for port in one.ports]
    return disjoint(found)


def declared_text(rules: Rules, addresses: Addresses) -> str:
    """The file that the table's file includes: the declared ports; where Docker closes too, that others are closed."""
    text = "# Written by the Ansible collection ipv6.aws_containers: ports that containers declare.\n"
    elements = [one.element() for one in openings(rules, addresses)]
    if elements:
        text += f"add element ip6 {TABLE} declared {{\n  " + ",\n  ".join(elements) + "\n}\n"
    if rules.docker_closes and rules.said():
        text += f"add rule ip6 {TABLE} undeclared counter name closed drop\n"
    return text


def addresses_of(containers: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], ipaddress.IPv6Address]:
    """IPv6 addresses by network and name, of what Docker's API says of its containers (``/containers/json``)."""
    found = {}
    for one in containers:
        for network, endpoint in (one["NetworkSettings"].get("Networks") or {}).items():
            if endpoint and endpoint.get("GlobalIPv6Address"):
                for name in one["Names"]:
                    found[network, name.lstrip("/")] = ipaddress.IPv6Address(endpoint["GlobalIPv6Address"])
    return found
