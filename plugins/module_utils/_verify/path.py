# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of sizes: interfaces' MTUs, and that what is too large for a path is answered by Packet Too Big.

Over IPv6 no router cuts a packet up. Whoever sends one too large must be told, or its connections open and then hang.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import hints
from .model import Check, Container, Fleet, Host, check
from .pairs import Pairs
from .probes import seen_running


def checks(fleet: Fleet, host: Host, pairs: Pairs) -> Iterator[Check]:
    """Every check of this kind whose packets start in this host's containers.

    Where not even a ping comes back there is nothing to say of sizes: ``ping.*`` says so already.
    """
    for container in host.containers:
        if not seen_running(host, container):
            continue
        yield _interfaces(host, container)
        for far in pairs[host.name, container.name]:
            if host.answers.ping(container.name, far.address)["received"]:
                subject = f"{container.name} to {far.host.name}/{far.container.name}"
                yield _way(host, container, far.address, far.address, "mtu.container", subject)
        ping = host.answers.ping(container.name, fleet.internet_target)
        if fleet.internet_target and ping["received"]:
            shown = f"{fleet.internet_target} ({ping['address']})"
            yield _way(host, container, fleet.internet_target, shown, "mtu.internet", container.name)


def _interfaces(host: Host, container: Container) -> Check:
    """A frame larger than the next interface takes is dropped by a bridge without a word."""
    mtus = host.seen.get("mtus", {})
    own = host.container_mtu(container.name)
    steps = {"container": own, "bridge": mtus.get(host.bridge), "host": mtus.get(host.interface)}
    known = [size for size in steps.values() if size is not None]
    names = {"container": host.container_interface(container.name), "bridge": host.bridge, "host": host.interface}
    evidence = ", ".join(f"{names[step]} {size}" for step, size in steps.items() if size is not None)
    return check(
        host,
        "mtu.interfaces",
        "container <= bridge <= host",
        steps,
        evidence and f"{container.name}: {evidence}",
        hints.MTUS,
        holds=len(known) == len(steps) and known == sorted(known),
        subject=container.name,
    )


def _way(host: Host, container: Container, target: str, shown: str, kind: str, subject: str) -> Check:
    """It holds if the largest packet came back, or one of the size that a Packet Too Big named: nothing was lost."""
    way = host.answers.mtu(container.name, target)
    own = host.container_address(container.name)
    observed = {"arrives": way["arrives"], "lost": list(way["lost"])} if way else {"arrives": None, "lost": []}
    return check(
        host,
        kind,
        {"arrives": "the interface's MTU, or what a Packet Too Big names", "lost": []},
        observed,
        f"{own} to {shown}: {_said(way)}" if way else "",
        hints.BLACK_HOLE if way and way["size"] else hints.NOT_TRIED,
        holds=bool(way and way["arrives"] and not way["lost"]),
        subject=subject,
    )


def _said(way: Mapping[str, Any]) -> str:
    said = [f"{told['by']} says too big, {told['mtu']} go on" for told in way["told"]]
    said += [f"no answer to packets of {size} octets, nor a Packet Too Big" for size in way["lost"]]
    said.append(f"packets of {way['arrives']} octets come back" if way["arrives"] else "none comes back")
    return "; ".join([*said, way["error"]] if way["error"] else said)
