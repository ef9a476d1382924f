# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throughput and round trips from one namespace of the lab to another, by iperf3 and ``roundtrip``.

The programs are this machine's. They run in the network namespaces of hosts and containers, whose images need hold
nothing.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.guard import KEEPER_UNIT
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.ports import TABLE, TABLE_FILE

from . import roundtrip
from .lab import Machine, as_root
from .place import ROOT, VENV
from .process import RunError, clean_environment, run

# In every namespace that is measured to: iperf3's (TCP and UDP), and the round trips'.
IPERF, ECHO = 5201, 5202
LINK = "ens5"
# What EC2 lets one flow have between instances that share no cluster placement group, without ENA Express: EC2 User
# Guide, "Amazon EC2 instance network bandwidth", single-flow traffic.
FLOW = 5_000_000_000
SMALL = 64  # bytes of a small packet's payload
TO_START = 10.0


@dataclass(frozen=True)
class Route:
    """From one network namespace to another, and the address and ports by which the other is reached."""

    name: str
    source: str
    target: str
    address: str
    iperf: int = IPERF
    echo: int = ECHO
    guarded: bool = True


@dataclass(frozen=True)
class Sample:
    """One measurement: bits a second of one TCP stream as fast as the processors are (``bits``), and on links of FLOW
    (``limited``), small packets a second that arrived, the median round trip in microseconds, and
    the address that the other side saw."""

    bits: float
    limited: float
    packets: float
    micros: float
    seen: str


def namespace(machine: Machine, container: str | None = None) -> str:
    """The path of a host's network namespace, or of one of its containers'."""
    if container is None:
        return f"/proc/{machine.pid}/ns/net"
    pid = on(machine, "docker", "inspect", "--format", "{{.State.Pid}}", container).strip()
    return f"/proc/{machine.pid}/root/proc/{pid}/ns/net"


def on(machine: Machine, *command: str) -> str:
    """Run a command on a host; what it printed.

    :raises RunError: its exit status isn't 0.
    """
    return run(as_root("nsenter", f"--target={machine.pid}", "--all", "--", *command), ROOT, clean_environment())


def addresses(where: str) -> list[str]:
    """The addresses that a network namespace has for the world."""
    said = run(inside(where, "ip", "-json", "address", "show", "scope", "global"), ROOT, clean_environment())
    # What is of another scope is left as an empty dictionary, links and addresses alike.
    return [each["local"] for link in json.loads(said) for each in link.get("addr_info", []) if each]


def inside(path: str, *command: str) -> list[str]:
    """The command that runs here, in a network namespace, before whatever else this machine does."""
    return as_root("nsenter", f"--net={path}", "--", "nice", "--adjustment=-20", *command)


@contextlib.contextmanager
def servers(namespaces: Sequence[str]) -> Iterator[None]:
    """Both servers in each of the namespaces, as long as it lasts."""
    started: list[subprocess.Popen[bytes]] = []
    serve = [str(VENV / "bin" / "python"), roundtrip.__file__, "serve", str(ECHO)]
    try:
        for each in dict.fromkeys(namespaces):
            for port, command in ((IPERF, ["iperf3", "--server", "--port", str(IPERF)]), (ECHO, serve)):
                quiet = subprocess.DEVNULL
                started.append(subprocess.Popen(inside(each, *command), stdin=quiet, stdout=quiet, stderr=quiet))
                _wait_for(each, port)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _wait_for(where: str, port: int) -> None:
    end = time.monotonic() + TO_START
    while not run(inside(where, "ss", "-Hltn", f"sport = :{port}"), ROOT, clean_environment()).strip():
        if time.monotonic() > end:
            raise RunError(f"nobody listens on port {port} in {where} after {TO_START:.0f} s")
        time.sleep(0.1)


def take(route: Route, seconds: float, hosts: Sequence[Machine]) -> Sample:
    """One measurement of a route, ``seconds`` for each stream, half of them for packets, and for round trips."""
    stream = _iperf(route, seconds)
    with limited(hosts):
        slower = _iperf(route, seconds)
    small = _iperf(route, seconds / 2, "--udp", "--bitrate", "0", "--length", str(SMALL))
    command = [str(VENV / "bin" / "python"), roundtrip.__file__, "ask", route.address, str(route.echo)]
    asked = json.loads(run(inside(route.source, *command, str(seconds / 2)), ROOT, clean_environment()))
    return Sample(bits_of(stream), bits_of(slower), packets_of(small), median(asked["micros"]), asked["seen"])


def _iperf(route: Route, seconds: float, *arguments: str) -> dict[str, Any]:
    where = ["--client", route.address, "--port", str(route.iperf), "--connect-timeout", str(round(TO_START * 1000))]
    command = ["iperf3", "--json", "--time", str(max(1, round(seconds))), *where, *arguments]
    said: dict[str, Any] = {}
    for _ in range(3):
        try:
            said = json.loads(run(inside(route.source, *command), ROOT, clean_environment()))
            return said
        except RunError as error:
            # The server has one client at a time, and clears the last one away a moment after its end.
            if "busy" not in str(error):
                raise
            time.sleep(1)
    raise RunError(f"{route.name}: iperf3's server stays busy")


def bits_of(said: dict[str, Any]) -> float:
    """Bits a second that arrived of a TCP stream, as iperf3's JSON tells."""
    return float(said["end"]["sum_received"]["bits_per_second"])


def packets_of(said: dict[str, Any]) -> float:
    """Packets a second that arrived, as iperf3's JSON tells of UDP."""
    whole = said["end"]["sum"]
    return float((whole["packets"] - whole["lost_packets"]) / whole["seconds"])


@contextlib.contextmanager
def limited(machines: Sequence[Machine]) -> Iterator[None]:
    """Hosts whose network cards send FLOW bits a second."""
    rate = ["rate", str(FLOW), "burst", "1mb", "latency", "10ms"]
    with contextlib.ExitStack() as undo:
        for machine in machines:
            on(machine, "tc", "qdisc", "replace", "dev", LINK, "root", "tbf", *rate)
            undo.callback(on, machine, "tc", "qdisc", "delete", "dev", LINK, "root")
        yield


@contextlib.contextmanager
def unguarded(machines: Sequence[Machine]) -> Iterator[None]:
    """Hosts without the guard's table. Its keeper would put it back at once, so it stops meanwhile."""
    with contextlib.ExitStack() as undo:
        for machine in machines:
            on(machine, "systemctl", "stop", KEEPER_UNIT)
            undo.callback(on, machine, "systemctl", "start", KEEPER_UNIT)
            on(machine, "nft", "delete", "table", "ip6", TABLE)
            undo.callback(on, machine, "nft", "-f", TABLE_FILE)
        yield
