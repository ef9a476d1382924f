# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the host itself: how it is reached, apt, netplan's work, routes, forwarding (rows 5 to 9, 17, 18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._apt.sources import main_mirror
from .._plan.addresses import address_text, read_address, read_block
from .._plan.model import MODE_BLOCK
from . import hints
from .model import Check, Host, check

CLOUD_FILE = "/etc/netplan/50-cloud-init.yaml"


def checks(host: Host) -> Iterator[Check]:
    """Every check of this kind for one host."""
    yield _ssh(host)
    yield _sources(host)
    yield from _apt(host)
    if host.mode == MODE_BLOCK:
        yield _before(host)
        yield _cloud_file(host)
    yield _address(host)
    yield _default_route(host)
    yield _routes(host)
    yield _forwarding(host)
    yield from _guard(host)


def _ssh(host: Host) -> Check:
    server, client = (host.seen["ssh"].get(key, "") for key in ("server", "client"))
    evidence = f"SSH_CONNECTION: {client} to {server} port 22" if server else "no SSH_CONNECTION"
    return check(host, "ssh.ipv6", address_text(host.address), server, evidence, hints.SSH)


def _sources(host: Host) -> Check:
    mirrors = host.seen["apt"]["mirrors"]
    region = sorted(name for name in mirrors if main_mirror(name))
    evidence = f"apt's sources name {', '.join(sorted(mirrors)) or 'no mirror'}"
    return check(host, "apt.sources", [], region, evidence, hints.MIRROR)


def _apt(host: Host) -> Iterator[Check]:
    """Absent when the role was told not to update."""
    update = host.seen["apt"]["update"]
    if update is None:
        return
    mirrors: Mapping[str, Any] = host.seen["apt"]["mirrors"]
    without = sorted(name for name, found in mirrors.items() if not found["ipv6"])
    observed = {"rc": update["rc"], "mirrors_without_ipv6": without}
    fetched = [line for line in update["lines"] if line.startswith(("Hit:", "Get:", "Err:", "E:", "Fetched"))]
    names = "; ".join(f"{name} is {', '.join(found['ipv6'])}" for name, found in sorted(mirrors.items()))
    evidence = f"apt-get -o Acquire::ForceIPv6=true update: rc {update['rc']}; {names}"
    if update["rc"] != 0 and fetched:
        evidence += f"; {fetched[-1]}"
    yield check(host, "apt.ipv6", {"rc": 0, "mirrors_without_ipv6": []}, observed, evidence, hints.APT)


def _before(host: Host) -> Check:
    """The record is of the first boot; what the host has been given or has lost since is in none."""
    record = host.seen["netplan"]["before"]
    held = [entry for entry in record or () if entry["interface"] == host.interface]
    singles = sorted(read_address(entry["address"]) for entry in held if entry["length"] == 128)
    dynamic = sum(1 for entry in held if entry["dynamic"])
    own = address_text(host.address)
    expected = {"address": own, "dynamic": True}
    observed = {"address": own if host.address in singles else "", "dynamic": dynamic > 0}
    evidence = f"before netplan: {host.interface} held {len(singles)} /128, {dynamic} of them dynamic" if record else ""
    return check(host, "netplan.before", expected, observed, evidence, hints.BEFORE)


def _cloud_file(host: Host) -> Check:
    files = host.seen["netplan"]["dhcp6"]
    evidence = f"dhcp6: true in {', '.join(files)}" if files else f"no dhcp6: true in {CLOUD_FILE} nor beside it"
    return check(host, "netplan.cloud_file", [], files, evidence, hints.CLOUD_FILE)


def _own_addresses(host: Host) -> list[tuple[str, bool]]:
    held = [entry for entry in host.seen["addresses"] if entry["interface"] == host.interface]
    return [(f"{entry['address']}/{entry['length']}", entry["dynamic"]) for entry in held]


