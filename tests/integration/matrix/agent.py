# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host, as root: answers, asks and watches, inside the host's containers and on the host itself.

It is sent over ssh, knows nothing of the collection, and leaves nothing behind. Commands and answers are JSON, one a
line; see ``Agent``. A *place* is a container by its name, or "host". What is sent carries a token, so that it is known
again wherever it comes, whatever became of its addresses on the way.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

HOST = "host"
PING, PONG = 128, 129
ICMPV6, TCP, UDP = 58, 6, 17
CLONE_NEWNET = 0x40000000
ETH_P_IPV6 = 0x86DD
PACKET_HOST = 0
#: Interfaces behind which the containers are, and the host's own; all others lead outwards.
INNER = ("lo", "docker", "br-", "veth")
#: What is not answered is sent again, but for TCP, which does so by itself.
AGAIN_SECONDS = 0.5


def inside(process: int | None, work: Callable[[], Any]) -> Any:
    """Do some work in the network namespace of a process; sockets made there stay there. None: where we are."""
    found: list[Any] = []

    def enter() -> None:
        try:
            if process is not None:
                with open(f"/proc/{process}/ns/net", "rb") as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), f"can't enter the network of process {process}")
            found.append(work())
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def process_of(container: str) -> int:
    """The container's first process. Raises OSError when it does not run."""
    command = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or done.stdout.strip() == "0":
        raise OSError(f"container {container} does not run {done.stderr.strip()}")
    return int(done.stdout)


