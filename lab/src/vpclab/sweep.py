# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes away what a lab left: found by the marks of `owner`, whether or not a daemon is left to tell of it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from vpclab import namespaces
from vpclab.errors import LabError
from vpclab.hosts.nspawn import unified
from vpclab.owner import NAMESPACES, Lab
from vpclab.run import run

Progress = Callable[[str], None]

_GRACE = 60.0
"""Seconds a daemon has to end its hosts in good order."""

_NSPAWN = Path("/run/systemd/nspawn")


def daemon_pid(lab: Lab) -> int | None:
    """The running daemon of a lab; None when there is none, also when its process id is another process's by now."""
    try:
        pid = int(lab.pid_file.read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if b"vpclab.daemon" in words and lab.name.encode() in words else None


def stop_daemon(lab: Lab, progress: Progress) -> None:
    """Have the daemon end its hosts and itself; kill it when it does not."""
    pid = daemon_pid(lab)
    if pid is None:
        return
    progress("ending the daemon and its hosts")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while daemon_pid(lab) is not None:
        if time.monotonic() > deadline:
            progress(f"the daemon ({pid}) does not end, killing it")
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
            return
        time.sleep(0.1)


def leftovers(lab: Lab) -> list[str]:
    """What is there of a lab, in words; empty when there is nothing."""
    found = [f"process {pid}" for pid in sorted(processes(lab))]
    found += [f"mount {path}" for path in mounts(lab)]
    found += [f"namespace {name}" for name in lab_namespaces(lab)]
    found += [f"directory {path}" for path in (lab.run, lab.disks) if path.exists()]
    found += [f"control group {path}" for path in _groups(lab)[-1:]]
    return found


def sweep(lab: Lab, progress: Progress) -> None:
    """Take away everything of a lab whose daemon is gone; raises LabError naming what stays."""
    pids = processes(lab)
    if pids:
        progress(f"ending {len(pids)} processes of hosts")
        _kill(lab)
    for mounted in mounts(lab):
        progress(f"unmounting {mounted}")
        run("umount", "--lazy", mounted)
    names = lab_namespaces(lab)
    if names:
        progress(f"deleting {len(names)} network namespaces")
    for name in names:
        namespaces.delete(name)
    for path in (lab.disks, lab.run):
        if path.exists():
            progress(f"deleting {path}")
            shutil.rmtree(path)
    for path in _groups(lab):
        path.rmdir()
    for path in _NSPAWN.glob(f"*/{lab.name}-*"):
        _forget(lab, path)
    stays = leftovers(lab)
    if stays:
        raise LabError(f"lab {lab.name}: could not take away {', '.join(stays)}", do="run lab down once more")


def processes(lab: Lab) -> set[int]:
    """Processes in a lab's namespaces or control groups."""
    inodes = {namespaces.inode(name) for name in lab_namespaces(lab)} - {None}
    found = {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _net(pid) in inodes}
    for group in _groups(lab):
        found |= {int(line) for line in _read(group / "cgroup.procs").split()}
    return found - {os.getpid()}


def mounts(lab: Lab) -> list[str]:
    """Mount points on a lab's disks, the innermost first."""
    lines = _read(Path("/proc/self/mountinfo")).splitlines()
    return sorted(
        (path for line in lines if (path := line.split()[4]).startswith(f"{lab.disks}/")), key=len, reverse=True
    )


def lab_namespaces(lab: Lab) -> list[str]:
    """The names of a lab's network namespaces."""
    return sorted(path.name for path in NAMESPACES.glob(f"{lab.namespace('')}*"))


def _groups(lab: Lab) -> list[Path]:
    """A lab's control groups, the innermost first."""
    top = unified()
    base = top / lab.group if top else None
    if base is None or not base.exists():
        return []
    return sorted((*(path for path in base.rglob("*") if path.is_dir()), base), key=lambda path: -len(path.parts))


def _kill(lab: Lab) -> None:
    deadline = time.monotonic() + 10
    while pids := processes(lab):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise LabError(f"lab {lab.name}: processes {sorted(pids)} do not end", do="run lab down once more")
        time.sleep(0.1)


def _forget(lab: Lab, path: Path) -> None:
    """nspawn's own directories for a host that did not end in good order."""
    inner = [line.split()[4] for line in _read(Path("/proc/self/mountinfo")).splitlines()]
    for mounted in sorted((where for where in inner if Path(where).is_relative_to(path)), key=len, reverse=True):
        run("umount", "--lazy", mounted)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _net(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
