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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

SCENARIO = Path(__file__).parents[1]
ROOT = SCENARIO.parents[2]
NAMES = ("bookworm", "trixie", "forky")
STORE = "/var/lib/ipv6.aws_containers/netplan"
# On a machine that is busy with other things; how long it took is printed, and is for people to judge.
PATIENCE = 240
# Every byte, owner, mode and time of what the role may touch, and what the kernel has, without lifetimes.
STATE = r"""
cd /; for file in etc/netplan/* etc/cloud/cloud.cfg.d/* etc/systemd/system/ipv6-aws-containers*; do
    [ -e "$file" ] || continue
    stat -c '%n %a %U %G %Y' "$file"; sha256sum <"$file"
done
ip -br link show ens5 | sed 's/@if[0-9]*//' | tr -s ' '; ip -4 -o addr show ens5 | grep -o 'inet [^ ]*'
cat /sys/class/net/ens5/mtu
ip -6 addr show dev ens5 scope global | grep -o 'inet6 [^ ]*' | sort
ip -6 route show default dev ens5 | grep -o '^default.*proto [a-z]*' | sed 's/ nhid [0-9]*//'
ip -6 route show dev ens5 | grep -v -e default -e 'proto kernel' | grep -o '^[^ ]* proto [a-z]*' | sort
[ -e /var/lib/ipv6.aws_containers/netplan/pending ] && echo 'a change waits'
true
"""


@dataclass
class Host:
    """One host, over ssh connections of its own."""

    name: str
    config: str

    def run(self, script: str, check: bool = True) -> str:
        """What a root shell prints; "" when the host can't be reached, or no longer, and ``check`` is false."""
        seconds = PATIENCE if check else 8
        options = ("-F", self.config, "-o", "ControlPath=none", "-o", "ConnectTimeout=3")
        command = ["ssh", *options, self.name, "sudo sh -s"]
        try:
            done = subprocess.run(
                command, input=script, capture_output=True, text=True, check=False, timeout=seconds, cwd=ROOT
            )
        except subprocess.TimeoutExpired:
            if check:
                raise
            return ""
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {script}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def state(self) -> str:
        """What has to be as before; "" when it can't be reached."""
        return self.run(STATE, check=False)


def every(hosts: list[Host], work: Callable[[Host], Any]) -> dict[str, Any]:
    """The same on all hosts side by side; by name."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return dict(zip((one.name for one in hosts), pool.map(work, hosts), strict=True))


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
        inventory = ROOT / "extensions/molecule/shared/inventory"
        self._process = subprocess.Popen(
            ["ansible-playbook", "-i", str(inventory), str(SCENARIO / "converge.yml"), "-e", json.dumps(variables)],
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
    config = os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] + "/ssh_config"
    return [Host(name, config) for name in NAMES]


@pytest.fixture
def before(hosts: list[Host]) -> dict[str, str]:
    """The hosts' state before a fault, complete and at rest."""

    def settled(host: Host) -> str:
        last = ""
        for _ in range(PATIENCE):
            now = host.state()
            if now and now == last and "proto ra" in now:
                return now
            last = now
            time.sleep(0.5)
        raise AssertionError(f"{host.name} does not come to rest:\n{last}")

    return every(hosts, settled)


@pytest.fixture(scope="session")
def reboot() -> Callable[[], None]:
    """Reboots all hosts through EC2's endpoint."""
    endpoint = Path("/run/vpclab", os.environ["LAB_NAME"], "endpoint").read_text().strip()
    keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    ec2 = boto3.client("ec2", endpoint_url=endpoint, region_name="us-east-1", **keys)

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
