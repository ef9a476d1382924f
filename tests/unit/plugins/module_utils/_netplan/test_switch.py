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
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

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
        later = root / "bin/systemd-run"
        later.write_text(f"#!/bin/sh\necho later >>{root}/said\n")
        later.chmod(0o755)
        self.commands = []

    def change(self, leaving=False):
        changes = [files.Change(self.changed, OLD, NEW), files.Change(self.made, None, NEW)]
        self.change_id = switch.arm(self.store, 40, changes, leaving)
        assert files.read(self.changed) == OLD, "nothing is written before the switch is set"
        for one in changes:
            files.write(one)

    def fire(self, *arguments):
        """As timer and boot unit do."""
        path = f"{self.root}/bin:{os.environ['PATH']}"
        return subprocess.run([f"{self.store}/restore", *arguments], env={"PATH": path}, check=False).returncode

    def spoil(self, tool, arguments):
        """A tool of the script's fails where its arguments have something in them."""
        path = self.root / "bin" / tool
        path.write_text(f'#!/bin/sh\ncase "$*" in {arguments}) exit 1; esac\nexec /bin/{tool} "$@"\n')
        path.chmod(0o755)

    def mend(self, tool):
        (self.root / "bin" / tool).unlink()

    def systemd(self, command, **more):
        """Stands for ``run``: the script runs at once, timers do not."""
        self.commands.append(command)
        if "--wait" in command and self.fire(*command[command.index(f"{self.store}/restore") + 1 :]):
            raise CommandError("systemd-run: rc 1:")
        return "active\n\ninactive\n" if command[:2] == ["systemctl", "show"] and self.timer else "inactive\n"

    timer = True

    def as_before(self):
        status = os.stat(self.changed)
        same = files.read(self.changed) == OLD and (status.st_mode & 0o777, status.st_mtime) == (0o640, 1000)
        return same and files.read(self.made) is None

    def said(self):
        return (files.read(f"{self.root}/said") or "").split("\n")[:-1]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    made = Machine(tmp_path)
    monkeypatch.setattr(switch, "run", made.systemd)
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
        switch.confirm(machine.store, machine.change_id)


@pytest.mark.parametrize("when", ["", "boot"])
def test_an_ipv4_address_that_putting_back_lost_is_asked_for_again(machine, when):
    for tool, text in (("ip", "exit 0"), ("networkctl", f'echo "$@" >>{machine.root}/said'), ("sleep", "exit 0")):
        path = machine.root / "bin" / tool
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    change = [files.Change(machine.changed, OLD, NEW)]
    switch.arm(machine.store, 40, change, leased="ens5")
    assert machine.fire("nobody confirmed", when) == 0
    assert machine.said() == (["generate"] if when else ["apply", "reconfigure ens5"])
    (machine.root / "bin/ip").write_text("#!/bin/sh\necho 2: ens5 inet 10.0.0.7/24\n")
    switch.arm(machine.store, 40, change, leased="ens5")
    assert machine.fire("nobody confirmed") == 0
    assert machine.said()[-1] == "apply"


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
        switch.confirm(machine.store, machine.change_id)
    files.write(files.Change(f"{machine.root}/rc", None, "0"))
    assert machine.fire("restarted", "boot") == 0
    assert machine.as_before()
    assert not switch.waiting(machine.store)


@pytest.mark.parametrize("leaving", [False, True])
def test_a_confirmed_change_stays_whatever_fires_late(machine, leaving):
    machine.change(leaving)
    switch.confirm(machine.store, machine.change_id)
    if not leaving:
        assert machine.fire("too late") == 0
    assert files.read(machine.changed) == NEW
    assert machine.said() == []
    assert not os.path.exists(f"{switch.UNIT_FOLDER}/{switch.BOOT_UNIT}")
    assert ["systemctl", "stop", switch.TIMER_UNIT + ".timer"] in machine.commands
    assert os.path.exists(machine.store) is not leaving
    switch.confirm(machine.store, machine.change_id)  # an answer may get lost, and the question be asked again
    assert os.path.exists(machine.store) is not leaving


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
        switch.confirm(machine.store, machine.change_id)


def test_a_host_on_which_nothing_changed_is_back_though_nothing_can_be_written(machine):
    switch.arm(machine.store, 40, [files.Change(machine.changed, OLD, NEW), files.Change(machine.made, None, NEW)])
    machine.spoil("cp", "*")
    switch.restore(machine.store, "the file could not be written")
    assert machine.as_before()
    assert not switch.waiting(machine.store)


def test_a_file_that_can_not_be_put_back_is_named_and_the_rest_is_back_and_it_is_tried_again(machine):
    other = f"{machine.root}/99 cloud.cfg"
    files.write(files.Change(other, None, OLD))
    changes = [files.Change(machine.changed, OLD, NEW), files.Change(machine.made, None, NEW)]
    changes.append(files.Change(other, OLD, NEW))
    machine.change_id = switch.arm(machine.store, 40, changes)
    for one in changes:
        files.write(one)
    machine.spoil("cp", "*/50*.restoring")
    machine.timer = False
    with pytest.raises(switch.Unconfirmed) as caught:
        switch.restore(machine.store, "the gateway does not answer")
    assert str(caught.value).startswith(f"not yet as before: {machine.changed} (see the journal), {machine.made} (")
    assert other not in str(caught.value)
    assert str(caught.value).endswith("This was begun because the gateway does not answer")
    assert files.read(other) == OLD
    assert files.read(machine.made) == NEW, "it may be what the host is reached by"
    assert not os.path.exists(machine.changed + ".restoring")
    last = machine.commands[-1]
    assert last[0] == "systemd-run"
    assert "--property=Restart=on-failure" in last

    files.write(files.Change(other, OLD, "its owner's"))
    machine.mend("cp")
    assert machine.fire("again") == 0
    assert machine.as_before()
    assert files.read(other) == "its owner's", "what was back is not put back again"
    with pytest.raises(switch.Unconfirmed, match=r"back: the gateway does not answer$"):
        switch.confirm(machine.store, machine.change_id)


