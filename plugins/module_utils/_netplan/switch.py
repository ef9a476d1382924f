# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch: a change of the network puts itself back unless somebody confirms it in time.

A change that waits is a folder, ``pending``, with copies of what it replaces. Whoever renames that folder has decided:
``confirmed`` by the run that made it, or ``restoring`` by the script that a timer runs, or, after a reboot, a unit
which runs before the network is configured. Renaming is atomic, and the script picks up ``restoring`` where a crash, or
a file that could not be written, left it: systemd runs it again until all is back.

Every function raises CommandError or OSError when the host can't do it.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import secrets
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator

from .._host import files, originals
from .._host.commands import CommandError, run
from .._plan.errors import Problems
from . import texts

TIMER_UNIT = "ipv6-aws-containers-netplan-restore"
APPLY_UNIT = "ipv6-aws-containers-netplan-apply"
BOOT_UNIT = "ipv6-aws-containers-netplan-boot.service"
UNIT_FOLDER = "/etc/systemd/system"
BOOT_WANTED_BY = f"{UNIT_FOLDER}/sysinit.target.wants/{BOOT_UNIT}"
APPLY_SECONDS = 45.0
#: A restoration that fails is tried again after so many seconds, and so many times: for an hour.
AGAIN_SECONDS, AGAIN_TIMES = 15, 240
#: The file in the store that says which change was the last one to be made.
LAST = "change"
_LEAVING = "absent-"


class Unconfirmed(Exception):
    """The host did not come to what is wanted, or went back from it."""


def waiting(store: str) -> bool:
    """Whether a change waits to be confirmed, or is being put back."""
    return any(os.path.isdir(os.path.join(store, name)) for name in ("pending", "restoring"))


def finish(store: str) -> None:
    """Before a run plans: put back what an earlier one left behind. Nothing happens where nothing is left.

    Raises Unconfirmed when another run's change waits for its confirmation, or with what is not back.
    """
    if not waiting(store):
        return
    with _alone(store):
        if not os.path.isdir(os.path.join(store, "restoring")) and _is_set():
            raise Unconfirmed(
                "nothing was changed, because another run's change waits to be confirmed; without that it is put back"
                f" when its time is over ({_script(store)} puts it back now)"
            )
        files.write(files.change(_script(store), _script_text(), 0o700))
        restore(store, "an earlier run ended before anybody confirmed")


def arm(store: str, seconds: int, changes: Iterable[files.Change], leaving: bool = False, leased: str = "") -> str:
    """Keep what ``changes`` replace, and set timer and boot unit. Nothing of it is written yet when this returns.

    Returns the change's identity, without which nobody can confirm it.

    Where the timer can't be set, nothing waits and the host is as it was. Raises PlanError for files that could not
    be written, or put back; Unconfirmed when another run was faster.

    ``leaving``: the change undoes all that the role did; when it is confirmed, the store goes too. ``leased``: an
    interface that has an IPv4 address, and has one again when the change has been put back.
    """
    changes = list(changes)
    change_id = (_LEAVING if leaving else "present-") + secrets.token_hex(8)
    unit = f"{UNIT_FOLDER}/{BOOT_UNIT}"
    _check_folders([*(one.path for one in changes), unit, _script(store)])
    with _alone(store):
        if waiting(store) or any(files.read(one.path) != one.before for one in changes):
            raise Unconfirmed("nothing was changed, because another run has changed the host meanwhile; run again")
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
        files.write(files.Change(os.path.join(new, "why"), None, "nobody confirmed\n", 0o600))
        if leased:
            files.write(files.Change(os.path.join(new, "ipv4"), None, leased + "\n", 0o600))
        files.write(files.change(os.path.join(store, LAST), change_id + "\n", 0o600))
        files.write(files.change(os.path.join(store, "restored"), None))
        files.write(files.change(_script(store), _script_text(), 0o700))
        files.write(files.change(unit, texts.UNIT.format(store=store), 0o644))
        run(["systemctl", "--quiet", "enable", BOOT_UNIT])
        os.sync()
        os.rename(new, os.path.join(store, "pending"))
        os.sync()
        try:
            run([*_timer(seconds), _script(store), f"nobody confirmed within {seconds} s"])
        except CommandError:
            shutil.rmtree(os.path.join(store, "pending"))
            _disarm()
            raise
    return change_id


def confirm(store: str, change_id: str) -> None:
    """Let the change stay that :func:`arm` gave this identity.

    One that is confirmed already stays so: a confirmation whose answer was lost is sent again. Raises Unconfirmed, with
    what there is instead, when the change has been put back, or is about to be, or when another was made since.
    """
    if not os.path.isdir(store):
        # With a confirmed change that left, the store went too.
        if change_id.startswith(_LEAVING):
            return
        raise Unconfirmed(f"not confirmed: nothing is left of this run's change, {change_id}: another run has left")
    with _alone(store, wait=True):
        last = (files.read(os.path.join(store, LAST)) or "none").strip()
        if last != change_id:
            raise Unconfirmed(
                f"not confirmed: the host's last change must be this run's, {change_id}, got {last}, another run's,"
                f" which {_fate(store)}; run again"
            )
        confirmed = os.path.join(store, "confirmed")
        shutil.rmtree(confirmed, ignore_errors=True)
        try:
            os.rename(os.path.join(store, "pending"), confirmed)
        except FileNotFoundError:
            if waiting(store):
                being = f"the configuration of before is being put back (journalctl -u {TIMER_UNIT})"
                raise Unconfirmed(f"not confirmed: {being}") from None
            why = files.read(os.path.join(store, "restored"))
            if why is None:
                return
            raise Unconfirmed(f"the configuration of before is back: {why.strip()}") from None
        shutil.rmtree(confirmed)
        _disarm()
        if change_id.startswith(_LEAVING):
            originals.forget(store)


