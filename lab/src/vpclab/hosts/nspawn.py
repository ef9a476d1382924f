# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a host under systemd-nspawn, from power on to power off. Each flag was measured to be needed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from vpclab.errors import LabError
from vpclab.hosts.disk import Disk
from vpclab.owner import NAMESPACES

REBOOT_STATUS = 133
"""How nspawn says that its host asked for a reboot, and not for power off."""

_CAP_SYS_RESOURCE = 24
_POWER_OFF = signal.SIGRTMIN + 4
_REBOOT = signal.SIGRTMIN + 5


@dataclass(frozen=True, slots=True)
class Machine:
    """What a host runs in: names, disk, network namespace and control group (None without a version 2 hierarchy)."""

    name: str
    disk: Disk
    namespace: str
    group: Path | None


class Run:
    """A host that has been started."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        with machine.disk.console.open("ab") as console:
            self._process = subprocess.Popen(
                command(machine),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), **_environment()},
                start_new_session=True,
            )

    @property
    def leader(self) -> int | None:
        """The process that is the host's init, as the machine numbers it; None before it has started and after."""
        pid = self._process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def ended(self) -> int | None:
        """Exit status once the host is off; None while it runs."""
        return self._process.poll()

    def power_off(self, timeout: float) -> None:
        """Shut the host down in good order, at the latest in ``timeout`` seconds by pulling the plug."""
        self._tell(_POWER_OFF, timeout)

    def reboot(self, timeout: float) -> None:
        """Have the host shut down to be started again."""
        self._tell(_REBOOT, timeout)

    def pull_the_plug(self) -> None:
        """End the host at once, with all its processes."""
        leader = self.leader
        for pid in (leader, self._process.pid):
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        self._process.wait(timeout=10)

    def _tell(self, number: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        leader = self.leader
        if leader is not None:
            os.kill(leader, number)
            while self.ended() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        if self.ended() is None:
            self.pull_the_plug()


def command(machine: Machine) -> list[str]:
    """The command that starts a host; it ends when the host is off."""
    start = ["nsenter", f"--net={NAMESPACES / machine.namespace}", "--", "systemd-nspawn"]
    start += ["--quiet", "--settings=no", "--resolv-conf=off", "--timezone=off", "--link-journal=no"]
    start += ["--register=no", "--keep-unit", "--console=read-only", "--boot"]
    start += [f"--machine={machine.name}", f"--directory={machine.disk.root}"]
    start += ["--capability=CAP_NET_ADMIN,CAP_SYS_ADMIN", "--system-call-filter=@keyring bpf"]
    if not _has_sys_resource():
        start.append("--drop-capability=CAP_SYS_RESOURCE")
    start += [f"--bind={outside}:{inside}" for outside, inside in machine.disk.binds]
    if machine.group is None:
        return start
    # A control group of its own: nspawn makes its payload's below the one it is started in.
    return ["/bin/sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', str(machine.group), *start]


def unified() -> Path | None:
    """Where the version 2 hierarchy of control groups is mounted."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    return None


def make_group(parts: tuple[str, ...]) -> Path | None:
    """A control group below the root; None on a machine without the version 2 hierarchy."""
    top = unified()
    if top is None:
        return None
    path = top.joinpath(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            f"control group {path}: {error.strerror}", do="run the lab as root, outside a container"
        ) from error
    return path


def _environment() -> dict[str, str]:
    found = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1"}
    if unified() != Path("/sys/fs/cgroup"):
        # A hybrid machine: the hosts' systemd is given the version 2 hierarchy, not the machine's mixture.
        found["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
    return found


def _has_sys_resource() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _CAP_SYS_RESOURCE & 1)