def test_netplan_is_not_asked_again_and_again_while_a_file_is_missing(machine):
    machine.change()
    machine.spoil("cp", "*")
    assert [machine.fire("why") for _ in range(3)] == [1, 1, 1]
    assert machine.said() == ["apply"]
    machine.mend("cp")
    assert machine.fire("why") == 0
    assert machine.said() == ["apply", "apply"]


def test_a_boot_that_can_not_put_a_file_back_goes_on_and_tries_later(machine):
    machine.change()
    machine.spoil("cp", "*")
    assert machine.fire("restarted", "boot") == 1
    assert machine.said() == ["generate", "later"]
    machine.mend("cp")
    assert machine.fire("restarted") == 0
    assert machine.said() == ["generate", "later", "apply"]
    assert machine.as_before()


def test_files_that_are_back_and_not_applied_are_said_to_be(machine):
    machine.change()
    files.write(files.Change(f"{machine.root}/rc", None, "1"))
    with pytest.raises(switch.Unconfirmed, match="every file is as before, but netplan does not apply them"):
        switch.restore(machine.store, "x")


def test_a_full_disk_does_not_hide_that_the_change_was_put_back(machine):
    machine.change()
    os.mkdir(f"{machine.store}/pending/why.new")
    assert machine.fire("nobody confirmed within 40 s") == 0
    with pytest.raises(switch.Unconfirmed, match=r"back: nobody confirmed$"):
        switch.confirm(machine.store, machine.change_id)


def test_a_run_finishes_what_an_earlier_one_left(machine):
    machine.change()
    machine.spoil("cp", "*")
    machine.fire("cut off")
    with pytest.raises(switch.Unconfirmed, match=f"not yet as before: {machine.changed}"):
        switch.finish(machine.store)
    machine.mend("cp")
    switch.finish(machine.store)
    assert machine.as_before()
    assert not switch.waiting(machine.store)
    commands = len(machine.commands)
    switch.finish(machine.store)
    assert len(machine.commands) == commands


def test_a_change_that_another_run_has_yet_to_confirm_stays_its_own(machine):
    machine.change()
    for attempt in (lambda: switch.finish(machine.store), lambda: switch.arm(machine.store, 40, [])):
        with pytest.raises(switch.Unconfirmed, match="another run"):
            attempt()
    assert files.read(machine.changed) == NEW
    machine.timer = False  # nobody would put it back
    switch.finish(machine.store)
    assert machine.as_before()


def late(machine, leaving=False):
    """A run whose controller slept until its change had been put back."""
    machine.change(leaving)
    machine.fire("nobody confirmed within 40 s")
    return machine.change_id


def refusal(machine, change_id):
    with pytest.raises(switch.Unconfirmed) as caught:
        switch.confirm(machine.store, change_id)
    return str(caught.value)


def test_who_comes_late_does_not_confirm_anothers_change(machine):
    first = late(machine)
    machine.change()
    said = refusal(machine, first)
    assert said.startswith(
        f"not confirmed: the host's last change must be this run's, {first}, got {machine.change_id}"
    )
    assert said.endswith("another run's, which waits to be confirmed; run again")
    assert switch.waiting(machine.store), "its own run has yet to come"
    switch.confirm(machine.store, machine.change_id)
    assert refusal(machine, first).endswith("another run's, which was confirmed; run again")


def test_who_comes_late_is_told_that_the_others_change_went_back_too(machine):
    first = late(machine)
    assert late(machine) != first
    assert "which was put back (nobody confirmed within 40 s)" in refusal(machine, first)


def test_who_comes_late_to_a_host_that_another_run_has_left_is_told_so(machine):
    first = late(machine)
    machine.change(leaving=True)
    switch.confirm(machine.store, machine.change_id)
    assert (
        refusal(machine, first) == f"not confirmed: nothing is left of this run's change, {first}: another run has left"
    )
    assert not os.path.exists(machine.store)


def test_two_runs_at_once_do_not_share_a_switch(machine):
    with switch._alone(machine.store), pytest.raises(switch.Unconfirmed, match="another run is changing"):
        machine.change()
    assert machine.as_before()


def test_what_was_planned_from_other_files_is_not_written(machine):
    with pytest.raises(switch.Unconfirmed, match="run again"):
        switch.arm(machine.store, 40, [files.Change(machine.changed, "earlier", NEW)])
    assert not switch.waiting(machine.store)


def test_a_folder_that_can_not_be_written_to_is_refused_beforehand(machine, monkeypatch):
    def read_only(dir, **more):
        raise OSError(30, "Read-only file system", dir)

    monkeypatch.setattr(switch.tempfile, "NamedTemporaryFile", read_only)
    with pytest.raises(PlanError) as caught:
        machine.change()
    rule = "must be in a folder that can be written to; nothing was changed, got Read-only file system"
    assert f"{machine.changed}: {rule}" in str(caught.value)
    assert not os.path.exists(machine.store)
    assert machine.commands == []
