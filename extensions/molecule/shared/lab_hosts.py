# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three hosts as an operator reaches them: ssh, EC2, and plays. For what side effects do by pytest."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[3]
NAMES = ("bookworm", "trixie", "forky")
# On a machine that is busy with other things: how long something took is printed, and is for people to judge.
PATIENCE = 240
# Differs from boot to boot.
BOOT = "cut -d' ' -f22 /proc/1/stat"


def ssh(name: str, script: str, connect: int = 5, seconds: float = PATIENCE) -> str:
    """What a root shell prints. Raises AssertionError when it fails or can't be had, TimeoutExpired when it hangs."""
    config = os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] + "/ssh_config"
    options = ("-F", config, "-o", "ControlPath=none", "-o", f"ConnectTimeout={connect}")
    command = ["ssh", *options, name, "sudo sh -s"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT)
    if done.returncode:
        raise AssertionError(f"{name}: {script}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def every(work: Callable[[str], Any], names: Iterable[str] = NAMES) -> dict[str, Any]:
    """The same on hosts side by side; by name."""
    names = tuple(names)
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(work, names), strict=True))


def until(work: Callable[[], Any], pause: float = 1.0) -> Any:
    """Wait until something comes without an error, and return it; in the end, the last error."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except (AssertionError, subprocess.TimeoutExpired):
            if time.monotonic() > end:
                raise
            time.sleep(pause)


def play(*arguments: str) -> list[str]:
    """The command of a play on the scenarios' hosts; to be run in ROOT."""
    return ["ansible-playbook", "-i", str(ROOT / "extensions/molecule/shared/inventory"), *arguments]


def ec2() -> Any:
    """A client of the lab's EC2 endpoint."""
    endpoint = Path("/run/vpclab", os.environ["LAB_NAME"], "endpoint").read_text().strip()
    keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    return boto3.client("ec2", endpoint_url=endpoint, region_name="us-east-1", **keys)
