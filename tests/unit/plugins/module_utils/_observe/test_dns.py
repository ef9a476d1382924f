# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resolver says is read as RFC 1035 writes it, and nothing else is taken for an answer."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import dns

ADDRESS = "2001:db8::a"
NAME = b"\3www\7example\0"


def record(kind: int, data: bytes, name: bytes = b"\xc0\x0c") -> bytes:
    return name + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def message(*records: bytes, code: int = 0, ident: int = 7, flags: int = 0x8180) -> bytes:
    question = NAME + struct.pack("!2H", 28, 1)
    return struct.pack("!6H", ident, flags | code, 1, len(records), 0, 0) + question + b"".join(records)


AAAA = record(28, socket.inet_pton(socket.AF_INET6, ADDRESS))


def test_a_question() -> None:
    asked = dns.query("www.example.", 7)
    assert asked == struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + NAME + struct.pack("!2H", 28, 1)


@pytest.mark.parametrize("name", ["", "a..b", "a" * 64, ".".join(["a" * 60] * 5)])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"no domain name|label"):
        dns.query(name, 7)


def test_addresses_behind_another_name() -> None:
    alias = record(5, b"\4real\xc0\x10")
    behind = record(28, socket.inet_pton(socket.AF_INET6, "2001:db8::b"), name=b"\4real\xc0\x10")
    assert dns.addresses(message(alias, behind, AAAA), 7) == [ADDRESS, "2001:db8::b"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (message(code=3), "NXDOMAIN"),
        (message(code=2), "SERVFAIL"),
        (message(code=9), "response code 9"),
        (message(), "no AAAA record"),
        (message(record(1, bytes(4))), "no AAAA record"),
        (message(AAAA)[:-3], "cut off"),
    ],
)
def test_answers_without_an_address_say_why(answer: bytes, says: str) -> None:
    with pytest.raises(dns.NoAnswerError, match=says):
        dns.addresses(answer, 7)


@pytest.mark.parametrize("strange", [b"", b"short", message(AAAA, ident=8), message(AAAA, flags=0x0100)])
def test_what_is_no_answer_to_the_question(strange: bytes) -> None:
    assert dns.addresses(strange, 7) is None


def test_resolvers_of_a_file() -> None:
    text = "# nameserver 192.0.2.9\nsearch example\nnameserver 127.0.0.11\n nameserver fe80::1%eth0 # own\noptions x\n"
    assert dns.nameservers(text) == ["127.0.0.11", "fe80::1%eth0"]
    assert len(dns.nameservers("nameserver ::1\n" * 5)) == 3


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One that answers every question, after an answer to none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(dns, "PORT", server.getsockname()[1])

        def serve() -> None:
            for strange in (True, False):
                asked, caller = server.recvfrom(512)
                ident = struct.unpack_from("!H", asked)[0]
                server.sendto(message(AAAA, ident=ident ^ 1 if strange else ident), caller)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield "127.0.0.1"
        thread.join(5)


def test_the_second_resolver_answers_when_the_first_does_not(resolver: str) -> None:
    answer = dns.ask(["127.0.0.2", resolver], "www.example", timeout=2)
    assert answer == {"servers": ["127.0.0.2", resolver], "server": resolver, "addresses": [ADDRESS], "error": ""}


def test_nobody_to_ask_is_an_answer_too() -> None:
    assert dns.ask([], "www.example", timeout=1)["error"] == "no nameserver"
