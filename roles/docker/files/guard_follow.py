# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the guard's declared ports at the addresses that containers on docker0 have at the moment.

Docker gives addresses on docker0 in the order in which containers start, so that they change places when Docker or the
host restarts. A port that was opened for one container must not stay open on what is then another's address. So: closed
until Docker answers; then, at each of its events, open exactly what the containers' label declares.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

SOCKET = "/run/docker.sock"
NETWORK = "bridge"
LABEL = "ipv6.aws_containers.ports"
DECLARED = "/etc/ipv6.aws_containers/guard/declared.nft"
HEAD = "# Written by the Ansible collection ipv6.aws_containers: ports that containers declare.\n"
TABLE = "/etc/ipv6.aws_containers/guard/table.nft"
LOADED = "/run/ipv6-aws-containers-guard.loaded"
LOAD = ["/usr/sbin/nft", "-f", TABLE]
LIST = ["/usr/sbin/nft", "-s", "list", "table", "ip6", "ipv6_aws_containers"]
EVENTS = {"type": ["container", "network"], "event": ["start", "die", "connect", "disconnect"]}
RETRY_SECONDS = 0.5


class Docker(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def __init__(self) -> None:
        super().__init__("localhost")

    def connect(self) -> None:
        """Connect to the socket file instead of a host and port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(SOCKET)

    def ask(self, path: str, **filters: Any) -> http.client.HTTPResponse:
        """GET ``path``. Raises OSError or http.client.HTTPException."""
        self.request("GET", f"{path}?filters={urllib.parse.quote(json.dumps(filters))}")
        answer = self.getresponse()
        if answer.status != 200:
            raise http.client.HTTPException(f"GET {path}: HTTP {answer.status}")
        return answer


def declared(containers: Iterable[Mapping[str, Any]]) -> str:
    """The declared ports' file for what Docker's API says of its containers (``/containers/json``)."""
    elements = set()
    for one in containers:
        address = ((one["NetworkSettings"]["Networks"] or {}).get(NETWORK) or {}).get("GlobalIPv6Address")
        for port in one["Labels"].get(LABEL, "").split() if address else ():
            ports, protocol = port.split("/")
            elements.add(f"  {address} . {protocol} . {ports}")
    if not elements:
        return HEAD
    return HEAD + "add element ip6 ipv6_aws_containers declared {\n" + ",\n".join(sorted(elements)) + "\n}\n"


def open_only(text: str) -> None:
    """Make ``text`` the declared ports' file, and load it if it is not."""
    if os.path.exists(DECLARED):
        with open(DECLARED, encoding="ascii") as stream:
            if stream.read() == text:
                return
    write(DECLARED, text.encode())
    try:
        subprocess.run(LOAD, check=True)
        write(LOADED, subprocess.run(LIST, check=True, stdout=subprocess.PIPE).stdout)
    except subprocess.SubprocessError:
        # Without the file nothing is open after a boot, and the next try does not take this one for done.
        os.unlink(DECLARED)
        raise


def write(path: str, content: bytes) -> None:
    """Replace a file as a whole."""
    with open(path + "~", "wb") as stream:
        stream.write(content)
    os.replace(path + "~", path)


def follow() -> None:
    """Keep to Docker's events until it goes away."""
    events = Docker().ask("/events", **EVENTS)
    while True:
        containers = json.loads(Docker().ask("/containers/json", label=[LABEL]).read())
        open_only(declared(containers))
        if not events.readline():
            return


def main() -> None:
    """``close`` closes all and ends; else follow for ever."""
    if sys.argv[1:] == ["close"]:
        open_only(HEAD)
        return
    while True:
        try:
            follow()
        except (OSError, http.client.HTTPException) as error:
            print(error, file=sys.stderr)
        open_only(HEAD)
        time.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    main()