def own_address(toward: str) -> str:
    """From which address one sends there, as the routes have it. Raises OSError without any."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.connect((toward, 9))
        return one.getsockname()[0]


def text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6, address)


def destination(ancillary: list[tuple[int, int, bytes]]) -> str:
    """Where a packet was addressed to, when it came to the socket."""
    return next(text(data[:16]) for level, kind, data in ancillary if (level, kind) == (41, socket.IPV6_PKTINFO))


class Agent:
    """``open``: listen at ports in every place. ``ask``: send, and say what was answered. ``tell``: what was seen."""

    def __init__(self) -> None:
        self.events = selectors.DefaultSelector()
        self.processes: dict[str, int | None] = {}
        self.pingers: dict[str, socket.socket] = {}
        self.ports: set[int] = set()
        #: What came to a place: token, protocol, port, from where, to where.
        self.came: list[dict[str, Any]] = []
        #: What came to the host from outside, before anything on it could have changed it.
        self.wire: list[dict[str, Any]] = []
        #: What was asked and is not answered yet, and all outcomes, by token.
        self.asked: dict[str, Callable[[], None]] = {}
        self.outcomes: dict[str, str] = {}
        self.until = self.again = 0.0

    def run(self) -> None:
        self.watch(sys.stdin, self.command)
        while True:
            wait = min(self.until, self.again) - time.monotonic() if self.asked else None
            for key, _mask in self.events.select(wait):
                key.data()
            self.go_on()

    def watch(self, one: Any, work: Callable[[], None], mask: int = selectors.EVENT_READ) -> None:
        self.events.register(one, mask, work)

    def command(self) -> None:
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        asked = json.loads(line)
        try:
            answer = getattr(self, asked.pop("do"))(**asked)
        except OSError as error:
            answer = {"error": str(error)}
        if answer is not None:
            print(json.dumps(answer), flush=True)

    # What is answered

    def open(self, containers: list[str], ports: list[int], toward: str) -> dict[str, Any]:
        """The address of each place; and when the host's first process began, which tells one boot from another."""
        self.ports = set(ports)
        self.sniff()
        found = {}
        for place, process in {HOST: None, **{name: process_of(name) for name in containers}}.items():
            self.processes[place] = process
            found[place] = inside(process, lambda: own_address(toward))
            inside(process, lambda place=place: self.listen(place, ports))
        with open("/proc/1/stat", encoding="ascii") as stream:
            return {"addresses": found, "boot": stream.read().rpartition(")")[2].split()[19]}

    def listen(self, place: str, ports: list[int]) -> None:
        for port in ports:
            server = socket.create_server(("::", port), family=socket.AF_INET6, backlog=256)
            self.watch(server, lambda server=server, port=port: self.accept(server, place, port))
            mailbox = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            mailbox.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            mailbox.bind(("::", port))
            self.watch(mailbox, lambda mailbox=mailbox, port=port: self.receive(mailbox, place, port))
        pinger = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        pinger.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        self.pingers[place] = pinger
        self.watch(pinger, lambda: self.pinged(pinger, place))

    def note(self, token: bytes, place: str, protocol: str, port: int, source: str, target: str) -> None:
        where = {"place": place, "protocol": protocol, "port": port, "source": source, "target": target}
        self.came.append({"token": token.decode(errors="replace"), **where})

    def accept(self, server: socket.socket, place: str, port: int) -> None:
        connection, peer = server.accept()
        connection.setblocking(False)

        def read() -> None:
            self.events.unregister(connection)
            with connection:
                try:
                    token = connection.recv(100)
                    self.note(token, place, "tcp", port, peer[0], connection.getsockname()[0])
                    connection.send(token)
                except OSError:
                    pass

        self.watch(connection, read)

    def receive(self, mailbox: socket.socket, place: str, port: int) -> None:
        token, ancillary, _flags, peer = mailbox.recvmsg(100, 100)
        self.note(token, place, "udp", port, peer[0], destination(ancillary))
        mailbox.sendto(token, peer)

    def pinged(self, pinger: socket.socket, place: str) -> None:
        data, ancillary, _flags, peer = pinger.recvmsg(200, 100)
        if data[0] == PING:
            self.note(data[8:], place, "ping", 0, peer[0], destination(ancillary))
        elif data[0] == PONG:
            self.settle(data[8:].decode(errors="replace"), "answered")

    # What is asked

    def ask(self, flows: list[dict[str, Any]], seconds: float) -> None:
        """Begin every flow (token, place, protocol, target, port); the answer comes when all have, or time is up."""
        self.outcomes = {flow["token"]: "no answer" for flow in flows}
        begin = {"tcp": self.connect, "udp": self.post, "ping": self.ping}
        now = time.monotonic()
        self.until, self.again = now + seconds, now + AGAIN_SECONDS
        for place in {flow["place"] for flow in flows}:
            mine = [flow for flow in flows if flow["place"] == place]
            sockets = inside(self.processes[place], lambda mine=mine: [self.made(flow) for flow in mine])
            for flow, one in zip(mine, sockets, strict=True):
                self.asked[flow["token"]] = lambda: None
                begin[flow["protocol"]](flow, one)

    def made(self, flow: dict[str, Any]) -> socket.socket | None:
        if flow["protocol"] == "ping":
            return None
        kind = socket.SOCK_STREAM if flow["protocol"] == "tcp" else socket.SOCK_DGRAM
        one = socket.socket(socket.AF_INET6, kind)
        one.setblocking(False)
        return one

    def settle(self, token: str, outcome: str) -> None:
        """The last outcome of a flow that was asked for."""
        if self.asked.pop(token, None):
            self.outcomes[token] = outcome

    def connect(self, flow: dict[str, Any], one: socket.socket) -> None:
        token = flow["token"]
        error = one.connect_ex((flow["target"], flow["port"]))
        if error not in (0, errno.EINPROGRESS):
            self.settle(token, os.strerror(error))
            return

        def connected() -> None:
            error = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.events.unregister(one)
            if error:
                self.settle(token, os.strerror(error))
                return
            self.outcomes[token] = "connected"
            one.send(token.encode())
            self.watch(one, lambda: self.answered(one, token))

        self.watch(one, connected, selectors.EVENT_WRITE)

    def answered(self, one: socket.socket, token: str) -> None:
        self.events.unregister(one)
        try:
            said = one.recv(100).decode(errors="replace")
        except OSError as error:
            said = str(error)
        self.settle(token, "answered" if said == token else f"answered {said}")

    def post(self, flow: dict[str, Any], one: socket.socket) -> None:
        token = flow["token"]

        def send() -> None:
            try:
                one.connect((flow["target"], flow["port"]))
                one.send(token.encode())
            except OSError as error:
                self.outcomes[token] = str(error)

        self.asked[token] = send
        self.watch(one, lambda: self.answered(one, token))
        send()

    def ping(self, flow: dict[str, Any], _one: None) -> None:
        data = struct.pack(">BBHHH", PING, 0, 0, os.getpid() & 0xFFFF, 1) + flow["token"].encode()
        self.asked[flow["token"]] = lambda: self.send_ping(flow, data)
        self.send_ping(flow, data)

    def send_ping(self, flow: dict[str, Any], data: bytes) -> None:
        try:
            self.pingers[flow["place"]].sendto(data, (flow["target"], 0))
        except OSError as error:
            self.outcomes[flow["token"]] = str(error)

    def go_on(self) -> None:
        """Send again what was not answered, or give the answers when there is nothing to wait for."""
        now = time.monotonic()
        if self.outcomes and (not self.asked or now >= self.until):
            self.asked = {}
            print(json.dumps(self.outcomes), flush=True)
            self.outcomes = {}
        elif self.asked and now >= self.again:
            self.again = now + AGAIN_SECONDS
            for send in list(self.asked.values()):
                send()

    # What is seen

    def sniff(self) -> None:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IPV6))
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        tap.setblocking(False)
        self.watch(tap, lambda: self.tapped(tap))

    def tapped(self, tap: socket.socket) -> None:
        packet, (interface, _protocol, kind, *_link) = tap.recvfrom(200)
        if kind != PACKET_HOST or interface.startswith(INNER):
            return
        source, target, transport, inner = text(packet[8:24]), text(packet[24:40]), packet[6], packet[40:]
        seen = {"source": source, "target": target}
        if transport == ICMPV6 and inner[0] == PING:
            self.wire.append({"protocol": "ping", "port": 0, "token": inner[8:].decode(errors="replace"), **seen})
        elif transport == UDP and (port := int.from_bytes(inner[2:4], "big")) in self.ports:
            self.wire.append({"protocol": "udp", "port": port, "token": inner[8:].decode(errors="replace"), **seen})
        elif transport == TCP and (port := int.from_bytes(inner[2:4], "big")) in self.ports and inner[13] & 0x12 == 2:
            self.wire.append({"protocol": "tcp", "port": port, "token": None, **seen})

    def tell(self) -> dict[str, Any]:
        return {"came": self.came, "wire": self.wire}


if __name__ == "__main__":
    Agent().run()
