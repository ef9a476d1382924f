# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server answers over IPv6: what is final is asked once, what may pass is asked again."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import reach

REAL = socket.getaddrinfo


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The pauses that were made; nobody waits for them."""
    made: list[float] = []
    monkeypatch.setattr(reach.time, "sleep", made.append)
    return made


@pytest.fixture
def resolver(monkeypatch) -> Callable[..., list[str]]:
    """Has the resolver fail with the given codes, one a question, before it answers; returns what it was asked."""

    def failing(*codes: int) -> list[str]:
        asked: list[str] = []
        left = list(codes)

        def answer(host: str, *args: int):
            asked.append(host)
            if left:
                raise socket.gaierror(left.pop(0), "as told")
            return REAL("::1", *args)

        monkeypatch.setattr(reach.socket, "getaddrinfo", answer)
        return asked

    return failing


@pytest.fixture
def port() -> int:
    """A port of ::1 that nobody listens on, for now."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        return server.getsockname()[1]


def test_who_answers_is_asked_once(pauses):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert reach.silent("::1", server.getsockname()[1]) is None
    assert pauses == []


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY])
def test_a_name_without_such_an_address_is_final(pauses, resolver, code):
    asked = resolver(code)
    assert reach.silent("mirror.example", 80) == "no IPv6 address: as told"
    assert asked == ["mirror.example"]
    assert pauses == []


def test_a_resolver_that_fails_for_a_moment_is_asked_again(pauses, resolver):
    asked = resolver(socket.EAI_AGAIN, socket.EAI_FAIL)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert reach.silent("mirror.example", server.getsockname()[1]) is None
    assert len(asked) == 3
    assert pauses == [reach.PAUSE] * 2


def test_a_resolver_that_goes_on_failing_is_not_asked_for_ever(pauses, resolver):
    asked = resolver(*[socket.EAI_AGAIN] * 9)
    assert reach.silent("mirror.example", 80) == "no IPv6 address: as told"
    assert len(asked) == reach.ATTEMPTS


def test_a_connection_that_nobody_took_is_tried_again(monkeypatch, port):
    servers = []
    monkeypatch.setattr(
        reach.time,
        "sleep",
        lambda _seconds: servers.append(socket.create_server(("::1", port), family=socket.AF_INET6)),
    )
    assert reach.silent("::1", port) is None
    assert len(servers) == 1
    servers[0].close()


def test_nobody_there_is_told(pauses, port):
    assert reach.silent("::1", port) == "::1: Connection refused"
    assert len(pauses) == reach.ATTEMPTS - 1