def _fate(store: str) -> str:
    """What became of the last change, as a clause."""
    if os.path.isdir(os.path.join(store, "pending")):
        return "waits to be confirmed"
    why = "not yet finished" if waiting(store) else files.read(os.path.join(store, "restored"))
    return f"was put back ({why.strip()})" if why else "was confirmed"


def restore(store: str, why: str) -> None:
    """Put the change back now. Raises Unconfirmed, with what is not back, when that is tried again later."""
    try:
        _detached(TIMER_UNIT + "-now", [_script(store), why])
    except CommandError as error:
        if waiting(store):
            with contextlib.suppress(CommandError):
                if not _is_set():
                    run([*_timer(AGAIN_SECONDS), _script(store), why])
            raise Unconfirmed(f"{_state(store)}. This was begun because {why}") from error
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


def _script_text() -> str:
    again = shlex.join(_timer(AGAIN_SECONDS))
    unit = f"{UNIT_FOLDER}/{BOOT_UNIT}"
    return texts.SCRIPT.replace("{wanted_by}", BOOT_WANTED_BY).replace("{unit}", unit).replace("{again}", again)


def _timer(seconds: int) -> list[str]:
    """What runs a command after so many seconds, and again for as long as it fails."""
    again = {
        "Restart": "on-failure",
        "RestartSec": str(AGAIN_SECONDS),
        "StartLimitIntervalSec": str(2 * AGAIN_SECONDS * AGAIN_TIMES),
        "StartLimitBurst": str(AGAIN_TIMES),
    }
    timer = ["--unit", TIMER_UNIT, "--on-active", str(seconds), "--timer-property=AccuracySec=100ms", "--collect"]
    return ["systemd-run", "--quiet", *timer, *(f"--property={key}={value}" for key, value in again.items())]


def _is_set() -> bool:
    """Whether a timer runs, or the script does, or will again."""
    units = [f"{TIMER_UNIT}.{kind}" for kind in ("timer", "service")]
    states = run(["systemctl", "show", "--property=ActiveState", "--value", *units]).split()
    return any(state not in ("inactive", "failed") for state in states)


@contextlib.contextmanager
def _alone(store: str, wait: bool = False) -> Iterator[None]:
    """Keep other runs out. Raises Unconfirmed when one is in, unless told to ``wait`` until it is out.

    (The script has a lock of its own.)
    """
    os.makedirs(store, exist_ok=True)
    with open(os.path.join(store, "run.lock"), "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unconfirmed("nothing was changed, because another run is changing the host's network") from None
        yield


def _refusal(path: str) -> str | None:
    """Why no file can be written in the folder of ``path``, or in the one that it would be made in; None if it can."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".ipv6-aws-containers-") as tried:
            tried.write(b"\n" * 4096)
    except OSError as error:
        return error.strerror
    return None


def _check_folders(paths: Iterable[str]) -> None:
    """Raise PlanError for files that can't be written: what can't be put back is not changed either."""
    problems = Problems()
    for path in paths:
        refusal = _refusal(path)
        if refusal:
            problems.add(path, "must be in a folder that can be written to; nothing was changed", refusal)
    problems.raise_if_any()


def _undone(store: str) -> list[str]:
    """The files that are not as they were."""
    began = next(name for name in ("restoring", "pending") if os.path.isdir(os.path.join(store, name)))
    root = os.path.join(store, began, "files")
    saved = [os.path.join(folder, name) for folder, _folders, names in os.walk(root) for name in names]
    pairs = [(kept, "/" + os.path.relpath(kept, root)) for kept in saved]
    changed = [path for kept, path in pairs if not (os.path.isfile(path) and filecmp.cmp(kept, path, shallow=False))]
    made = (files.read(os.path.join(store, began, "made")) or "").splitlines()
    return sorted(changed) + [path for path in made if os.path.exists(path)]


def _state(store: str) -> str:
    """Which state a host is in whose restoration failed, as a clause."""
    undone = [f"{path} ({_refusal(path) or 'see the journal'})" for path in _undone(store)]
    then = (
        f"this is tried again every {AGAIN_SECONDS} s for an hour, at the next restart and by the next run"
        f" ({_script(store)} tries it now; journalctl -u {TIMER_UNIT})"
    )
    if undone:
        return f"not yet as before: {', '.join(undone)}; {then}"
    return f"every file is as before, but netplan does not apply them, so that the network may not be; {then}"


def _copy(path: str, to: str) -> None:
    """With owner, mode and time, as ``cp -a`` puts it back."""
    os.makedirs(os.path.dirname(to), mode=0o700, exist_ok=True)
    shutil.copy2(path, to)
    status = os.stat(path)
    os.chown(to, status.st_uid, status.st_gid)


def _disarm() -> None:
    """Take timer and boot unit away; either may have gone already."""
    # The service too: one that waits for its next try would take the next change for its own.
    stop = [["systemctl", "stop", f"{TIMER_UNIT}.{kind}"] for kind in ("timer", "service")]
    for command in (*stop, ["systemctl", "--quiet", "disable", BOOT_UNIT]):
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
