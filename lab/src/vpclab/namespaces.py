# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces: made by name, entered by single threads, so the daemon itself stays in the machine's own.

The root namespace must never get an address, a route or an interface of a VPC: links are made inside namespaces.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

from vpclab.errors import LabError
from vpclab.owner import NAMESPACES
from vpclab.run import run

CLONE_NEWNET = 0x40000000
T = TypeVar("T")

_libc = ctypes.CDLL(None, use_errno=True)


def create(name: str) -> None:
    """Make a namespace with its loopback up; one of that name which is left over is replaced."""
    delete(name)
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")


def delete(name: str) -> None:
    """Take away a namespace's name; it goes when its last process and socket do. None of that name is no error."""
    if (NAMESPACES / name).exists():
        run("ip", "netns", "delete", name)


def inode(name: str) -> int | None:
    """The identity by which processes show which namespace they are in; None when there is no such namespace."""
    try:
        return os.stat(NAMESPACES / name).st_ino
    except FileNotFoundError:
        return None


def inside(name: str, action: Callable[[], T]) -> T:
    """Run ``action`` on a thread of its own that has entered the namespace, and return what it returns.

    Sockets belong to the namespace they were made in, whatever thread uses them later.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def enter() -> None:
        try:
            handle = os.open(NAMESPACES / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _libc.setns(handle, CLONE_NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
            finally:
                os.close(handle)
            outcome.append(action())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=enter, name=f"inside {name}")
    thread.start()
    thread.join()
    if failure:
        if isinstance(failure[0], OSError):
            raise LabError(f"namespace {name}: {failure[0]}") from failure[0]
        raise failure[0]
    return outcome[0]


def listen(name: str, address: str, port: int) -> socket.socket:
    """A TCP socket that listens at an address inside a namespace."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def make() -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(128)
        return made

    return inside(name, make)


def datagrams(name: str, address: str, port: int) -> socket.socket:
    """A UDP socket bound to an address inside a namespace."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def make() -> socket.socket:
        made = socket.socket(family, socket.SOCK_DGRAM)
        made.bind((address, port))
        return made

    return inside(name, make)
