# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv6 addresses of a name, as a given resolver tells them: what a container's programs would be told.

The C library would ask the host's resolver. Formats: RFC 1035, 4; RFC 3596 (AAAA).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

PORT = 53
MOST_SERVERS = 3  # resolv.conf(5): MAXNS
_AAAA, _IN = 28, 1
_RECURSE, _ANSWER, _CODE = 0x0100, 0x8000, 0x000F
_HEADER = struct.Struct("!6H")  # id, flags, questions, answers, authority, additional
_CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class NoAnswerError(Exception):
    """A resolver's answer that names no address, in its own word."""


def nameservers(text: str) -> list[str]:
    """The resolvers of a ``resolv.conf``, in order; as the C library does, no more than three."""
    words = [line.split() for line in text.splitlines()]
    return [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"][:MOST_SERVERS]


def query(name: str, ident: int) -> bytes:
    """A question for the name's AAAA records. Raises ``ValueError`` for what can't be a name."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    if not all(1 <= len(label) <= 63 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise ValueError(f"{name!r} is no domain name")
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack("!2H", _AAAA, _IN)
    return _HEADER.pack(ident, _RECURSE, 1, 0, 0, 0) + question


def addresses(message: bytes, ident: int) -> list[str] | None:
    """The AAAA records of an answer (those that a CNAME leads to are among them); None: not an answer to this question.

    Raises ``NoAnswerError`` with the resolver's reason, and ``NoAnswerError("no AAAA record")``.
    """
    if len(message) < _HEADER.size:
        return None
    answered, flags, questions, answers, _authority, _additional = _HEADER.unpack_from(message)
    if answered != ident or not flags & _ANSWER:
        return None
    code = flags & _CODE
    if code:
        raise NoAnswerError(_CODES.get(code, f"response code {code}"))
    found, at = [], _HEADER.size
    try:
        for _question in range(questions):
            at = _after_name(message, at) + 4
        for _record in range(answers):
            at = _after_name(message, at)
            kind, _class, _ttl, length = struct.unpack_from("!HHIH", message, at)
            at += 10
            if kind == _AAAA and length == 16:
                found.append(socket.inet_ntop(socket.AF_INET6, message[at : at + 16]))
            at += length
    except (IndexError, struct.error, ValueError) as error:
        raise NoAnswerError("an answer that is cut off") from error
    if not found:
        raise NoAnswerError("no AAAA record")
    return sorted(found)


def _after_name(message: bytes, at: int) -> int:
    """Where a name ends; a pointer (RFC 1035, 4.1.4) ends it."""
    while message[at]:
        if message[at] & 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def ask(servers: Sequence[str], name: str, timeout: float) -> dict[str, Any]:
    """Ask one resolver after the other, in the calling thread's namespace, until one answers; ``timeout`` seconds each.

    → ``servers``, ``server`` (that answered, or ""), ``addresses``, ``error`` ("" when there are addresses).
    """
    answer: dict[str, Any] = {"servers": list(servers), "server": "", "addresses": [], "error": "no nameserver"}
    for server in servers:
        ident = struct.unpack("!H", os.urandom(2))[0]
        try:
            return dict(
                answer, server=server, addresses=_exchange(server, query(name, ident), ident, timeout), error=""
            )
        except NoAnswerError as error:
            return dict(answer, server=server, error=str(error))
        except (OSError, ValueError) as error:
            answer["error"] = f"no answer ({error})"
    return answer


def _exchange(server: str, question: bytes, ident: int, timeout: float) -> list[str]:
    """Raises ``OSError`` when there is no answer in time (asked twice, as a datagram may be lost)."""
    family, kind, protocol, _name, place = socket.getaddrinfo(server, PORT, 0, socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as sock:
        sock.connect(place)
        sock.settimeout(timeout / 2)
        for last in (False, True):
            sock.send(question)
            try:
                message = sock.recv(4096)
            except OSError:
                if last:
                    raise
                continue
            found = addresses(message, ident)
            if found is not None:
                return found
    raise OSError("only answers to other questions")
