# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host has to try, so that the judge can say who reaches whom."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from .._observe.images import registry
from .._plan.addresses import address_text
from .model import Container, Fleet, Host, Opening, open_to
from .pairs import Pairs, Target, choose, targets

Probes = dict[str, list[dict[str, Any]]]


def plan(fleet: Fleet) -> dict[str, Probes]:
    """What each host has to try, by name, in container_probe's terms: ``pings``, ``mtus``, ``names``, ``connects``."""
    pairs = choose(fleet)
    inside = {host.name: _from_containers(fleet, host, pairs) for host in fleet.hosts}
    known = [target for target in targets(fleet) if target.address]
    return {**inside, **{name: _from_outside(fleet, known) for name in fleet.vantage}}


def name_to_resolve(fleet: Fleet) -> str:
    """The Internet target if it is a name; "" if it is an address, or none."""
    try:
        ipaddress.ip_address(fleet.internet_target)
    except ValueError:
        return fleet.internet_target
    return ""


def seen_running(host: Host, container: Container) -> bool:
    """Whether a container was seen from within; what is not, can't try anything."""
    return "addresses" in host.container_seen(container.name)


def _from_containers(fleet: Fleet, host: Host, pairs: Pairs) -> Probes:
    """Each container sends to those chosen for it and to the Internet target, whole packets too, and asks its resolver.

    It tries its own undeclared ports from inside, which tells whether anything listens there. The host itself tries its
    images' registries.
    """
    ways: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    connects: list[dict[str, Any]] = []
    for container in host.containers:
        own = host.container_address(container.name)
        if not own or not seen_running(host, container):
            continue
        far = [other.address for other in pairs[host.name, container.name] if other.address]
        ways += [{"container": container.name, "target": target} for target in (*far, fleet.internet_target) if target]
        if name_to_resolve(fleet):
            names.append({"container": container.name, "target": name_to_resolve(fleet)})
        ports = undeclared(fleet, container.openings)
        connects += [{"container": container.name, "target": own, "port": port} for port in ports]
    default = host.seen.get("docker", {}).get("default_registry", "")
    registries = dict.fromkeys(registry(container.image, default) for container in host.containers)
    connects += [{"target": target, "port": port} for target, port in registries if target]
    return {"pings": ways, "mtus": [dict(way) for way in ways], "names": names, "connects": connects}


def _from_outside(fleet: Fleet, known: list[Target]) -> Probes:
    """A host outside pings the target (is it that itself?), asks for names, and tries containers' and hosts' ports."""
    connects = [
        {"target": target.address, "port": port}
        for target in known
        for port in (*target.container.ports, *undeclared(fleet, target.container.openings))
    ]
    connects += [
        {"target": address_text(host.address), "port": port}
        for host in fleet.hosts
        if host.openings is not None
        for port in undeclared(fleet, host.openings)
    ]
    pings = [{"target": fleet.internet_target}] if fleet.internet_target else []
    names = dict.fromkeys(name for target in known for name in target.container.names)
    return {"pings": pings, "mtus": [], "names": [{"target": name} for name in names], "connects": connects}


def undeclared(fleet: Fleet, openings: Iterable[Opening]) -> tuple[int, ...]:
    """The ports to find closed on a container or host: those asked for, without what it opens to anybody at all."""
    return tuple(port for port in fleet.closed_ports if not open_to(openings, port))
