# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second opinion on who reaches whom, which shares nothing with the collection: sockets in every place, all at once.

Whoever receives says from where and to where a packet came. What ought to be open is written here once more, by hand,
and not read from the inventory.
"""

from __future__ import annotations

import base64
import json
import pathlib
import select
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

AGENT = base64.b64encode((pathlib.Path(__file__).parent / "agent.py").read_bytes()).decode()
LAB = str(pathlib.Path(sys.executable).with_name("lab"))
CONTAINERS = ("first", "second")
PORTS = (7001, 7002, 7003)
INTERNET, HOST = "internet", "host"
#: Which ports of the two containers are open: to anybody, or to the hosts and containers of the VPC alone. Where
#: Docker deals addresses, theirs may change places: so no port means the same on both.
ANYBODY, NEIGHBOURS = {("first", 7001), ("second", 7003)}, {("first", 7002), ("second", 7001)}
#: The listener of a host, which nobody declares.
HOST_PORT = 7001
PATIENCE_SECONDS = 2.0
ANSWER_SECONDS = 60.0
END_SECONDS = 5.0
#: Anywhere outside: a place's address is the one that it sends from.
OUTSIDE = "2001:db8:53::1"


class NotThere(Exception):
    """A host or a container is not there, or not yet."""


@dataclass(frozen=True)
class Place:
    """Where packets begin and end: a container, a host itself, or the host outside."""

    host: str
    name: str

    def __str__(self) -> str:
        return self.host if self.name == HOST else f"{self.host}/{self.name}"


@dataclass(frozen=True)
class Flow:
    """Somebody sends to somebody; ``port`` is 0 for a ping."""

    source: Place
    target: Place
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.source} to {self.target} {self.protocol} {self.port or ''}".rstrip()

    @property
    def across(self) -> bool:
        return self.source.host != self.target.host

    @property
    def open(self) -> bool:
        """Whether it ought to be."""
        if self.protocol == "ping" or self.target.host == INTERNET:
            return True
        if self.target.name == HOST:
            return False
        where = (self.target.name, self.port)
        return not self.across or where in ANYBODY or (where in NEIGHBOURS and self.source.host != INTERNET)


def flows(hosts: Iterable[str]) -> Iterator[Flow]:
    """Containers to one another, to themselves, to hosts and to the Internet; the Internet to containers and hosts."""
    hosts = list(hosts)
    outside = Place(INTERNET, HOST)
    containers = [Place(host, name) for host in hosts for name in CONTAINERS]
    for source in (*containers, outside):
        for target in containers:
            if target != source:
                yield Flow(source, target, "ping", 0)
            for port in PORTS:
                yield Flow(source, target, "tcp", port)
                yield Flow(source, target, "udp", port)
        for host in hosts:
            yield Flow(source, Place(host, HOST), "ping", 0)
            yield Flow(source, Place(host, HOST), "tcp", HOST_PORT)
            yield Flow(source, Place(host, HOST), "udp", HOST_PORT)
    for source in containers:
        yield Flow(source, outside, "ping", 0)
        yield Flow(source, outside, "tcp", HOST_PORT)
        yield Flow(source, outside, "udp", HOST_PORT)


@dataclass
class Seen:
    """What is not as it ought to be, with the evidence; and how many flows were open and closed, by the target's host.

    ``translated``: addresses were rewritten. ``opened``: ought to be closed. ``shut``: ought to be open. ``blind``: was
    closed though it did not come as far as the host, so that nothing is known of the host. ``stray``: what came to
    hosts and was not sent so by anybody.
    """

    translated: dict[Flow, str] = field(default_factory=dict)
    opened: dict[Flow, str] = field(default_factory=dict)
    shut: dict[Flow, str] = field(default_factory=dict)
    blind: dict[Flow, str] = field(default_factory=dict)
    stray: list[str] = field(default_factory=list)
    open: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        said = []
        for title in ("translated", "opened", "shut", "blind"):
            found = [f"{flow}: {evidence}" for flow, evidence in getattr(self, title).items()]
            said += [f"{title}: {len(found)}", *(f"  {line}" for line in found[:12])] if found else []
        said += [f"stray: {', '.join(self.stray)}"] if self.stray else []
        return "\n".join([*said, f"as it ought to be: {self.open.total()} open, {self.closed.total()} closed"])


class Agent:
    """The other end, on a host."""

    def __init__(self, host: str) -> None:
        self._host = host
        program = f"exec(__import__('base64').b64decode('{AGENT}'))"
        sudo = [] if host == INTERNET else ["sudo"]
        self._process = subprocess.Popen(
            [LAB, "ssh", host, "--", *sudo, "python3", "-uc", f'"{program}"'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
            line = self._process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self._process.kill()
            raise NotThere(f"{self._host}: {self._process.communicate()[1].strip()[-400:] or 'no answer'}")
        answer = json.loads(line)
        if isinstance(answer.get("error"), str):
            raise NotThere(f"{self._host}: {answer['error']}")
        return answer

    def close(self) -> None:
        """It ends when nothing more can be asked; a host that is gone does not hear of it."""
        try:
            self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Judge:
    """Listens everywhere on entering; ``look`` may be asked any number of times."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = list(hosts)
        self._agents: dict[str, Agent] = {}
        self.addresses: dict[Place, str] = {}
        self.boots: dict[str, str] = {}

    def _each(self, work: Callable[[str], Any]) -> dict[str, Any]:
        """The same for every host and the one outside, side by side."""
        with ThreadPoolExecutor(len(self._agents) or 1) as pool:
            return dict(zip(self._agents, pool.map(work, self._agents), strict=True))

    def __enter__(self) -> Judge:
        try:
            self._agents = {host: Agent(host) for host in self._hosts}
            opened = self._each(
                lambda host: self._agents[host]("open", containers=CONTAINERS, ports=PORTS, toward=OUTSIDE)
            )
            inside = next(iter(opened.values()))["addresses"][HOST]
            self._agents[INTERNET] = Agent(INTERNET)
            opened[INTERNET] = self._agents[INTERNET]("open", containers=[], ports=PORTS, toward=inside)
        except BaseException:
            self.__exit__()
            raise
        for host, said in opened.items():
            self.boots[host] = said["boot"]
            for name, address in said["addresses"].items():
                self.addresses[Place(host, name)] = address
        return self

    def __exit__(self, *_error: object) -> None:
        self._each(lambda host: self._agents[host].close())

    def look(self) -> Seen:
        """Try everything once, and judge it. Raises NotThere."""
        run = uuid.uuid4().hex[:8]
        asked = {f"{run}.{at}": flow for at, flow in enumerate(flows(self._hosts))}

        def ask(host: str) -> dict[str, str]:
            mine = [
                {
                    "token": token,
                    "place": flow.source.name,
                    "protocol": flow.protocol,
                    "target": self.addresses[flow.target],
                    "port": flow.port,
                }
                for token, flow in asked.items()
                if flow.source.host == host
            ]
            return self._agents[host]("ask", flows=mine, seconds=PATIENCE_SECONDS)

        outcomes = {token: said for host in self._each(ask).values() for token, said in host.items()}
        told = self._each(lambda host: self._agents[host]("tell"))
        return self._judged(asked, outcomes, told)

    def _judged(self, asked: dict[str, Flow], outcomes: dict[str, str], told: dict[str, Any]) -> Seen:
        seen = Seen()
        came: dict[str, set[str]] = {}
        for host, said in told.items():
            for one in said["came"]:
                came.setdefault(one["token"], set()).add(f"{_words(one)} in {Place(host, one['place'])}")
        wires = {host: _wires(said["wire"]) for host, said in told.items()}
        for token, flow in asked.items():
            outcome, sent = outcomes.get(token, "not asked"), self._sent(flow)
            arrived = came.get(token, set())
            wire = wires[flow.target.host] if flow.across else {}
            rewritten = arrived - {f"{sent} in {flow.target}"} | wire.get(token, set()) - {sent}
            if rewritten:
                seen.translated[flow] = f"sent as {sent}, came as {', '.join(sorted(rewritten))}"
            if flow.open:
                if outcome == "answered" and arrived:
                    seen.open[flow.target.host] += 1
                else:
                    seen.shut[flow] = outcome + (", but it came" if arrived else "")
            elif arrived or outcome.startswith(("connected", "answered")):
                seen.opened[flow] = outcome + (", and it came" if arrived else "")
            elif flow.across and sent not in wire["all"]:
                seen.blind[flow] = f"{outcome}, and it did not come as far as the host"
            else:
                seen.closed[flow.target.host] += 1
        # A handshake bears no token.
        everything = {self._sent(flow) for flow in asked.values()}
        seen.stray = [f"{one} on {host}" for host, wire in wires.items() for one in sorted(wire["tcp"] - everything)]
        return seen

    def _sent(self, flow: Flow) -> str:
        addresses = {"source": self.addresses[flow.source], "target": self.addresses[flow.target]}
        return _words({"protocol": flow.protocol, "port": flow.port, **addresses})


def _words(one: dict[str, Any]) -> str:
    return f"{one['source']} > {one['target']} {one['protocol']} {one['port'] or ''}".rstrip()


def _wires(captured: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What came to a host from outside: all of it, that of TCP, and by token where there is one."""
    found: dict[str, set[str]] = {"all": set(), "tcp": set()}
    for one in captured:
        found["all"].add(_words(one))
        found.setdefault(one["token"] or "tcp", set()).add(_words(one))
    return found
