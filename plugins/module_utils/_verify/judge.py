# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole judgement: a fleet → a report of checks as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._plan.addresses import address_text
from . import ec2, engine, hints, machine, names, path, traffic
from .model import Check, Fleet, Host, check
from .pairs import Pairs, choose, described
from .probes import name_to_resolve

SCHEMA = 1
#: The role's default name of it.
VANTAGE_GROUP = "vantage"


def _of_host(fleet: Fleet, host: Host, pairs: Pairs) -> Iterator[Check]:
    """A host that was not seen has one check, which says so: everything else about it would be a guess."""
    if not host.seen:
        trouble = f"no answer: {host.trouble}" if host.trouble else "no answer"
        yield check(host, "host.observed", host.mac, "", trouble, hints.UNSEEN)
        return
    macs = sorted({entry["mac"] for entry in host.seen["addresses"]})
    yield check(
        host,
        "host.observed",
        host.mac,
        host.mac if host.interface else ", ".join(macs),
        f"{host.interface} is {host.mac}" if host.interface else f"no interface is {host.mac}, but {', '.join(macs)}",
        hints.OTHER_HOST,
    )
    yield from ec2.checks(fleet, host)
    yield from machine.checks(host)
    yield from engine.checks(host)
    yield from names.checks(fleet, host)
    yield from traffic.checks(fleet, host, pairs)
    yield from path.checks(fleet, host, pairs)


def report(fleet: Fleet) -> dict[str, Any]:
    """The judgement as plain data: ``schema``, ``holds``, ``hosts``, ``left_out``, ``waited``, ``checks``…"""
    pairs = choose(fleet)
    made = [each for host in fleet.hosts for each in _of_host(fleet, host, pairs)]
    return {
        "schema": SCHEMA,
        "holds": bool(made) and all(each.holds for each in made),
        "hosts": {host.name: _portrait(host) for host in fleet.hosts},
        "internet": _internet(fleet),
        "left_out": list(_left_out(fleet, pairs)),
        "waited": list(_waited(fleet)),
        "checks": [each.to_dict() for each in made],
    }


def _portrait(host: Host) -> dict[str, Any]:
    return {
        "mode": host.mode,
        "network": host.network,
        "docker": host.docker,
        "host_address": address_text(host.address),
        "container_prefix": str(host.prefix),
        "subnet": str(host.subnet),
        "gateway": next((r["via"] for r in host.seen.get("routes", ()) if r["to"] == "default"), ""),
        "interface": host.interface,
        "bridge": host.bridge,
        "bridge_address": address_text(host.bridge_address),
        "eni_id": host.eni.get("eni_id") or "",
        "mac_address": host.mac,
        "instance_id": host.instance.get("instance_id") or "",
        "instance_type": host.instance.get("instance_type") or "",
        "containers": [
            {
                "name": container.name,
                "image": container.image,
                "address": host.container_address(container.name),
                "ports": list(container.ports),
            }
            for container in host.containers
        ],
    }


def _left_out(fleet: Fleet, pairs: Pairs) -> Iterator[str]:
    """The kinds of checks that were not made, and what they would need; silence would pass for a proof."""
    tried = described(pairs)
    if len(pairs) == 1:
        yield "*.container between containers: there is one alone"
    elif tried:
        yield f"*.container: {tried}"
    if not fleet.vantage:
        yield f"port.*, dns.aaaa: no host outside tries ports and names (inventory group {VANTAGE_GROUP})"
    if not fleet.internet_target:
        yield "*.internet, dns.container: no target is pinged (verify_internet_target)"
    elif not traffic.targets_outside(fleet):
        yield "capture.internet: the target is no host of ours that could look at what arrives"
    if fleet.internet_target and not name_to_resolve(fleet):
        yield "dns.container: the target is no name to be resolved (verify_internet_target)"
    seen = [host for host in fleet.hosts if host.seen]
    left = [host.name for host in seen if host.openings is None]
    if left:
        yield f"port.host: {', '.join(left)} leave their own ports to the security group (verify_host_closed)"
    if any(host.seen.get("metadata") is None for host in seen):
        yield "metadata.*, instance.*: IMDS is not asked (verify_metadata)"
    if any(host.seen["apt"]["update"] is None for host in seen):
        yield "apt.ipv6: apt is not tried (verify_apt_update)"


def _waited(fleet: Fleet) -> Iterator[str]:
    """The hosts whose containers were not ready at once."""
    for host in fleet.hosts:
        waited = host.seen.get("waited") or {"seconds": 0}
        if waited["seconds"]:
            lacked = ", ".join(f"{name}, which {lack}" for name, lack in waited["containers"].items())
            yield f"{waited['seconds']} s on {host.name} for {lacked}"


def _internet(fleet: Fleet) -> dict[str, str]:
    """The target that the containers pinged, and its address as they resolved it."""
    for host in fleet.hosts:
        for entry in host.answers.probe.get("pings", ()):
            if fleet.internet_target and entry["target"] == fleet.internet_target and entry["address"]:
                return {"target": fleet.internet_target, "address": entry["address"]}
    return {"target": fleet.internet_target, "address": ""}