def _address(host: Host) -> Check:
    """Block: one static address with the subnet's length and no other. Prefix: the lease of it, and no other."""
    static = host.mode == MODE_BLOCK
    length = host.subnet.length if static else 128
    expected = [{"address": f"{address_text(host.address)}/{length}", "dynamic": not static}]
    held = _own_addresses(host)
    observed = [{"address": address, "dynamic": dynamic} for address, dynamic in held]
    listed = ", ".join(f"{address} {'dynamic' if dynamic else 'static'}" for address, dynamic in held)
    hint = hints.HOST_ADDRESS if static else hints.HOST_LEASE
    return check(host, "host.address", expected, observed, f"{host.interface}: {listed}" if listed else "", hint)


def _default_routes(host: Host) -> list[Mapping[str, Any]]:
    return [route for route in host.seen["routes"] if route["to"] == "default"]


def _default_route(host: Host) -> Check:
    """Block: static, as netplan wrote it. Prefix: by router advertisement. Both by a link-local gateway."""
    found = _default_routes(host)
    expected = {"gateway": "link-local", "dev": host.interface, "proto": "static" if host.mode == MODE_BLOCK else "ra"}
    observed = [{"gateway": _kind(route["via"]), "dev": route["dev"], "proto": route["proto"]} for route in found]
    listed = "; ".join(f"default via {route['via']} dev {route['dev']} proto {route['proto']}" for route in found)
    return check(host, "host.default_route", [expected], observed, listed or "no default route", hints.HOST_ROUTE)


def _kind(gateway: str) -> str:
    """``link-local`` for a gateway of that kind, else the gateway itself."""
    return "link-local" if gateway and read_address(gateway) >> 118 == 0xFE80 >> 6 else gateway


def _routes(host: Host) -> Check:
    """The prefix on the bridge, the subnet on the interface, the default; in prefix mode perhaps its lease.

    What is on other interfaces is their owner's, unless it takes the subnet's addresses or the Internet's.
    """
    expected = sorted(
        [f"{host.prefix} dev {host.bridge}", f"{host.subnet} dev {host.interface}", f"default dev {host.interface}"]
    )
    tolerated = {address_text(host.address)} if host.mode != MODE_BLOCK else set()
    kept = [route for route in host.seen["routes"] if route["to"] not in tolerated and _concerns(host, route)]
    observed = sorted({f"{route['to']} dev {route['dev']}" for route in kept})
    listed = "; ".join(_route_text(route) for route in kept)
    return check(host, "host.routes", expected, observed, listed or "no routes", hints.HOST_ROUTES)


def _concerns(host: Host, route: Mapping[str, Any]) -> bool:
    """Whether a route is on the fleet's interfaces, or leads some of its traffic elsewhere."""
    if route["dev"] in (host.interface, host.bridge) or route["to"] == "default":
        return True
    to = route["to"]
    return host.subnet.overlaps(read_block(to if "/" in to else f"{to}/128"))


def _route_text(route: Mapping[str, Any]) -> str:
    via = f" via {route['via']}" if route["via"] else ""
    return f"{route['to']}{via} dev {route['dev']}"


def _forwarding(host: Host) -> Check:
    observed = dict(host.seen["forwarding"])
    evidence = ", ".join(f"net.ipv6.conf.{name}.forwarding = {value}" for name, value in sorted(observed.items()))
    return check(host, "host.forwarding", {"all": 1, "default": 1}, observed, evidence, hints.FORWARDING)


def _guard(host: Host) -> Iterator[Check]:
    """The service that keeps the table; the table as it was loaded, with what it closes."""
    guard = host.seen["guard"]
    keeper = guard["keeper"]
    yield check(host, "guard.keeper", "active", keeper, f"{guard['unit']} is {keeper or 'not there'}", hints.KEEPER)
    expected = {"in_force": True, "containers": True, "host": host.openings is not None}
    observed = {key: guard[key] for key in expected}
    closed = " and ".join(name for key, name in (("containers", "containers"), ("host", "the host")) if guard[key])
    state = "as it was loaded" if guard["in_force"] else "not as it was loaded"
    evidence = f"{guard['table']} is {state}, and closes {closed or 'nothing'}"
    yield check(host, "guard.table", expected, observed, evidence, hints.GUARD)
