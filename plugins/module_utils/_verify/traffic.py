# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of packets: who reaches whom, with which source and hop limit, and which ports are open (row 15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._plan.addresses import address_text
from . import hints
from .answers import UNTRIED, Answers
from .model import Check, Container, Fleet, Host, check, open_to
from .pairs import Pairs, Target
from .probes import undeclared

INITIAL_HOP_LIMIT = 64  # Linux' default; what a container's reply starts with

# Each host between two containers forwards once; a VPC's own router takes nothing off inside a subnet.
ACROSS_HOSTS = INITIAL_HOP_LIMIT - 2
ON_ONE_HOST = INITIAL_HOP_LIMIT
ON_ARRIVAL = INITIAL_HOP_LIMIT - 1

Flow = Mapping[str, Any]
Tried = Mapping[str, str]


@dataclass(frozen=True)
class Arrived:
    """What came for one destination of all that a place saw, as seen by the ``host`` whose container ``own`` asked."""

    host: Host
    own: str
    flows: Sequence[Flow]

    @cached_property
    def untouched(self) -> list[Flow]:
        """What has the container's own address."""
        return [flow for flow in self.flows if flow["source"] == self.own]

    @cached_property
    def translated(self) -> list[str]:
        """Sources that are the asking host's, not the container's own: what masquerading would put in its place."""
        held = {entry["address"] for entry in self.host.seen.get("addresses", ())} | {address_text(self.host.address)}
        return sorted({flow["source"] for flow in self.flows} & (held - {self.own}))


def checks(fleet: Fleet, host: Host, pairs: Pairs) -> Iterator[Check]:
    """Every check of this kind whose packets start in, or go to, this host or its containers."""
    for container in host.containers:
        for target in pairs[host.name, container.name]:
            yield from _pair(host, container, target)
        if fleet.internet_target:
            yield from _internet(fleet, host, container)
        yield from _ports(fleet, host, container)
    yield from _host_ports(fleet, host)


def _said(ping: Mapping[str, Any]) -> str:
    """A ping in ping's own words; "" when nothing was sent, which is no evidence of anything."""
    if not ping["sent"]:
        return ""
    lost = ping["sent"] - ping["received"]
    text = f"{ping['sent']} sent, {ping['received']} received, {100 * lost // ping['sent']}% loss"
    if ping["hop_limits"]:
        text += f", ttl={'/'.join(str(value) for value in ping['hop_limits'])}"
    return text + (f"; {ping['error']}" if ping["error"] else "")


def _pair(host: Host, container: Container, target: Target) -> Iterator[Check]:
    far, peer, address = target
    own = host.container_address(container.name)
    ping = host.answers.ping(container.name, address)
    arrived = Arrived(host, own, far.answers.arrivals(address))
    apart = far.name != host.name
    subject = f"{container.name} to {far.name}/{peer.name}"
    hop_limit = ACROSS_HOSTS if apart else ON_ONE_HOST
    expected: dict[str, Any] = {"lost": 0, "hop_limits": [hop_limit]}
    observed: dict[str, Any] = {"lost": ping["sent"] - ping["received"], "hop_limits": list(ping["hop_limits"])}
    if far.subnet != host.subnet:  # nothing promises the number of routers between two subnets
        expected["hop_limits"] = observed["hop_limits"] if observed["lost"] == 0 else [hop_limit]
    evidence = _said(ping)
    yield check(
        host,
        "ping.container",
        expected,
        observed,
        evidence and f"{own} to {address}: {evidence}",
        _ping_hint(ping, arrived, apart),
        subject=subject,
    )
    if not apart:  # one bridge: the packets never come to an interface that could be captured
        return
    yield _capture(arrived, ping, "capture.container", (far.name, address), hints.NO_ARRIVAL, subject)


def _capture(
    arrived: Arrived, ping: Mapping[str, Any], kind: str, where: tuple[str, str], otherwise: str, subject: str
) -> Check:
    """That echo requests came as the container sent them; ``where``: the place that watched, and their destination."""
    own, translated = arrived.own, arrived.translated
    hint = hints.TRANSLATED if translated else otherwise
    return check(
        arrived.host,
        kind,
        {"source": own, "translated_to": []},
        {"source": own if arrived.untouched else "", "translated_to": translated},
        _seen_text(arrived, *where),
        hint if ping["sent"] else hints.NOT_TRIED,
        holds=bool(own and arrived.untouched and not translated),
        subject=subject,
    )


def _seen_text(arrived: Arrived, place: str, target: str) -> str:
    if not arrived.untouched:
        others = ", ".join(sorted({flow["source"] for flow in arrived.flows}))
        return f"on {place}: echo requests from {others} only" if others else f"on {place}: no echo request arrived"
    interface = arrived.untouched[0]["interface"]
    count = sum(flow["count"] for flow in arrived.untouched)
    shown = "/".join(str(limit) for limit in sorted({flow["hop_limit"] for flow in arrived.untouched}))
    return f"on {place}'s {interface}: {count} echo requests {arrived.own} > {target}, hop limit {shown}"


