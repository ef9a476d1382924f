# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each host has to try, so that the judge can say who reaches whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._observe.images import registry
from .._plan.addresses import address_text
from .model import Container, Fleet, Host


def targets(fleet: Fleet) -> Iterator[tuple[Host, Container, str]]:
    """Every declared container with the address it has; the pinned one, or "", while it is not known."""
    for host in fleet.hosts:
        for container in host.containers:
            pinned = "" if container.address is None else address_text(container.address)
            yield host, container, host.container_address(container.name) or pinned


def plan(fleet: Fleet, name: str) -> dict[str, list[dict[str, Any]]]:
    """The probes of one host, in container_probe's terms: ``pings`` and ``connects``.

    A container host pings every other container, and the Internet target, from each of its containers; connects to its
    containers' undeclared ports from inside (does anything listen?) and to the registries. A vantage host pings the
    target, and connects to every declared and undeclared port of every container.
    """
    known = [(host, container, address) for host, container, address in targets(fleet) if address]
    if name in fleet.vantage:
        pings = [{"target": fleet.internet_target}] if fleet.internet_target else []
        connects = [
            {"target": address, "port": port}
            for _host, container, address in known
            for port in (*container.ports, *undeclared(fleet, container))
        ]
        return {"pings": pings, "connects": connects}
    pings, connects = [], []
    for host, container, own in known:
        if host.name != name or "addresses" not in host.container_seen(container.name):
            continue
        pings += [{"container": container.name, "target": address} for _h, _c, address in known if address != own]
        if fleet.internet_target:
            pings.append({"container": container.name, "target": fleet.internet_target})
        connects += [
            {"container": container.name, "target": own, "port": port} for port in undeclared(fleet, container)
        ]
    connects += [{"target": target, "port": port} for target, port in _registries(fleet, name)]
    return {"pings": pings, "connects": connects}


def undeclared(fleet: Fleet, container: Container) -> tuple[int, ...]:
    """The ports to find closed on this container: those asked for, without its declared ones."""
    return tuple(port for port in fleet.closed_ports if port not in container.ports)


def _registries(fleet: Fleet, name: str) -> list[tuple[str, int]]:
    images = [container.image for host in fleet.hosts if host.name == name for container in host.containers]
    return list(dict.fromkeys(registry(image) for image in images))
