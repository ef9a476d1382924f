# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch on files of its own; what it does to a network, extensions/molecule/netplan shows."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import switch

OLD, NEW = "network: {} # \udcff\r\n", "network: {version: 2}\n"


class Machine:
    """A folder that stands for a host: the role's store, a file that changes, one that is made, and a netplan."""

    def __init__(self, root):
        self.store = str(root / "store")
        self.root = root
        self.changed, self.made = str(root / "50 cloud's.yaml"), str(root / "60.yaml")
        files.write(files.Change(self.changed, None, OLD, 0o640))
        os.utime(self.changed, (1000, 1000))
        netplan = root / "bin/netplan"
        netplan.parent.mkdir()
        netplan.write_text(f'#!/bin/sh\necho "$@" >>{root}/said\nexit "$(cat {root}/rc 2>/dev/null || echo 0)"\n')
        netplan.chmod(0o755)
        self.commands = []

    def change(self, leaving=False):
        changes = [files.Change(self.changed, OLD, NEW), files.Change(self.made, None, NEW)]
        switch.arm(self.store, 40, changes, leaving)
        assert files.read(self.changed) == OLD, "nothing is written before the switch is set"
        for one in changes:
            files.write(one)

    def fire(self, *arguments):
        """As timer and boot unit do."""
        path = f"{self.root}/bin:{os.environ['PATH']}"
        return subprocess.run([f"{self.store}/restore", *arguments], env={"PATH": path}, check=False).returncode

    def as_before(self):
        status = os.stat(self.changed)
        same = files.read(self.changed) == OLD and (status.st_mode & 0o777, status.st_mtime) == (0o640, 1000)
        return same and files.read(self.made) is None

    def said(self):
        return (files.read(f"{self.root}/said") or "").split("\n")[:-1]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path)
    monkeypatch.setattr(switch, "run", lambda command, **more: made.commands.append(command) or "")
    monkeypatch.setattr(switch, "UNIT_FOLDER", str(tmp_path / "units"))
    monkeypatch.setattr(switch, "BOOT_WANTED_BY", str(tmp_path / "units/wanted"))
    return made


def test_an_unconfirmed_change_goes_back_with_bytes_mode_and_time(machine):
    machine.change()
    assert switch.waiting(machine.store)
    assert machine.fire("nobody confirmed within 40 s") == 0
    assert machine.as_before()
    assert machine.said() == ["apply"]
    assert not switch.waiting(machine.store)
    with pytest.raises(switch.Unconfirmed, match=r"configuration of before is back: nobody confirmed within 40 s$"):
        switch.confirm(machine.store)


def test_at_boot_the_files_are_generated_and_nothing_is_applied(machine):
    machine.change()
    assert files.read(f"{switch.UNIT_FOLDER}/{switch.BOOT_UNIT}")
    assert machine.fire("restarted", "boot") == 0
    assert machine.as_before()
    assert machine.said() == ["generate"]
    assert not os.path.exists(f"{switch.UNIT_FOLDER}/{switch.BOOT_UNIT}")


def test_a_restoration_that_was_cut_off_is_taken_up_again(machine):
    machine.change()
    files.write(files.Change(f"{machine.root}/rc", None, "1"))
    assert machine.fire("cut off") != 0
    with pytest.raises(switch.Unconfirmed, match="being put back"):
        switch.confirm(machine.store)
    files.write(files.Change(f"{machine.root}/rc", None, "0"))
    assert machine.fire("restarted", "boot") == 0
    assert machine.as_before()
    assert not switch.waiting(machine.store)


@pytest.mark.parametrize("leaving", [False, True])
def test_a_confirmed_change_stays_whatever_fires_late(machine, leaving):
    machine.change(leaving)
    assert switch.confirm(machine.store) is leaving
    assert machine.fire("too late") == 0
    assert files.read(machine.changed) == NEW
    assert machine.said() == []
    assert not os.path.exists(f"{switch.UNIT_FOLDER}/{switch.BOOT_UNIT}")
    assert ["systemctl", "stop", switch.TIMER_UNIT + ".timer"] in machine.commands
    assert switch.confirm(machine.store) is False, "an answer may get lost, and the question be asked again"


def test_the_boot_unit_is_there_before_the_change_is(machine, monkeypatch):
    """Or a power cut between the two would leave the new files for good."""
    seen = []
    monkeypatch.setattr(switch, "run", lambda command, **more: seen.append((command[0], switch.waiting(machine.store))))
    machine.change()
    assert seen == [("systemctl", False), ("systemd-run", True)]


def test_without_a_timer_nothing_waits_and_nothing_is_written(machine, monkeypatch):
    def refuse(command, **more):
        if command[0] == "systemd-run":
            raise CommandError("systemd-run: rc 1")
        return ""

    monkeypatch.setattr(switch, "run", refuse)
    with pytest.raises(CommandError):
        machine.change()
    assert machine.as_before()
    assert not switch.waiting(machine.store)
    assert not os.path.exists(f"{switch.UNIT_FOLDER}/{switch.BOOT_UNIT}")


def test_a_change_is_put_back_by_hand_too(machine):
    machine.change()
    assert machine.fire() == 0
    assert machine.as_before()
    with pytest.raises(switch.Unconfirmed, match="by hand"):
        switch.confirm(machine.store)
