# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch: a change of the network puts itself back unless somebody confirms it in time.

A change that waits is a folder, ``pending``, with copies of what it replaces. Whoever renames that folder has decided:
``confirmed`` by a later task, or ``restoring`` by the script that a timer runs, or, after a reboot, a unit which runs
before the network is configured. Renaming is atomic, and the script picks up ``restoring`` where a crash left it.

Every function raises CommandError or OSError when the host can't do it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable

from .._host import files
from .._host.commands import CommandError, run

TIMER_UNIT = "ipv6-aws-containers-netplan-restore"
APPLY_UNIT = "ipv6-aws-containers-netplan-apply"
BOOT_UNIT = "ipv6-aws-containers-netplan-boot.service"
UNIT_FOLDER = "/etc/systemd/system"
BOOT_WANTED_BY = f"{UNIT_FOLDER}/sysinit.target.wants/{BOOT_UNIT}"
APPLY_SECONDS = 45.0

# Netplan's generator has run when the boot unit starts; up to 1.1 it has written networkd's files, so they are
# generated again. From 1.2 netplan-configure.service writes them, after the boot unit.
_SCRIPT = """\
#!/bin/sh
# Puts back what was before a change of the network that nobody confirmed.
# $1: why. $2: "boot" when the network is not configured yet.
set -eu
cd "$(dirname "$0")"
exec 9>lock
flock 9
[ -d restoring ] || mv pending restoring 2>/dev/null || exit 0
(cd restoring/files && find . -type f) | while IFS= read -r path; do
    cp -a "restoring/files/$path" "/$path.restoring"
    mv -f "/$path.restoring" "/$path"
done
while IFS= read -r path; do rm -f "$path"; done <restoring/made
sync
if [ "${2:-}" = boot ]; then netplan generate; else netplan apply || netplan apply; fi
echo "${1:-by hand}" >restored
rm -rf restoring
rm -f {wanted_by} {unit}
"""

_UNIT = """\
# Written by the Ansible role ipv6.aws_containers.netplan; it goes when the change is confirmed.
[Unit]
Description=Put back the network configuration of before an unconfirmed change
DefaultDependencies=no
RequiresMountsFor={store}
After=local-fs.target
Wants=network-pre.target
Before=network-pre.target systemd-networkd.service netplan-configure.service cloud-init-main.service
Before=cloud-init-local.service shutdown.target
Conflicts=shutdown.target
ConditionPathExists=|{store}/pending
ConditionPathExists=|{store}/restoring

[Service]
Type=oneshot
ExecStart={store}/restore "the host was restarted before anybody confirmed" boot

[Install]
WantedBy=sysinit.target
"""


class Unconfirmed(Exception):
    """The host did not come to what is wanted, or went back from it."""


def waiting(store: str) -> bool:
    """Whether a change waits to be confirmed, or is being put back."""
    return any(os.path.isdir(os.path.join(store, name)) for name in ("pending", "restoring"))


def arm(store: str, seconds: int, changes: Iterable[files.Change], leaving: bool = False) -> None:
    """Keep what ``changes`` replace, and set timer and boot unit. Nothing of it is written yet when this returns.

    Where the timer can't be set, nothing waits and the host is as it was.

    ``leaving``: the change undoes all that the role did; :func:`confirm` says so to whoever confirms it.
    """
    new = os.path.join(store, "pending.new")
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(os.path.join(new, "files"), mode=0o700)
    made = []
    for one in changes:
        if one.before is None:
            made.append(one.path)
        else:
            _copy(one.path, os.path.join(new, "files", one.path.lstrip("/")))
    files.write(files.Change(os.path.join(new, "made"), None, "".join(path + "\n" for path in made), 0o600))
    if leaving:
        files.write(files.Change(os.path.join(new, "leaving"), None, "", 0o600))
    files.write(files.change(os.path.join(store, "restored"), None))
    unit = f"{UNIT_FOLDER}/{BOOT_UNIT}"
    script = _SCRIPT.replace("{wanted_by}", BOOT_WANTED_BY).replace("{unit}", unit)
    files.write(files.change(_script(store), script, 0o700))
    files.write(files.change(unit, _UNIT.format(store=store), 0o644))
    run(["systemctl", "--quiet", "enable", BOOT_UNIT])
    os.sync()
    os.rename(new, os.path.join(store, "pending"))
    os.sync()
    timer = ["--unit", TIMER_UNIT, "--on-active", str(seconds), "--timer-property=AccuracySec=100ms", "--collect"]
    try:
        run(["systemd-run", "--quiet", *timer, _script(store), f"nobody confirmed within {seconds} s"])
    except CommandError:
        shutil.rmtree(os.path.join(store, "pending"))
        _disarm()
        raise


def confirm(store: str) -> bool:
    """Let the change stay; returns whether it was one of leaving.

    Where nothing waits, nothing happens: a confirmation whose answer was lost is sent again. Raises Unconfirmed, with
    the reason, when the change has been put back, or is about to be.
    """
    confirmed = os.path.join(store, "confirmed")
    shutil.rmtree(confirmed, ignore_errors=True)
    try:
        os.rename(os.path.join(store, "pending"), confirmed)
    except FileNotFoundError:
        why = "being put back" if waiting(store) else files.read(os.path.join(store, "restored"))
        if why is None:
            return False
        raise Unconfirmed(f"the configuration of before is back: {why.strip()}") from None
    leaving = os.path.exists(os.path.join(confirmed, "leaving"))
    shutil.rmtree(confirmed)
    _disarm()
    return leaving


def restore(store: str, why: str) -> None:
    """Put the change back now."""
    _detached(TIMER_UNIT + "-now", [_script(store), why])
    _disarm()


def apply() -> None:
    """``netplan apply``."""
    _detached(APPLY_UNIT, ["netplan", "apply"])


def wait(what: Callable[[], list[str]], seconds: float) -> list[str]:
    """Wait until ``what`` has nothing left to say; return what it last said."""
    end = time.monotonic() + seconds
    while True:
        seen = what()
        if not seen or time.monotonic() > end:
            return seen
        time.sleep(0.2)


def _script(store: str) -> str:
    return os.path.join(store, "restore")


def _copy(path: str, to: str) -> None:
    """With owner, mode and time, as ``cp -a`` puts it back."""
    os.makedirs(os.path.dirname(to), mode=0o700, exist_ok=True)
    shutil.copy2(path, to)
    status = os.stat(path)
    os.chown(to, status.st_uid, status.st_gid)


def _disarm() -> None:
    """Take timer and boot unit away; either may have gone already."""
    for command in (["systemctl", "stop", TIMER_UNIT + ".timer"], ["systemctl", "--quiet", "disable", BOOT_UNIT]):
        try:
            run(command)
        except CommandError:
            continue
    if os.path.exists(f"{UNIT_FOLDER}/{BOOT_UNIT}"):
        os.unlink(f"{UNIT_FOLDER}/{BOOT_UNIT}")
        run(["systemctl", "daemon-reload"])


def _detached(unit: str, command: list[str]) -> None:
    """Run in a unit of its own, which goes on when the connection that we came by, and with it this process, ends."""
    run(["systemd-run", "--quiet", "--wait", "--collect", "--unit", unit, *command], seconds=APPLY_SECONDS)
