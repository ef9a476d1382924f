# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge's nouns: the fleet as it should be, what was seen of it, and a check that compares the two."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._plan.addresses import Block, address_text, read_address, read_block
from .._plan.model import ASSIGN_CONTAINERS, MODE_BLOCK
from .answers import Answers


class VerifyError(ValueError):
    """What the judge was given breaks a rule; the text names its path, the rule and the value."""


@dataclass(frozen=True)
class Opening:
    """Declared TCP ports, ``first`` to ``last``, and whom they are open to."""

    first: int
    last: int
    source: ipaddress.IPv6Network


def open_to(openings: Iterable[Opening], port: int, source: str = "") -> bool:
    """Whether a TCP port is open to an address; without one, whether it is to anybody at all."""
    return any(
        one.first <= port <= one.last and (not source or ipaddress.IPv6Address(source) in one.source)
        for one in openings
    )


@dataclass(frozen=True)
class Container:
    """A declared container. ``address``: pinned, absolute, or None for "any in the host's prefix"."""

    name: str
    image: str
    address: int | None = None
    openings: tuple[Opening, ...] = ()
    #: What it is called in DNS, in full.
    names: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports to try: both ends of each declared range."""
        return tuple(dict.fromkeys(port for one in self.openings for port in (one.first, one.last)))


@dataclass(frozen=True)
class Host:
    """A host as allocated and declared, and everything it was seen to say (``seen``: host_observe's answer, or {}).

    ``trouble`` says why there is none, as far as known. ``openings``: the host's own; None where its ports are left to
    the security group.
    """

    name: str
    mode: str
    network: str
    bridge: str
    address: int
    prefix: Block
    subnet: Block
    mac: str
    eni: Mapping[str, Any]
    containers: tuple[Container, ...] = ()
    openings: tuple[Opening, ...] | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    trouble: str = ""

    @property
    def instance(self) -> Mapping[str, Any]:
        """EC2's description of the instance behind the ENI; empty when there is none."""
        return self.eni.get("instance") or {}

    @property
    def docker(self) -> str:
        """The engine's version; empty when the engine did not answer."""
        return str(self.seen.get("docker", {}).get("version", ""))

    @property
    def engine(self) -> int:
        """The engine's major version; 0 when unknown."""
        major = self.docker.partition(".")[0]
        return int(major) if major.isdigit() else 0

    @property
    def interface(self) -> str:
        """The interface that the containers' addresses belong to, e.g. ``ens5``."""
        return str(self.seen.get("interface", ""))

    @property
    def assigned(self) -> tuple[int, ...]:
        """What EC2 assigned of the prefix as single addresses: nothing in prefix mode, else the block.

        Of a block, ``assign: containers`` leaves out the network's own address, the bridge's, and the rest after the
        last container's.
        """
        if self.mode != MODE_BLOCK:
            return ()
        if self.eni.get("assign") != ASSIGN_CONTAINERS:
            return self.prefix.addresses()
        first = self.bridge_address + 1
        return tuple(range(first, first + int(self.eni.get("container_count") or 0)))

    @property
    def bridge_address(self) -> int:
        """The bridge's own address: the first after the network address, on every engine."""
        return self.prefix.first + 1

    @cached_property
    def container_routes(self) -> tuple[Block, ...]:
        """The prefixes that the host routes to its containers' bridge, as its own routing table says, each once.

        Docker 26 adds a route of its own to docker0 beside the kernel's when it starts again.
        """
        routes = (route["to"] for route in self.seen.get("routes", ()) if route["dev"] == self.bridge)
        return tuple(read_block(prefix) for prefix in dict.fromkeys(routes))

    def container_seen(self, name: str) -> Mapping[str, Any]:
        """What was seen of a container; empty when there is no such container."""
        return self.seen.get("containers", {}).get(name) or {}

    def container_interface(self, name: str) -> str:
        """A container's own name of its interface on the network: ``eth0``, or another if it was connected again."""
        return str(self.container_seen(name).get("interface", ""))

    def container_mtu(self, name: str) -> int | None:
        """The MTU of a container's interface on the network; None when that is not known."""
        return self.container_seen(name).get("mtu")

    def container_address(self, name: str) -> str:
        """The global address that the container's own namespace shows on its interface; "" when there is none."""
        for entry in self.container_seen(name).get("addresses", ()):
            if entry["interface"] == self.container_interface(name):
                return str(entry["address"])
        return ""

    def address_of(self, container: Container) -> str:
        """A container's own address; while that is not known the pinned one; "" where there is none."""
        pinned = "" if container.address is None else address_text(container.address)
        return self.container_address(container.name) or pinned


@dataclass(frozen=True)
class Fleet:
    """Everything the judge knows. ``vantage``: hosts outside, by name. ``pairs``: see ``pairs``."""

    hosts: tuple[Host, ...]
    vantage: Mapping[str, Answers] = field(default_factory=dict)
    internet_target: str = ""
    closed_ports: tuple[int, ...] = ()
    security_groups: tuple[Mapping[str, Any], ...] = ()
    pairs: str | int = "auto"
    #: Whether there are hosts that are not judged.
    partial: bool = False

    @cached_property
    def named(self) -> Mapping[str, tuple[int, ...]]:
        """The addresses of the containers that have a name in DNS, by name, as far as they are known."""
        found: dict[str, tuple[int, ...]] = {}
        for host in self.hosts:
            for container in host.containers:
                address = host.address_of(container)
                for name in container.names if address else ():
                    found[name] = (*found.get(name, ()), read_address(address))
        return found


@dataclass(frozen=True)
class Check:
    """One comparison. ``subject`` tells checks of one kind and host apart; ``hint``: for when it does not hold."""

    kind: str
    host: str
    docker: str
    expected: Any
    observed: Any
    holds: bool
    evidence: str
    hint: str = ""
    subject: str = ""

    @property
    def id(self) -> str:
        """Unique within a report."""
        return "/".join(part for part in (self.kind, self.host, self.subject) if part)

    def to_dict(self) -> dict[str, Any]:
        """As data, in the report's order of keys; a hint only where there is something to mend."""
        return {
            "id": self.id,
            "kind": self.kind,
            "host": self.host,
            "subject": self.subject,
            "docker": self.docker,
            "expected": self.expected,
            "observed": self.observed,
            "holds": self.holds,
            "evidence": self.evidence,
            "hint": "" if self.holds else self.hint,
        }


def check(
    host: Host,
    kind: str,
    expected: Any,
    observed: Any,
    evidence: str,
    hint: str,
    *,
    holds: bool | None = None,
    subject: str = "",
) -> Check:
    """A check of ``host``; it holds when ``observed`` equals ``expected``, unless ``holds`` says otherwise.

    Without evidence nothing holds.
    """
    verdict = (observed == expected) if holds is None else holds
    return Check(kind, host.name, host.docker, expected, observed, bool(verdict and evidence), evidence, hint, subject)


def texts(values: Sequence[int]) -> list[str]:
    """Addresses as sorted, canonical text."""
    return [address_text(value) for value in sorted(values)]
