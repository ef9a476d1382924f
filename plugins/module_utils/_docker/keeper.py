# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the guard as it was loaded, whoever deletes, flushes or alters it. Runs on the host, as a service.

The kernel announces each change of nftables: when one names our table, or announcements were lost, the table is
compared with what it was right after it was loaded, and loaded again. A matter of milliseconds, without polling.

Docker announces each container that comes or goes. It gives addresses on docker0 in the order in which containers
start, so that they change places when Docker or the host restarts. A port that was opened for one container must not
stay open on what is then another's address: so closed until Docker answers, and then open exactly at the addresses of
the moment.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any

from .ports import (
    DECLARED_FILE,
    LOADED_FILE,
    LOCK_FILE,
    RULES_FILE,
    TABLE,
    TABLE_FILE,
    Rules,
    addresses_of,
    declared_text,
)

SOCKET = "/run/docker.sock"
#: Asking at Docker's socket while Docker stops, or is stopped, would have systemd start it.
DOCKER_PID_FILE = "/run/docker.pid"
STATE = ["systemctl", "show", "--property=ActiveState", "--value", "docker.service"]
EVENTS = {"type": ["container", "network"], "event": ["start", "die", "connect", "disconnect"]}
LOAD = ["/usr/sbin/nft", "--file", TABLE_FILE]
LIST = ["/usr/sbin/nft", "--stateless", "list", "table", "ip6", TABLE]
RETRY_SECONDS = 0.5
ANSWER_SECONDS = 20.0
#: Between two repairs: somebody who deletes the table for ever must not keep a processor busy.
PAUSE_SECONDS = 0.02
#: Even if no announcement came.
LOOK_SECONDS = 60.0
# linux/netlink.h, linux/netfilter/nfnetlink.h: the family of netfilter's messages, and the group of nftables' ones.
NETLINK_NETFILTER = 12
NFNLGRP_NFTABLES = 7


class Docker(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def __init__(self, seconds: float | None = ANSWER_SECONDS) -> None:
        super().__init__("localhost", timeout=seconds)

    def connect(self) -> None:
        """Connect to the socket file instead of a host and port. Raises OSError, also when Docker does not run."""
        if not runs():
            raise ConnectionRefusedError("Docker does not run")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)

    def ask(self, path: str, **filters: Any) -> http.client.HTTPResponse:
        """GET ``path``. Raises OSError or http.client.HTTPException."""
        self.request("GET", f"{path}?filters={urllib.parse.quote(json.dumps(filters))}")
        answer = self.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(f"GET {path}: HTTP {answer.status}")
        return answer


def runs() -> bool:
    """Whether dockerd runs, by its pid file, and is not on its way down."""
    try:
        with open(DOCKER_PID_FILE, encoding="ascii") as stream:
            there = os.path.exists(f"/proc/{int(stream.read())}")
    except (OSError, ValueError):
        return False
    return there and subprocess.run(STATE, stdout=subprocess.PIPE, text=True, check=False).stdout != "deactivating\n"


def read(path: str) -> str:
    """A file's text, "" without one."""
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as stream:
        return stream.read()
    return ""


def write(path: str, text: str) -> None:
    """Replace a file as a whole."""
    with open(path + "~", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(path + "~", path)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Nobody else changes the guard meanwhile. Not to be nested."""
    with open(LOCK_FILE, "w", encoding="ascii") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def listed() -> str | None:
    """The table as the kernel has it, without its counters; None without a table. Raises OSError without nft."""
    done = subprocess.run(LIST, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def in_force() -> bool:
    """Whether the kernel has the table exactly as it was loaded."""
    return listed() == read(LOADED_FILE)


def load() -> None:
    """Replace the table by its files' in one transaction. Raises subprocess.CalledProcessError."""
    subprocess.run(LOAD, check=True)
    write(LOADED_FILE, listed() or "")


def current_rules() -> Rules:
    """What is declared. Raises KeyError, ValueError for a file that nobody of ours wrote."""
    return Rules.read(json.loads(read(RULES_FILE) or '{"docker_closes": false, "declared": {}}'))


def ask_addresses() -> dict[tuple[str, str], IPv6Address]:
    """Which container has which address. Raises OSError, http.client.HTTPException."""
    return addresses_of(json.loads(Docker().ask("/containers/json").read()))


class Keeper:
    """The two things to follow, the kernel and Docker, and what to do at each announcement."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], IPv6Address] = {}
        #: Whether containers, with their addresses, outlive Docker (its own setting live-restore).
        self.outlive = False

    def keep(self) -> None:
        """Load the table unless it is in force."""
        with locked():
            if in_force():
                return
            load()
        say("the table was not what had been loaded, and has been loaded again")
        time.sleep(PAUSE_SECONDS)

    def settle(self) -> None:
        """Bring the declared ports to the addresses of the moment, and the table about."""
        with locked():
            rules = current_rules()
            if rules.unresolved():
                try:
                    self.known = ask_addresses()
                except (OSError, http.client.HTTPException):
                    self.known = self.known if self.outlive else {}
            text = declared_text(rules, self.known)
            if text != read(DECLARED_FILE):
                write(DECLARED_FILE, text)
                try:
                    load()
                except subprocess.SubprocessError:
                    # Without the file nothing is open after a boot, and the next try does not take this one for done.
                    os.unlink(DECLARED_FILE)
                    raise
        self.keep()

    def follow_docker(self) -> None:
        """Settle at each of Docker's events, for ever; and when it goes away."""
        while True:
            self.settle()
            while not runs():
                time.sleep(RETRY_SECONDS)
            try:
                events = Docker(None).ask("/events", **EVENTS)
                self.outlive = bool(json.loads(Docker().ask("/info").read()).get("LiveRestoreEnabled"))
                self.settle()
                while events.readline():
                    self.settle()
            except (OSError, http.client.HTTPException) as error:
                say(error)
                time.sleep(RETRY_SECONDS)

    def follow_kernel(self) -> None:
        """Keep the table at each announcement that names it, for ever."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
            kernel.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
            kernel.settimeout(LOOK_SECONDS)
            self.keep()
            while True:
                if concerns_us(kernel):
                    self.keep()


def say(what: object) -> None:
    """A line for the service's journal."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


def concerns_us(kernel: socket.socket) -> bool:
    """Whether the next announcement names our table, or may have: one was lost or cut short, or none came for long."""
    try:
        data, _ancillary, flags, _address = kernel.recvmsg(65536)
    except socket.timeout:  # noqa: UP041 - another class before Python 3.10
        return True
    except OSError as error:
        if error.errno == errno.ENOBUFS:
            return True
        raise
    return bool(flags & socket.MSG_TRUNC) or TABLE.encode() + b"\0" in data


def ending(work: Any) -> None:
    """Run ``work``; when it fails the whole program ends, and systemd starts it again."""
    try:
        work()
    except BaseException as error:
        say(f"{type(error).__name__}: {error}")
        os._exit(1)


def main() -> None:
    """``settle`` brings all about once; else keep it for ever."""
    keeper = Keeper()
    if sys.argv[1:] == ["settle"]:
        keeper.settle()
        return
    threading.Thread(target=ending, args=(keeper.follow_docker,), daemon=True).start()
    ending(keeper.follow_kernel)


if __name__ == "__main__":
    main()
