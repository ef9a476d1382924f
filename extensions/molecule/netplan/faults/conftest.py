# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three hosts as an operator reaches them: ssh, EC2, and plays with a fault in them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.extensions.molecule.shared import lab_hosts
from ansible_collections.ipv6.aws_containers.extensions.molecule.shared.lab_hosts import NAMES, PATIENCE, ROOT

SCENARIO = Path(__file__).parents[1]
STORE = "/var/lib/ipv6.aws_containers/netplan"
STATE = (SCENARIO / "faults/state.sh").read_text()


@dataclass
class Host:
    """One host, over ssh connections of its own."""

    name: str

    def run(self, script: str, check: bool = True) -> str:
        """What a root shell prints; "" when the host can't be reached, or no longer, and ``check`` is false."""
        if check:
            return lab_hosts.ssh(self.name, script)
        try:
            return lab_hosts.ssh(self.name, script, connect=3, seconds=8)
        except (AssertionError, subprocess.TimeoutExpired):
            return ""

    def state(self) -> str:
        """What has to be as before; "" when it can't be reached."""
        return self.run(STATE, check=False)


def every(hosts: list[Host], work: Callable[[Host], Any]) -> dict[str, Any]:
    """The same on all hosts side by side; by name."""
    by_name = {one.name: one for one in hosts}
    return lab_hosts.every(lambda name: work(by_name[name]), by_name)


def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until something holds and return it."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        last = holds()
        if last:
            return last
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s, last seen: {last!r}")


class Play:
    """The role's play, running; ``variables`` are what is wrong with it."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            lab_hosts.play(str(SCENARIO / "converge.yml"), "-e", json.dumps(variables)),
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def tell(self, number: signal.Signals) -> None:
        """A signal for the controller and all that it runs: its workers are in sessions of their own."""
        for pid in (self._process.pid, *_below(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def end(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Exit status and output, with white space as single blanks."""
        said, _ = self._process.communicate(timeout=seconds)
        return self._process.returncode, " ".join(said.split())


def _below(pid: int) -> list[int]:
    """The processes that stem from one."""
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return found + [one for child in found for one in _below(child)]


@pytest.fixture(scope="session")
def hosts() -> list[Host]:
    """All of them, set up by cloud-init alone."""
    return [Host(name) for name in NAMES]


@pytest.fixture
def before(hosts: list[Host]) -> dict[str, str]:
    """The hosts' state before a fault, at rest: with the router's word and the leases, seconds after a boot."""

    def settled(host: Host) -> str:
        last = ""
        for _ in range(PATIENCE):
            now = host.state()
            if now == last and all(part in now for part in ("proto ra", "inet ", "/128")):
                return now
            last = now
            time.sleep(0.5)
        raise AssertionError(f"{host.name} does not come to rest:\n{last}")

    return every(hosts, settled)


@pytest.fixture(scope="session")
def reboot() -> Callable[[], None]:
    """Reboots all hosts through EC2's endpoint."""
    ec2 = lab_hosts.ec2()

    def act() -> None:
        found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": list(NAMES)}])
        running = [one for some in found["Reservations"] for one in some["Instances"]]
        ids = [one["InstanceId"] for one in running if one["State"]["Name"] == "running"]
        assert len(ids) == len(NAMES)
        ec2.reboot_instances(InstanceIds=ids)

    return act


@pytest.fixture
def recovered(hosts: list[Host], capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Waits for every host to be as ``before``, and prints how many seconds after ``began`` it was."""

    def watch(before: dict[str, str], began: float, what: str) -> None:
        def one(host: Host) -> str:
            while time.monotonic() - began < PATIENCE:
                now = host.state()
                if now == before[host.name]:
                    return f"{host.name} {time.monotonic() - began:.1f} s"
                time.sleep(0.2)
            raise AssertionError(f"{host.name}: {what}: still not as before:\n{now}\n--- before:\n{before[host.name]}")

        said = every(hosts, one)
        with capsys.disabled():
            print(f"\nrecovery: {what}: {', '.join(said.values())}")

    return watch
