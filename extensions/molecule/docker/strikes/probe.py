# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the lab's Internet host: begins connections all the time, and says when each place was open.

usage: python3 probe.py SECONDS ADDRESS... (port 8080); prints "begun" as soon as it has, then JSON by address: `open`,
runs of [first, last] in milliseconds; `alive`, how many of the first connections still carry data at the end.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

EVERY, PATIENCE, APART, PORT = 0.005, 0.3, 0.2, 8080


def probe(seconds: float, places: list[str]) -> dict[str, dict]:
    poll, waiting = select.epoll(), {}
    opened: dict[str, list[float]] = {place: [] for place in places}
    kept: dict[str, list[socket.socket]] = {place: [] for place in places}
    begun = turn = time.monotonic()
    print("begun", flush=True)
    while (now := time.monotonic()) < begun + seconds:
        if now >= turn:
            turn = now + EVERY
            for place in places:
                one = socket.socket(socket.AF_INET6)
                one.setblocking(False)
                one.connect_ex((place, PORT))
                waiting[one.fileno()] = (one, place, now)
                poll.register(one, select.EPOLLOUT)
        for number, _event in poll.poll(EVERY / 2):
            one, place, since = waiting.pop(number)
            poll.unregister(one)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                opened[place].append((since - begun) * 1000)
                if len(kept[place]) < 5:
                    kept[place].append(one)
                    continue
            one.close()
        for number, (one, _place, since) in list(waiting.items()):
            if now > since + PATIENCE:
                poll.unregister(one)
                one.close()
                del waiting[number]
    return {place: {"open": runs(opened[place]), "alive": sum(map(alive, kept[place]))} for place in places}


def runs(times: list[float]) -> list[list[int]]:
    found: list[list[int]] = []
    for moment in times:
        if found and moment - found[-1][1] < APART * 1000:
            found[-1][1] = round(moment)
        else:
            found.append([round(moment), round(moment)])
    return found


def alive(one: socket.socket) -> bool:
    one.settimeout(PATIENCE)
    try:
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return bool(one.recv(1))
    except OSError:
        return False


if __name__ == "__main__":
    print(json.dumps(probe(float(sys.argv[1]), sys.argv[2:])))
