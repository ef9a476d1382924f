# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``lab down`` takes away all that is a lab's, after whatever end; and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from vpclab import sweep
from vpclab.owner import Lab

from .conftest import LAB, command, until

OTHER = Lab(f"{LAB}-x")
"""Its name begins with the first lab's: it must not be taken for it, nor the first one for it."""


def test_a_crashed_lab_is_taken_away_and_its_neighbour_is_not(lab) -> None:
    before = set(sweep.leftovers(Lab(LAB)))
    up = command("up", "--image", "trixie", lab=OTHER.name)
    assert up.returncode == 0, up.stderr
    pid = sweep.daemon_pid(OTHER)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: sweep.daemon_pid(OTHER) is None, "the daemon is dead", 10)
    assert sweep.leftovers(OTHER), "its host and its network outlived it"
    down = command("down", lab=OTHER.name)
    assert down.returncode == 0, down.stderr
    assert sweep.leftovers(OTHER) == []
    assert not list(Path("/run/systemd/nspawn").glob(f"*/{OTHER.name}-*"))
    gone = {one for one in before - set(sweep.leftovers(Lab(LAB))) if not one.startswith("process ")}
    assert not gone, "the neighbour has all that it had"
    assert "running" in lab.ssh("one", "systemctl is-system-running", check=False)


def test_a_lab_that_is_up_is_not_put_up_again(lab) -> None:
    again = command("up")
    assert again.returncode == 1
    assert "is up already" in again.stderr


def test_taking_away_what_is_not_there_is_no_error() -> None:
    down = command("down", lab=f"{LAB}-none")
    assert down.returncode == 0
    assert "nothing to take away" in down.stdout


def test_a_daemon_told_to_end_leaves_nothing_itself() -> None:
    third = Lab(f"{LAB}-y")
    assert command("up", "--image", "trixie", lab=third.name).returncode == 0
    pid = sweep.daemon_pid(third)
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    until(lambda: sweep.daemon_pid(third) is None, "the daemon ended", 30)
    assert [one for one in sweep.leftovers(third) if not one.startswith(("directory", "control group"))] == []
    assert command("down", lab=third.name).returncode == 0
    assert sweep.leftovers(third) == []
    assert subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout.count(third.name) == 0