def _ping_hint(ping: Mapping[str, Any], arrived: Arrived, apart: bool) -> str:
    if not ping["sent"]:
        return hints.NOT_TRIED
    if not ping["received"]:
        if arrived.translated:
            return hints.TRANSLATED
        return hints.NO_REPLY if arrived.untouched or not apart else hints.NO_ARRIVAL
    if ping["received"] < ping["sent"]:
        return hints.SOME_LOST
    return hints.HOP_LIMIT


def _internet_hint(ping: Mapping[str, Any]) -> str:
    if not ping["sent"]:
        return hints.NOT_TRIED if ping["address"] or ping["error"] == UNTRIED else hints.RESOLVER
    return hints.SOME_LOST if ping["received"] else hints.NO_INTERNET


def _internet(fleet: Fleet, host: Host, container: Container) -> Iterator[Check]:
    own = host.container_address(container.name)
    ping = host.answers.ping(container.name, fleet.internet_target)
    evidence = _said(ping)
    address = str(ping["address"])
    yield check(
        host,
        "ping.internet",
        {"lost": 0},
        {"lost": ping["sent"] - ping["received"]},
        evidence and f"{own} to {fleet.internet_target} ({address}): {evidence}",
        _internet_hint(ping),
        subject=container.name,
    )
    for name, place in targets_outside(fleet).items():
        arrived = Arrived(host, own, place.arrivals(address))
        yield _capture(arrived, ping, "capture.internet", (name, address), hints.NO_INTERNET, container.name)


def targets_outside(fleet: Fleet) -> Mapping[str, Answers]:
    """The vantage hosts that are the Internet target themselves, so that what arrives there is seen."""
    return {name: place for name, place in fleet.vantage.items() if _is_target(place, fleet.internet_target)}


def _is_target(place: Answers, target: str) -> bool:
    """Whether the vantage host is the target itself: towards one's own address one sends from that very address."""
    ping = place.ping(None, target)
    return bool(ping["address"] and ping["source"] == ping["address"])


def _ports(fleet: Fleet, host: Host, container: Container) -> Iterator[Check]:
    address = host.container_address(container.name)
    for name, place in fleet.vantage.items():
        for port in container.ports:
            tried = place.tried(None, address, port)
            if tried["source"] and not open_to(container.openings, port, tried["source"]):
                sources = ", ".join(str(one.source) for one in container.openings if one.first <= port <= one.last)
                inside = f"declared for {sources}, {_came(host, address, port)}"
                yield _closed(host, "port.undeclared", name, (address, port), tried, inside, container.name)
                continue
            outcome = tried["outcome"]
            yield check(
                host,
                "port.declared",
                "open",
                outcome,
                f"from {name}: [{address}]:{port} is {outcome}",
                hints.NOT_TRIED if outcome == UNTRIED else hints.PORT_SHUT,
                subject=f"{container.name} port {port} from {name}",
            )
        for port in undeclared(fleet, container.openings):
            tried = place.tried(None, address, port)
            listens = host.answers.tried(container.name, address, port)["outcome"] == "open"
            inside = f"{'listening' if listens else 'nothing listens'} inside, {_came(host, address, port)}"
            yield _closed(host, "port.undeclared", name, (address, port), tried, inside, container.name)


def _host_ports(fleet: Fleet, host: Host) -> Iterator[Check]:
    """A host that is not closed refuses at once where nothing listens: that too is an answer."""
    address = address_text(host.address)
    for name, place in fleet.vantage.items() if host.openings is not None else ():
        for port in undeclared(fleet, host.openings or ()):
            tried = place.tried(None, address, port)
            yield _closed(host, "port.host", name, (address, port), tried, _came(host, address, port), "")


def _closed(
    host: Host, kind: str, vantage: str, target: tuple[str, int], tried: Tried, inside: str, container: str
) -> Check:
    """That a port gives no answer; ``inside`` is what is known of it on the host."""
    (address, port), outcome = target, tried["outcome"]
    answer = "gives no answer" if outcome == "timeout" else f"is {outcome}"
    hint = hints.PORT_OPEN if container else hints.HOST_OPEN
    return check(
        host,
        kind,
        "timeout",
        outcome,
        f"from {vantage}: [{address}]:{port} {answer}; {inside}",
        hints.NOT_TRIED if outcome == UNTRIED else hint,
        subject=f"{container} port {port} from {vantage}".strip(),
    )


def _came(host: Host, address: str, port: int) -> str:
    """How far the attempts came."""
    came = host.answers.came(address, port)
    return f"attempts came to {host.interface}" if came else "attempts were stopped before the host"
