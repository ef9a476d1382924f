# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A capture that runs beside the module that started it, until another module call fetches what it saw.

The socket is open before ``start`` returns, so nothing sent afterwards is missed. The two meet at a Unix socket in a
folder of root's: whoever connects gets the summary and ends the capture; nobody came: it ends by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

from .packets import Summary

FOLDER = "/run/ipv6.aws_containers"
ETH_P_IPV6 = 0x86DD
SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/if_packet.h
SNAP = 192  # octets kept of a packet: headers are all that is looked at
BUFFER = 8 << 20
SECONDS = 10.0
_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,40}$")


class CaptureError(Exception):
    """There is no such capture, or it could not be started."""


def _meeting_point(name: str, folder: str) -> str:
    if not _NAME.match(name):
        raise CaptureError(f"name: must be 1 to 40 letters, digits, '.', '_' or '-', got {name!r}")
    return os.path.join(folder, f"capture-{name}.sock")


def start(
    name: str,
    interface: str | None,
    networks: Sequence[tuple[int, int]],
    seconds: float,
    folder: str = FOLDER,
) -> None:
    """Begin to capture received IPv6 packets on ``interface`` (None: every interface) for at most ``seconds``.

    A capture of the same name that still runs is ended first. Raises ``CaptureError``.
    """
    path = _meeting_point(name, folder)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    _dismiss(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    inode = os.stat(path).st_ino
    try:
        packets = _packet_socket(interface)
    except OSError as error:
        os.unlink(path)
        raise CaptureError("interface {}: {}".format(interface or "(all)", error)) from error
    if os.fork() != 0:
        listener.close()
        packets.close()
        return
    _detach((packets.fileno(), listener.fileno()))
    # A process of its own now: whatever happens, it must never return into the module.
    try:
        caller, report = _run(packets, listener, Summary(networks), time.monotonic() + seconds)
        _remove(path, inode)  # before the answer: whoever has it may begin the next capture of this name
        _answer(caller, report)
    finally:
        _remove(path, inode)
        os._exit(0)


def collect(name: str, folder: str = FOLDER) -> dict[str, Any]:
    """End the capture → ``{"flows": […], "received": n, "dropped": n, "overflow": n}``. Raises ``CaptureError``."""
    path = _meeting_point(name, folder)
    answer = _ask(path)
    if answer is None:
        raise CaptureError(f"no capture {name!r} is running: not started, collected already, or its time was over")
    return json.loads(answer)


def _dismiss(path: str) -> None:
    _ask(path)
    if os.path.exists(path):
        os.unlink(path)


def _ask(path: str) -> bytes | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(SECONDS)
        try:
            caller.connect(path)
        except OSError:
            return None
        chunks: list[bytes] = []
        while True:
            chunk = caller.recv(1 << 16)
            if not chunk:
                return b"".join(chunks) or None
            chunks.append(chunk)


def _packet_socket(interface: str | None) -> socket.socket:
    """A packet socket without link-layer headers, for received packets only (what we send is not seen)."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IPV6))
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        if interface:
            sock.bind((interface, ETH_P_IPV6))
    except OSError:
        sock.close()
        raise
    return sock


def _detach(kept: Sequence[int]) -> None:
    """Leave the session and the pipes of the module, so that Ansible neither waits for this process nor ends it."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2 and number not in kept:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
                os.close(number)


def _remove(path: str, inode: int) -> None:
    """Remove the meeting point, unless it is a later capture's by now."""
    with contextlib.suppress(FileNotFoundError):
        if os.stat(path).st_ino == inode:
            os.unlink(path)


def _run(
    packets: socket.socket, listener: socket.socket, summary: Summary, deadline: float
) -> tuple[socket.socket | None, dict[str, Any]]:
    """Count until somebody calls → that caller and the report; no caller when the time was over first."""
    packets.setblocking(False)
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return None, {}
        ready = select.select([packets, listener], [], [], left)[0]
        if packets in ready:
            _drain(packets, summary)
        if listener in ready:
            caller = listener.accept()[0]
            _drain(packets, summary)
            received, dropped = struct.unpack("=II", packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            counts = {"received": received, "dropped": dropped, "overflow": summary.overflow}
            return caller, {"flows": summary.flows(), **counts}


def _answer(caller: socket.socket | None, report: dict[str, Any]) -> None:
    if caller is None:
        return
    with caller:
        caller.settimeout(SECONDS)
        caller.sendall(json.dumps(report).encode())


def _drain(packets: socket.socket, summary: Summary) -> None:
    """Take what waits in the socket; bounded, so that a flood can't keep the collector waiting."""
    for _turn in range(10000):
        try:
            data, origin = packets.recvfrom(SNAP)
        except BlockingIOError:
            return
        summary.add(data, origin[0])
