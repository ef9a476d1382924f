# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of Docker and of each container on its own host (rows 11 to 14, 17, 19)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._docker.engine import DEFAULT_BRIDGE
from .._observe.images import registry, repository
from .._plan.addresses import address_text, read_address
from . import hints
from .model import Check, Container, Host, check


def checks(host: Host) -> Iterator[Check]:
    """Every check of this kind for one host."""
    yield _engine(host)
    yield _group(host)
    yield _prefix(host)
    yield _bridge(host)
    for container in host.containers:
        yield from _container(host, container)


def _engine(host: Host) -> Check:
    said = f"Docker {host.docker}" if host.docker else host.seen["docker"].get("error", "")
    return check(host, "docker.engine", True, host.engine > 0, said, hints.ENGINE)


def _group(host: Host) -> Check:
    """root needs no group."""
    user, groups = host.seen["login"]["user"], host.seen["login"]["groups"]
    holds = user == "root" or "docker" in groups
    evidence = f"{user} is in {', '.join(groups)}"
    return check(host, "docker.group", "docker", groups, evidence, hints.GROUP, holds=holds)


def _prefix(host: Host) -> Check:
    """``docker0``: by daemon.json (ip6tables off from 27 on, where it would translate). Routed: by the network."""
    docker = host.seen["docker"]
    if host.network == DEFAULT_BRIDGE:
        daemon = docker["daemon"]
        expected: dict[str, Any] = {"ipv6": True, "fixed-cidr-v6": str(host.prefix)}
        if host.engine >= 27:
            expected["ip6tables"] = False
        observed = {key: daemon.get(key) for key in expected}
        evidence = ", ".join(f'"{key}": {json.dumps(value)}' for key, value in observed.items())
        return check(host, "docker.prefix", expected, observed, f"daemon.json: {evidence}", hints.DAEMON)
    network = docker["network"] or {}
    expected = {"subnet": str(host.prefix)}
    observed = {"subnet": network.get("subnet", "")}
    if host.engine >= 27:
        expected["mode"] = "routed"
        observed["mode"] = network.get("options", {}).get("com.docker.network.bridge.gateway_mode_ipv6", "")
    evidence = ", ".join(f"{key} {value}" for key, value in observed.items())
    return check(host, "docker.prefix", expected, observed, f"the network: {evidence}" if network else "", hints.DAEMON)


def _bridge(host: Host) -> Check:
    expected = f"{address_text(host.bridge_address)}/{host.prefix.length}"
    held = [
        f"{entry['address']}/{entry['length']}" for entry in host.seen["addresses"] if entry["interface"] == host.bridge
    ]
    evidence = f"{host.bridge} holds {', '.join(held) or 'no address'}"
    return check(host, "docker.bridge", [expected], held, evidence, hints.BRIDGE)


def _container(host: Host, container: Container) -> Iterator[Check]:
    seen = host.container_seen(container.name)
    state = seen.get("error") or seen.get("status") or "no such container"
    waited = host.seen.get("waited", {})
    lacked = waited.get("containers", {}).get(container.name)
    after = f" (it {lacked} at first; waited {waited['seconds']} s)" if lacked and waited["seconds"] else ""
    yield check(
        host,
        "container.running",
        "running",
        state,
        f"{container.name} is {state}{after}",
        hints.CONTAINER,
        subject=container.name,
    )
    if "addresses" not in seen:
        return
    yield _image(host, container, seen)
    yield _address(host, container, seen)
    yield _routes(host, container, seen)
    switches = dict(seen["disable_ipv6"])
    yield check(
        host,
        "container.ipv6_enabled",
        {host.container_interface(container.name): 0, "lo": 0},
        switches,
        f"{container.name}: " + ", ".join(f"{name}.disable_ipv6 = {value}" for name, value in sorted(switches.items())),
        hints.DISABLED,
        subject=container.name,
    )


def _image(host: Host, container: Container, seen: Mapping[str, Any]) -> Check:
    """Pulled from its registry, which this host reaches over IPv6."""
    name, port = registry(container.image, host.seen.get("docker", {}).get("default_registry", ""))
    found = host.seen["registries"].get(name, {"ipv6": [], "ipv4": []})
    digests = [digest for digest in seen["digests"] if digest.partition("@")[0] == repository(container.image)]
    reached = host.answers.tried(None, name, port)["outcome"] == "open"
    expected = {"digest": True, "ipv6": True, "reached": True}
    observed = {"digest": bool(digests), "ipv6": bool(found["ipv6"]), "reached": reached}
    only = "no IPv4 address" if not found["ipv4"] else "IPv4 too"
    evidence = f"{name} is {', '.join(found['ipv6']) or 'without IPv6'} ({only}), answers over IPv6" if reached else ""
    digest = digests[0].partition("@")[2][:19] if digests else "no digest of it"
    return check(
        host,
        "image.registry",
        expected,
        observed,
        f"{container.image}: {digest}; {evidence or name + ' does not answer over IPv6'}",
        hints.IMAGE,
        subject=container.name,
    )


def _address(host: Host, container: Container, seen: Mapping[str, Any]) -> Check:
    """The pinned address; without one, any of the prefix above the bridge's. Alone on its interface."""
    own = host.container_interface(container.name)
    held = [entry for entry in seen["addresses"] if entry["interface"] == own]
    listed = [f"{entry['address']}/{entry['length']}" for entry in held]
    if container.address is not None:
        expected: Any = [f"{address_text(container.address)}/{host.prefix.length}"]
        holds = listed == expected
    else:
        expected = [f"one of {host.prefix}, /{host.prefix.length}"]
        holds = len(held) == 1 and held[0]["length"] == host.prefix.length and _usable(host, held[0]["address"])
    return check(
        host,
        "container.address",
        expected,
        listed,
        f"{container.name}: {own or 'no interface'} holds {', '.join(listed) or 'no address'}",
        hints.CONTAINER_ADDRESS,
        holds=holds,
        subject=container.name,
    )


def _usable(host: Host, address: str) -> bool:
    value = read_address(address)
    return host.bridge_address < value <= host.prefix.last


def _routes(host: Host, container: Container, seen: Mapping[str, Any]) -> Check:
    own = host.container_interface(container.name)
    expected = sorted([f"{host.prefix} dev {own}", f"default via {address_text(host.bridge_address)} dev {own}"])
    observed = sorted(
        f"{route['to']}{' via ' + route['via'] if route['via'] else ''} dev {route['dev']}" for route in seen["routes"]
    )
    evidence = f"{container.name}: {'; '.join(observed) or 'no routes'}"
    return check(host, "container.routes", expected, observed, evidence, hints.CONTAINER_ROUTE, subject=container.name)
