# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the lab's Internet host: begins connections all the time, until its input ends, and says which place is open.

usage: python3 -u probe.py OPEN,... CLOSED,... (addresses, port 8080). What should be closed is tried a hundred times a
second, what should be open gently, as it has to answer. Every quarter of a second prints JSON: `now`, milliseconds
since it began, and `open`, the places that let a connection in just now. At the end, JSON by address: `open`, runs of
[first, last] in milliseconds; `alive`, how many of each run's first connections still carry data.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

EVERY, PATIENCE, APART, PORT = 0.01, 0.3, 0.2, 8080
GENTLY, GENTLE_PATIENCE = 0.25, 1.0
SAY, JUST_NOW, KEPT = 0.25, 1.5, 5


class Place:
    """What came of the connections to one address."""

    def __init__(self, gentle: bool) -> None:
        self.every, self.patience = (GENTLY, GENTLE_PATIENCE) if gentle else (EVERY, PATIENCE)
        self.turn = 0.0
        self._keep = 0 if gentle else KEPT
        self.runs: list[list[float]] = []
        self.kept: list[socket.socket] = []
        self._of_this_run = 0

    def opened(self, moment: float, one: socket.socket) -> None:
        if self.runs and moment - self.runs[-1][1] < APART:
            self.runs[-1][1] = max(moment, self.runs[-1][1])
        else:
            self.runs.append([moment, moment])
            self._of_this_run = 0
        self._of_this_run += 1
        if self._of_this_run <= self._keep:
            self.kept.append(one)
        else:
            one.close()

    def report(self) -> dict[str, object]:
        runs = [[round(moment * 1000) for moment in run] for run in self.runs]
        return {"open": runs, "alive": sum(map(alive, self.kept))}


def probe(gentle: list[str], others: list[str]) -> dict[str, dict]:
    poll, waiting = select.epoll(), {}
    places = {name: Place(name in gentle) for name in (*gentle, *others)}
    begun = said = time.monotonic()
    poll.register(sys.stdin, select.EPOLLIN)
    while True:
        now = time.monotonic()
        for name, place in places.items():
            if now >= place.turn:
                place.turn = now + place.every
                one = socket.socket(socket.AF_INET6)
                one.setblocking(False)
                one.connect_ex((name, PORT))
                waiting[one.fileno()] = (one, place, now)
                poll.register(one, select.EPOLLOUT)
        for number, _event in poll.poll(EVERY / 2):
            if number == sys.stdin.fileno():
                return {name: place.report() for name, place in places.items()}
            one, place, since = waiting.pop(number)
            poll.unregister(one)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                place.opened(since - begun, one)
            else:
                one.close()
        for number, (one, place, since) in list(waiting.items()):
            if now > since + place.patience:
                poll.unregister(one)
                one.close()
                del waiting[number]
        if now >= said + SAY:
            said = now
            after = now - begun - JUST_NOW
            fresh = [name for name, place in places.items() if place.runs and place.runs[-1][1] > after]
            print(json.dumps({"now": round((now - begun) * 1000), "open": fresh}))


def alive(one: socket.socket) -> bool:
    one.settimeout(PATIENCE)
    try:
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return bool(one.recv(1))
    except OSError:
        return False


if __name__ == "__main__":
    print(json.dumps(probe(*(words.split(",") for words in sys.argv[1:3]))))
