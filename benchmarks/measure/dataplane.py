# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers' traffic across hosts costs: ours and Docker's NAT, as shares of host to host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .lab import Machine
from .report import Bar, at_least
from .routes import ECHO, IPERF, Route, Sample, namespace, on

SHARE = 0.95  # of host to host's throughput
RELEASES = {"bookworm": "debian-12-lab", "trixie": "debian-13-lab", "forky": "debian-14-lab"}
IMAGE = "registry.lab.test/demo/web:1"
HOST, OURS, OPEN = "host to host", "ours", "ours, without the guard"
NAT4, NAT6 = "Docker's default, IPv4 and NAT", "Docker's IPv6 network with NAT"
# Since engine 27 an IPv6 network is translated without further ado.
NAT6_SINCE = 27
NAT6_SUBNET = "fd00:6e61:74::/64"
# Where a host listens for its translated container: beside what it and the containers listen on themselves.
PUBLISHED = {NAT4: 100, NAT6: 200}


def fleet(releases: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Two hosts of each release, with a container each that declares the ports that are measured."""
    ports = [f"{IPERF}/tcp", f"{IPERF}/udp", f"{ECHO}/tcp"]
    return {
        f"{release}-{number}": {
            "image": RELEASES[release],
            "instance_type": "t3.medium",
            "docker_host_ports": ["22/tcp", *ports],
            "containers": [{"name": f"ours-{release}-{number}", "image": IMAGE, "ports": ports}],
        }
        for release in releases
        for number in (1, 2)
    }


def open_groups() -> dict[str, Any]:
    """The variables by which the fleet's security group lets in what hosts publish."""
    ports = [extra + port for extra in PUBLISHED.values() for port in (IPERF, ECHO)]
    return {
        "vpc_extra_rules": [
            {"proto": proto, "ports": ports, "cidr_ip": "10.0.0.0/8", "cidr_ipv6": "::/0"} for proto in ("tcp", "udp")
        ]
    }


def translated(machine: Machine) -> list[str]:
    """Run what Docker would have users have on a host, once, and say which there are: a container on ``docker0`` with
    published ports, and one on an IPv6 network that the engine translates, if it does."""
    there = set(on(machine, "docker", "ps", "--format", "{{.Names}}").split())
    kinds = [(NAT4, "nat4", "0.0.0.0", "bridge")]
    if engine_of(machine)[0] >= NAT6_SINCE:
        kinds.append((NAT6, "nat6", "[::]", "nat6"))
    for kind, name, address, network in kinds:
        if name in there:
            continue
        if network == "nat6":
            on(machine, "docker", "network", "create", "--ipv6", "--subnet", NAT6_SUBNET, network)
        extra = PUBLISHED[kind]
        publish = [(IPERF, "tcp"), (IPERF, "udp"), (ECHO, "tcp")]
        ports = [word for port, proto in publish for word in ("-p", f"{address}:{port + extra}:{port}/{proto}")]
        on(machine, "docker", "run", "--detach", "--name", name, "--network", network, *ports, IMAGE)
    return [kind for kind, *_ in kinds]


def engine_of(machine: Machine) -> tuple[int, str]:
    """The engine's major version, and all of it."""
    version = on(machine, "docker", "version", "--format", "{{.Server.Version}}").strip()
    return int(version.partition(".")[0]), version


def routes_of(one: Machine, other: Machine) -> list[Route]:
    """Every way from the one host, or a container of it, to the other."""
    mine, theirs = (namespace(machine, f"ours-{machine.name}") for machine in (one, other))
    address = container_address(other)
    found = [
        Route(HOST, namespace(one), namespace(other), str(other.address)),
        Route(OURS, mine, theirs, address),
        Route(OPEN, mine, theirs, address, guarded=False),
    ]
    by_kind = {NAT4: ("nat4", ipv4_of(other)), NAT6: ("nat6", str(other.address))}
    for kind in translated(one):
        name, at = by_kind[kind]
        ports = (IPERF + PUBLISHED[kind], ECHO + PUBLISHED[kind])
        found.append(Route(kind, namespace(one, name), namespace(other, name), at, *ports))
    return found


def container_address(machine: Machine) -> str:
    """The address of our container on a host."""
    form = '{{with index .NetworkSettings.Networks "pub6"}}{{.GlobalIPv6Address}}{{end}}'
    return on(machine, "docker", "inspect", "--format", form, f"ours-{machine.name}").strip()


def ipv4_of(machine: Machine) -> str:
    """The host's private address."""
    said = on(machine, "ip", "-4", "-o", "address", "show", "dev", "ens5", "scope", "global").split()
    return said[said.index("inet") + 1].partition("/")[0]


@dataclass(frozen=True)
class Spread:
    """A median with the least and the most that it is of."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(median(values), min(values), max(values))


def shares(samples: Mapping[str, Sequence[Sample]], name: str, what: str) -> Spread:
    """A route's ``limited``, ``bits``, ``packets`` or ``micros`` as a share of host to host's, round by round: what is
    compared was measured close together."""
    pairs = zip(samples[name], samples[HOST], strict=True)
    return spread([getattr(one, what) / getattr(host, what) for one, host in pairs])


@dataclass(frozen=True)
class Measured:
    """Both hosts of one release: the samples of each route, a round after the other, and the sources' own addresses."""

    release: str
    engine: str
    samples: dict[str, list[Sample]]
    sources: dict[str, list[str]]

    def keeps_source(self, name: str) -> bool:
        """Whether the other side saw the sender's own address, every time."""
        return all(sample.seen in self.sources[name] for sample in self.samples[name])


def bars_of(measured: Iterable[Measured]) -> list[Bar]:
    """What was promised: SHARE of host to host's throughput where a network card limits both, and no translation."""
    bars = []
    for each in measured:
        share = shares(each.samples, OURS, "limited").median
        bars.append(
            at_least(
                f"{each.release}, Docker {each.engine}: ours of host to host's throughput at 5 Gbit/s", share, SHARE
            )
        )
        kept = each.keeps_source(OURS)
        what = f"{each.release}, Docker {each.engine}: the other side sees the container's own address"
        bars.append(Bar(what, "always" if kept else "not always", "always", kept))
    return bars
