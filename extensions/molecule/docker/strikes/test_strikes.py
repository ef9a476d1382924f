# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens hosts in practice, seen from outside: the guard is back before anybody gets anything out of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
NAMES = ("bookworm", "trixie", "forky")
# On a machine that is busy with other things; how long a port was open is printed, and is for people to judge.
PATIENCE = 240
# How long a probe goes on; a strike happens at its beginning.
SECONDS = 10
LISTEN = (
    "systemctl is-active --quiet listener || systemd-run --quiet --unit=listener python3 -m http.server --bind :: 8080"
)
OWN = "ip -6 -o addr show dev ens5 scope global | grep -v temporary"
ADDRESS = "docker inspect --format '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' "


def ssh(name: str, script: str) -> str:
    """What a root shell prints."""
    config = os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] + "/ssh_config"
    command = ["ssh", "-F", config, "-o", "ControlPath=none", "-o", "ConnectTimeout=5", name, "sudo sh -s"]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT
    )
    if done.returncode:
        raise AssertionError(f"{name}: {script}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def every(work) -> dict:
    """The same on all hosts side by side; by name."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        return dict(zip(NAMES, pool.map(work, NAMES), strict=True))


def until(work):
    """Wait until something comes without an error."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except (AssertionError, subprocess.TimeoutExpired):
            if time.monotonic() > end:
                raise
            time.sleep(1)


class Probe:
    """Connections from the Internet to places, going on."""

    def __init__(self, seconds: int, places: list[str]) -> None:
        lab = [str(Path(sys.executable).with_name("lab")), "ssh", "internet", "--"]
        self._process = subprocess.Popen(
            [*lab, f"python3 - {seconds} {' '.join(places)}"],
            stdin=(HERE / "probe.py").open(),
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "begun\n"

    def end(self) -> dict[str, dict]:
        """By place: when it was open, and what came of it."""
        said, _ = self._process.communicate(timeout=PATIENCE)
        return json.loads(said)


def places(container: str) -> dict[str, str]:
    """Where a container is now, by host."""
    return every(lambda name: until(lambda: ssh(name, ADDRESS + container + " | grep :")).strip())


@pytest.fixture(autouse=True)
def _as_declared():
    """Before and after, without a hand of ours: open is what is declared, and nothing else."""
    check_open_and_closed()
    yield
    check_open_and_closed()


def check_open_and_closed() -> None:
    def look() -> None:
        web, shut, host = places("web"), places("shut"), own()
        found = Probe(1, [*web.values(), *shut.values(), *host.values()]).end()
        assert [name for name in NAMES if not found[web[name]]["open"]] == []
        assert [name for name in NAMES if found[shut[name]]["open"]] == []
        assert [name for name in NAMES if found[host[name]]["open"]] == []

    until(look)


def own() -> dict[str, str]:
    """The hosts' own addresses; something listens there at the port that nobody declares."""
    return every(lambda name: until(lambda: ssh(name, f"{LISTEN}\n{OWN}")).split()[3].partition("/")[0])


def at_the_same_place(before: dict[str, str]) -> list[str]:
    """Hosts whose second container is where it was: on docker0 a restart may have given its address to the first."""
    now = places("shut")
    return [name for name in NAMES if now[name] == before[name]]


@pytest.mark.parametrize(
    ("what", "script"),
    [
        ("the table deleted", "nft delete table ip6 ipv6_aws_containers"),
        ("its rules flushed", "nft flush table ip6 ipv6_aws_containers"),
        ("a rule added", "nft insert rule ip6 ipv6_aws_containers forward accept"),
        ("all rules flushed", "nft flush ruleset"),
        ("nftables restarted", "systemctl restart nftables"),
        ("nftables reloaded", "systemctl reload nftables"),
        (
            "the keeper killed and the table deleted",
            "systemctl kill --signal=KILL ipv6-aws-containers-guard-keeper; nft delete table ip6 ipv6_aws_containers",
        ),
        ("Docker restarted", "systemctl restart docker"),
    ],
)
def test_what_is_closed_is_closed_again(capsys, what, script):
    shut, host = places("shut"), own()
    probe = Probe(SECONDS, [*shut.values(), *host.values()])
    every(lambda name: ssh(name, script))
    found = probe.end()
    # Docker's own rules went with the others; it makes them anew when it starts.
    if "flush ruleset" in script or "restart nftables" in script:
        every(lambda name: ssh(name, "systemctl restart docker"))
    said, same = [], at_the_same_place(shut)
    for name in NAMES:
        looked_at = [found[host[name]], *([found[shut[name]]] if name in same else [])]
        runs = [run for one in looked_at for run in one["open"]]
        assert [one["alive"] for one in looked_at] == [0] * len(looked_at)
        said.append(f"{name} {max((last - first for first, last in runs), default=0)} ms")
    with capsys.disabled():
        print(f"\nopen: {what}: {', '.join(said)}")


def test_a_host_that_comes_up_is_never_open(capsys):
    shut, host = places("shut"), own()
    boot = every(lambda name: ssh(name, "cut -d' ' -f22 /proc/1/stat"))
    probe = Probe(60, [*shut.values(), *host.values()])
    # The lab's hosts keep their kernel's rules over a restart; real ones don't.
    down = "systemctl stop listener docker.socket docker.service ipv6-aws-containers-guard-keeper.service"
    forget = "nft delete table ip6 ipv6_aws_containers"
    every(lambda name: ssh(name, f"{down} 2>/dev/null\n{forget}\nsystemd-run --quiet --on-active=1 systemctl reboot"))
    found = probe.end()
    every(lambda name: until(lambda: ssh(name, f"test $(cut -d' ' -f22 /proc/1/stat) != {boot[name].strip()}")))
    looked_at = [*host.values(), *(shut[name] for name in at_the_same_place(shut))]
    assert [place for place in looked_at if found[place]["open"]] == []
    with capsys.disabled():
        print("\nopen: all hosts restarted: never")
