# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers and hosts as the Internet sees them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.ipv6.aws_containers.extensions.molecule.shared.lab_hosts import (
    PATIENCE,
    ROOT,
    every,
    ssh,
    until,
)

# What is seen has to have been so for as long as a probe looks back, and for a connection to be given up.
SETTLED = 2000
LISTEN = (
    "systemctl is-active --quiet listener || systemd-run --quiet --unit=listener python3 -m http.server --bind :: 8080"
)
OWN = "ip -6 -o addr show dev ens5 scope global | grep -v temporary"
ADDRESS = "docker inspect --format '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' "
LAB = [str(Path(sys.executable).with_name("lab")), "ssh", "internet", "--"]
SCRIPT = "/root/probe.py"


class Seen:
    """Where everything is, by host: the container that is open, the one that is not, and the host itself."""

    def __init__(self) -> None:
        self.web, self.shut, self.host = _places("web"), _places("shut"), _own()

    @property
    def closed(self) -> list[str]:
        """The places that nobody may come to."""
        return [*self.shut.values(), *self.host.values()]


class Probe:
    """Connections from the Internet to everything that is ``seen``, going on."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self._process = subprocess.Popen(
            [*LAB, f"python3 -u {SCRIPT} {','.join(seen.web.values())} {','.join(seen.closed)}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._said: list[dict] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.now()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(json.loads(line))

    def now(self) -> int:
        """The probe's clock, in milliseconds, as it last said."""
        end = time.monotonic() + PATIENCE
        while not self._said:
            assert self._process.poll() is None, "the probe ended"
            assert time.monotonic() < end, "the probe does not begin"
            time.sleep(0.05)
        return self._said[-1]["now"]

    def wait(self) -> None:
        """Until, for a while, what is declared has been open and nothing else has. Nobody lends a hand."""
        since, end = self.now(), time.monotonic() + PATIENCE
        while True:
            found = self._said[-1]
            shut = set(self.seen.web.values()) - set(found["open"])
            open_ = set(self.seen.closed) & set(found["open"])
            if found["now"] >= since + SETTLED and not shut and not open_:
                return
            assert self._process.poll() is None, "the probe ended"
            assert time.monotonic() < end, f"still open: {open_}; still shut: {shut}"
            time.sleep(0.1)

    def end(self) -> dict[str, dict]:
        """By place: when it was open, and what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._listener.join(PATIENCE)
        return self._said[-1]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def probing(seen: Seen) -> Iterator[Probe]:
    """A probe that ends with the block, whatever happens in it."""
    subprocess.run([*LAB, f"cat >{SCRIPT}"], stdin=(Path(__file__).parent / "probe.py").open(), check=True, cwd=ROOT)
    probe = Probe(seen)
    try:
        yield probe
    finally:
        probe.kill()


def as_declared() -> None:
    """Waits until open is what is declared and nothing else, wherever it is now."""

    def look() -> None:
        with probing(Seen()) as probe:
            probe.wait()

    until(look)


def _places(container: str) -> dict[str, str]:
    return every(lambda name: until(lambda: ssh(name, ADDRESS + container + " | grep :")).strip())


def _own() -> dict[str, str]:
    """The hosts' own addresses; something listens there at the port that nobody declares."""
    return every(lambda name: until(lambda: ssh(name, f"{LISTEN}\n{OWN}")).split()[3].partition("/")[0])


def longest(found: dict[str, dict], places: list[str], since: int = 0, until: float = float("inf")) -> int:
    """For how many milliseconds on end one of the places was open, of what began between two moments."""
    runs = [run for place in places for run in found[place]["open"] if since <= run[0] < until]
    return max((last - first for first, last in runs), default=0)
