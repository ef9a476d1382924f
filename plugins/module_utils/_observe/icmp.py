# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ICMPv6 over a raw socket of our own, and what ``ping`` does with it, without needing it in the image."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

ECHO_REQUEST, ECHO_REPLY = 128, 129
UNREACHABLE, TOO_BIG, TIME_EXCEEDED = 1, 2, 3
HEADERS = 48  # octets: IPv6's header and that of an echo request
ICMP6_FILTER = 1  # linux/icmpv6.h; the option's number at level IPPROTO_ICMPV6
ERRORS = {
    (UNREACHABLE, 0): "no route to destination",
    (UNREACHABLE, 1): "administratively prohibited",
    (UNREACHABLE, 3): "address unreachable",
    (UNREACHABLE, 4): "port unreachable",
    (UNREACHABLE, 6): "reject route",
    (TIME_EXCEEDED, 0): "hop limit exceeded",
}
HEADER = struct.Struct("!BBHHH")  # type, code, checksum (the kernel's), identifier, sequence
_TEXT = b"ipv6.aws_containers verify"
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h: beyond net.core.rmem_max, which root may


class Tally:
    """What came back from one target: distinct sequence numbers, hop limits as received, milliseconds, errors."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.sent: dict[int, float] = {}
        self.milliseconds: dict[int, float] = {}
        self.hop_limits: list[int] = []
        self.duplicates = 0
        self.error = ""

    def reply(self, sequence: int, hop_limit: int, now: float) -> None:
        """Count one reply; a second one for the same sequence number is a duplicate, never a packet less lost."""
        if sequence not in self.sent:
            return
        if sequence in self.milliseconds:
            self.duplicates += 1
            return
        self.milliseconds[sequence] = (now - self.sent[sequence]) * 1000
        if hop_limit not in self.hop_limits:
            self.hop_limits.append(hop_limit)

    def result(self, source: str) -> dict:
        """The tally as data: sent, received, hop_limits (sorted), source, rtt_ms (smallest), error."""
        times = self.milliseconds.values()
        return {
            "sent": len(self.sent),
            "received": len(self.milliseconds),
            "duplicates": self.duplicates,
            "hop_limits": sorted(self.hop_limits),
            "source": source,
            "rtt_ms": round(min(times), 3) if times else None,
            "error": self.error,
        }


def ping(targets: Sequence[str], count: int, interval: float, timeout: float) -> dict[str, dict]:
    """Ping every target at the same time, from the calling thread's namespace → a tally's result by target.

    ``targets`` are literal IPv6 addresses; ``interval`` and ``timeout`` (after the last request) are in seconds.
    """
    tallies = {target: Tally(target) for target in dict.fromkeys(targets)}
    identifier = struct.unpack("!H", os.urandom(2))[0]
    with opened(ECHO_REPLY, UNREACHABLE, TIME_EXCEEDED) as sock:
        for sequence in range(1, count + 1):
            for tally in tallies.values():
                _request(sock, tally, identifier, sequence)
            last = sequence == count
            _collect(sock, tallies, identifier, timeout if last else interval, stop_when_complete=last)
    return {target: tally.result(source_for(target)) for target, tally in tallies.items()}


def opened(*kinds: int) -> socket.socket:
    """A raw socket of the calling thread's namespace for these types of ICMPv6 messages, with their hop limits."""
    words = [0xFFFFFFFF] * 8  # a set bit blocks its type
    for kind in kinds:
        words[kind >> 5] &= ~(1 << (kind & 31)) & 0xFFFFFFFF
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *words))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)
    except OSError:
        sock.close()
        raise
    return sock


def request(sock: socket.socket, target: str, identifier: int, sequence: int, size: int = HEADERS + 56) -> str:
    """Send one echo request of ``size`` octets, IPv6's header included → "" or why it could not be sent."""
    text = _TEXT.ljust(size - HEADERS, b".")[: size - HEADERS]
    try:
        sock.sendto(HEADER.pack(ECHO_REQUEST, 0, 0, identifier, sequence) + text, (target, 0))
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "") + ": " + (error.strerror or str(error))
    return ""


def _request(sock: socket.socket, tally: Tally, identifier: int, sequence: int) -> None:
    tally.sent[sequence] = time.monotonic()
    tally.error = request(sock, tally.target, identifier, sequence) or tally.error


def heard(
    sock: socket.socket, seconds: float, enough: Callable[[], bool] = lambda: False
) -> Iterator[tuple[bytes, int, str]]:
    """The messages that come to an ``opened`` socket: each from its type on, its hop limit and its sender's address.

    Ends after ``seconds``, or as soon as it is ``enough``: asked before the first one, and after each.
    """
    deadline = time.monotonic() + seconds
    while not enough():
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return
        data, ancillary, _flags, peer = sock.recvmsg(2048, 256)  # nobody needs more of a larger one
        yield data, _hop_limit(ancillary), peer[0]


def _collect(
    sock: socket.socket, tallies: Mapping[str, Tally], identifier: int, seconds: float, stop_when_complete: bool
) -> None:
    def complete() -> bool:
        return stop_when_complete and all(len(tally.milliseconds) == len(tally.sent) for tally in tallies.values())

    for data, hop_limit, peer in heard(sock, seconds, complete):
        now = time.monotonic()
        kind, code, _checksum, echoed, sequence = HEADER.unpack_from(data)
        if kind == ECHO_REPLY:
            tally = tallies.get(peer)
            if tally is not None and echoed == identifier:
                tally.reply(sequence, hop_limit, now)
            continue
        failed = about(data, identifier)
        if failed is not None and failed in tallies:
            said = ERRORS.get((kind, code), f"ICMPv6 type {kind} code {code}")
            tallies[failed].error = f"{said}, says {peer}"


def _hop_limit(ancillary: Sequence[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_HOPLIMIT:
            return int(struct.unpack("=i", data[:4])[0])
    return -1


def about(data: bytes, identifier: int) -> str | None:
    """The destination of the request of ours that an ICMPv6 error quotes; None when it quotes something else."""
    quoted = data[8:]
    if len(quoted) < 48 or quoted[6] != socket.IPPROTO_ICMPV6:
        return None
    kind, _code, _checksum, echoed, _sequence = HEADER.unpack_from(quoted, 40)
    if kind != ECHO_REQUEST or echoed != identifier:
        return None
    return socket.inet_ntop(socket.AF_INET6, quoted[24:40])


def source_for(target: str) -> str:
    """The address that the calling thread's namespace sends from towards ``target``; "" without a route."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((target, 9))
            return str(sock.getsockname()[0])
        except OSError:
            return ""
