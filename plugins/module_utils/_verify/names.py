# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of names: what a container's own resolver answers, and what the world is told of the containers' names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._plan.addresses import read_address
from . import hints
from .model import Check, Container, Fleet, Host, check, texts
from .probes import name_to_resolve, seen_running


def checks(fleet: Fleet, host: Host) -> Iterator[Check]:
    """Every check of this kind for one host."""
    name = name_to_resolve(fleet)
    for container in host.containers:
        if name and seen_running(host, container):
            yield _resolves(host, container, name)
        for vantage in fleet.vantage if host.container_address(container.name) else ():
            for own in container.names:
                yield _called(fleet, host, container, own, vantage)


def _called(fleet: Fleet, host: Host, container: Container, name: str, vantage: str) -> Check:
    """Its own address, and with it only those of containers that share the name, where all of these are known."""
    answer: Mapping[str, Any] = fleet.vantage[vantage].name(None, name) or {}
    found = list(answer.get("addresses", ()))
    own, expected = host.container_address(container.name), texts(fleet.named.get(name, ()))
    observed = texts([read_address(address) for address in found])
    said = f"{name} is {', '.join(observed)}" if found else f"{name}: {answer.get('error')}"
    return check(
        host,
        "dns.aaaa",
        {"addresses": expected, "others": fleet.partial},
        {"addresses": observed},
        f"from {vantage}: {said}" if answer else "",
        hints.NAMES if answer else hints.NOT_TRIED,
        holds=own in observed and (fleet.partial or observed == expected),
        subject=f"{container.name} {name} from {vantage}",
    )


def _resolves(host: Host, container: Container, name: str) -> Check:
    answer: Mapping[str, Any] = host.answers.name(container.name, name) or {}
    found = list(answer.get("addresses", ()))
    evidence = f"{container.name}: {answer['server']} says {name} is {', '.join(found)}" if found else ""
    if answer and not found:
        asked = answer["server"] or ", ".join(answer["servers"])
        evidence = f"{container.name}: {name} of {asked or 'nobody'}: {answer['error']}"
    return check(
        host,
        "dns.container",
        {"addresses": f"an IPv6 address of {name}"},
        {"addresses": found},
        evidence,
        hints.RESOLVER if answer else hints.NOT_TRIED,
        holds=bool(found),
        subject=container.name,
    )
