# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host has to try, so that the judge can say who reaches whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._observe.images import registry
from .._plan.addresses import address_text
from .model import Container, Fleet, Host, Opening, open_to


def targets(fleet: Fleet) -> Iterator[tuple[Host, Container, str]]:
    """Every declared container with the address it has; the pinned one, or "", while it is not known."""
    for host in fleet.hosts:
        for container in host.containers:
            pinned = "" if container.address is None else address_text(container.address)
            yield host, container, host.container_address(container.name) or pinned


Probes = dict[str, list[dict[str, Any]]]


def plan(fleet: Fleet) -> dict[str, Probes]:
    """What each host has to try, by name, in container_probe's terms: ``pings`` and ``connects``."""
    known = [(host, container, address) for host, container, address in targets(fleet) if address]
    inside = {host.name: _from_containers(fleet, host, known) for host in fleet.hosts}
    return {**inside, **{name: _from_outside(fleet, known) for name in fleet.vantage}}


def _from_containers(fleet: Fleet, host: Host, known: list[tuple[Host, Container, str]]) -> Probes:
    """Each container pings every other one and the Internet target, and tries its own undeclared ports from inside.

    The last tells whether anything listens there. The host itself tries its images' registries.
    """
    pings: list[dict[str, Any]] = []
    connects: list[dict[str, Any]] = []
    running = [(container, own) for place, container, own in known if place.name == host.name]
    for container, own in running:
        if "addresses" not in host.container_seen(container.name):
            continue
        far = [address for _host, _container, address in known if address != own]
        pings += [{"container": container.name, "target": target} for target in (*far, fleet.internet_target) if target]
        ports = undeclared(fleet, container.openings)
        connects += [{"container": container.name, "target": own, "port": port} for port in ports]
    default = host.seen.get("docker", {}).get("default_registry", "")
    registries = dict.fromkeys(registry(container.image, default) for container in host.containers)
    connects += [{"target": target, "port": port} for target, port in registries if target]
    return {"pings": pings, "connects": connects}


def _from_outside(fleet: Fleet, known: list[tuple[Host, Container, str]]) -> Probes:
    """A host outside pings the target (is it that itself?), and tries ports of every container and of every host."""
    connects = [
        {"target": address, "port": port}
        for _host, container, address in known
        for port in (*container.ports, *undeclared(fleet, container.openings))
    ]
    connects += [
        {"target": address_text(host.address), "port": port}
        for host in fleet.hosts
        if host.openings is not None
        for port in undeclared(fleet, host.openings)
    ]
    return {"pings": [{"target": fleet.internet_target}] if fleet.internet_target else [], "connects": connects}


def undeclared(fleet: Fleet, openings: Iterable[Opening]) -> tuple[int, ...]:
    """The ports to find closed on a container or host: those asked for, without what it opens to anybody at all."""
    return tuple(port for port in fleet.closed_ports if not open_to(openings, port))
