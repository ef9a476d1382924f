# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers' traffic across hosts costs: ours and Docker's NAT, as shares of host to host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from .lab import IMAGES, INSTANCE_TYPE, WEB, Machine
from .report import Bar, at_least
from .routes import ECHO, IPERF, LINK, Route, Sample, namespace, on

SHARE = 0.95  # of host to host's throughput
HOST, OURS, OPEN = "host to host", "ours", "ours, without the guard"


@dataclass(frozen=True)
class Translated:
    """A container that Docker translates, and where its host ``listen``s for it: ``beyond`` the container's ports, so
    beside what the host and other containers listen on themselves."""

    route: str
    container: str
    network: str
    listen: str
    beyond: int


NAT4 = Translated("Docker's default, IPv4 and NAT", "nat4", "bridge", "0.0.0.0", 100)
NAT6 = Translated("Docker's IPv6 network with NAT", "nat6", "nat6", "[::]", 200)
# Since engine 27 an IPv6 network is translated without further ado.
NAT6_SINCE = 27
NAT6_SUBNET = "fd00:6e61:74::/64"
# What the table has of samples: title, member, and the unit.
COLUMNS = (
    ("Gbit/s at 5", "limited", 1e9),
    ("Gbit/s unlimited", "bits", 1e9),
    ("1000 packets/s", "packets", 1e3),
    ("round trip, µs", "micros", 1.0),
)
HEADS = ("", *(head for title, *_ in COLUMNS for head in (title, "share")), "source seen")


def fleet(releases: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Two hosts of each release, with a container each that declares the ports that are measured."""
    ports = [f"{IPERF}/tcp", f"{IPERF}/udp", f"{ECHO}/tcp"]
    return {
        f"{release}-{number}": {
            "image": IMAGES[release],
            "instance_type": INSTANCE_TYPE,
            "docker_host_ports": ["22/tcp", *ports],
            "containers": [{"name": f"ours-{release}-{number}", "image": WEB, "ports": ports}],
        }
        for release in releases
        for number in (1, 2)
    }


def open_groups() -> dict[str, Any]:
    """The variables by which the fleet's security group lets in what hosts publish."""
    ports = [port + kind.beyond for kind in (NAT4, NAT6) for port in (IPERF, ECHO)]
    return {
        "vpc_extra_rules": [
            {"proto": proto, "ports": ports, "cidr_ip": "10.0.0.0/8", "cidr_ipv6": "::/0"} for proto in ("tcp", "udp")
        ]
    }


def translated(machine: Machine, kinds: Iterable[Translated]) -> None:
    """Run on a host what Docker would have users have: those containers that are not there yet."""
    there = set(on(machine, "docker", "ps", "--format", "{{.Names}}").split())
    for kind in kinds:
        if kind.container in there:
            continue
        if kind is NAT6:
            on(machine, "docker", "network", "create", "--ipv6", "--subnet", NAT6_SUBNET, kind.network)
        publish = [(IPERF, "tcp"), (IPERF, "udp"), (ECHO, "tcp")]
        at = kind.listen
        ports = [word for port, proto in publish for word in ("-p", f"{at}:{port + kind.beyond}:{port}/{proto}")]
        on(machine, "docker", "run", "--detach", "--name", kind.container, "--network", kind.network, *ports, WEB)


def engine_of(machine: Machine) -> tuple[str, list[Translated]]:
    """The engine's version, and what it translates."""
    version = on(machine, "docker", "version", "--format", "{{.Server.Version}}").strip()
    return version, [NAT4, NAT6] if int(version.partition(".")[0]) >= NAT6_SINCE else [NAT4]


def routes_of(one: Machine, other: Machine, kinds: Iterable[Translated]) -> list[Route]:
    """Every way from the one host, or a container of it, to the other."""
    mine, theirs = (namespace(machine, f"ours-{machine.name}") for machine in (one, other))
    address = container_address(other)
    found = [
        Route(HOST, namespace(one), namespace(other), str(other.address)),
        Route(OURS, mine, theirs, address),
        Route(OPEN, mine, theirs, address, guarded=False),
    ]
    for kind in kinds:
        at = ipv4_of(other) if kind is NAT4 else str(other.address)
        mine, theirs = (namespace(machine, kind.container) for machine in (one, other))
        # The guard closes what Docker translates over IPv6, as nobody declared it; of IPv4 it says nothing.
        found.append(Route(kind.route, mine, theirs, at, IPERF + kind.beyond, ECHO + kind.beyond, kind is NAT4))
    return found


def container_address(machine: Machine) -> str:
    """The address of our container on a host."""
    form = '{{with index .NetworkSettings.Networks "pub6"}}{{.GlobalIPv6Address}}{{end}}'
    return on(machine, "docker", "inspect", "--format", form, f"ours-{machine.name}").strip()


def ipv4_of(machine: Machine) -> str:
    """The host's private address."""
    said = on(machine, "ip", "-4", "-o", "address", "show", "dev", LINK, "scope", "global").split()
    return said[said.index("inet") + 1].partition("/")[0]


@dataclass(frozen=True)
class Spread:
    """A median with the least and the most that it is of."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


@dataclass(frozen=True)
class Measured:
    """Both hosts of one release: the samples of each route, a round after the other, and the sources' own addresses."""

    release: str
    engine: str
    samples: dict[str, list[Sample]]
    sources: dict[str, list[str]]

    def shares(self, name: str, what: str) -> Spread:
        """A route's ``limited``, ``bits``, ``packets`` or ``micros`` as a share of host to host's, round by round: what
        is compared was measured close together."""
        pairs = zip(self.samples[name], self.samples[HOST], strict=True)
        found = [getattr(one, what) / getattr(host, what) for one, host in pairs]
        return Spread(median(found), min(found), max(found))

    def keeps_source(self, name: str) -> bool:
        """Whether the other side saw the sender's own address, every time."""
        return all(sample.seen in self.sources[name] for sample in self.samples[name])

    def rows(self) -> list[list[str]]:
        """The table under HEADS: a route's medians, and their shares."""
        rows = []
        for name, samples in self.samples.items():
            row = [name]
            for _, what, unit in COLUMNS:
                middle = median(getattr(sample, what) for sample in samples)
                row += [f"{middle / unit:.1f}", str(self.shares(name, what))]
            rows.append([*row, "its own" if self.keeps_source(name) else "another"])
        return rows


def bars_of(measured: Iterable[Measured]) -> list[Bar]:
    """What was promised: SHARE of host to host's throughput where a network card limits both, and no translation."""
    bars = []
    for each in measured:
        where = f"{each.release}, Docker {each.engine}"
        share = each.shares(OURS, "limited").median
        bars.append(at_least(f"{where}: ours of host to host's throughput at 5 Gbit/s", share, SHARE))
        kept = each.keeps_source(OURS)
        what = f"{where}: the other side sees the container's own address"
        bars.append(Bar(what, "always" if kept else "not always", "always", kept))
    return bars
