# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One instance's host and its life: a thread that boots it, watches it, and brings it to what the topology wants."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from vpclab.fabric.build import Fabric
from vpclab.hosts import nspawn
from vpclab.hosts.disk import Disk
from vpclab.topology import Instance, InstanceState

log = logging.getLogger(__name__)

_PATIENCE = 30.0
"""Seconds a host has to shut down in good order; terminating one waits only a tenth of it."""

_POLL = 0.2


class Host:
    """A host. Its thread is the only one that starts and ends it; others say what is wanted and read its state."""

    def __init__(
        self,
        instance: Instance,
        *,
        fabric: Fabric,
        disk: Disk,
        machine: str,
        group: Path | None,
        image: Callable[[], Path],
        files: Mapping[str, str],
    ) -> None:
        self.instance = instance
        self.state: InstanceState = "pending"
        self.disk = disk
        self._fabric, self._machine, self._group = fabric, machine, group
        self._image, self._files = image, files
        self._run: nspawn.Run | None = None
        self._booted = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._live, name=instance.id, daemon=True)
        self._thread.start()

    @property
    def leader(self) -> int | None:
        """The host's init, as the machine numbers it; None while it is off."""
        run = self._run
        return run.leader if run else None

    @property
    def group(self) -> Path | None:
        """The host's control group."""
        return self._group

    def want(self, instance: Instance) -> None:
        """Say what the instance should be now."""
        with self._changed:
            self.instance = instance
            self._changed.notify_all()

    def join(self, timeout: float) -> None:
        """Wait until a terminated host has gone."""
        self._thread.join(timeout)

    def console(self) -> str:
        """The end of what it wrote to its console: 64 KiB, as EC2 keeps."""
        try:
            with self.disk.console.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - 65536))
                return file.read().decode(errors="replace").replace("\r", "")
        except FileNotFoundError:
            return ""

    def _live(self) -> None:
        while self.state != "terminated":
            try:
                self._step()
            except Exception as failure:
                # A host that can't start is stopped, as on EC2; the reason is for the log and the console.
                log.exception("%s (%s)", self.instance.id, self.instance.name)
                self._note(f"vpclab: {failure}")
                self._power_down(0)
                self.state = "stopped"

    def _step(self) -> None:
        wanted = self.instance
        if wanted.state == "terminated":
            self.state = "shutting-down"
            self._power_down(_PATIENCE / 10)
            self.disk.delete()
            self.state = "terminated"
        elif self._run is not None and (status := self._run.ended()) is not None:
            self._power_down(0)
            self.state = "stopped"
            if status == nspawn.REBOOT_STATUS and wanted.state == "running":
                self._boot(wanted)
        elif wanted.state == "stopped" and self._run is not None:
            self.state = "stopping"
            self._power_down(_PATIENCE)
            self.state = "stopped"
        elif wanted.state == "running" and wanted.boots > self._booted:
            if self._run is not None:
                self._run.reboot(_PATIENCE)
                self._power_down(0)
            self._boot(wanted)
        else:
            if wanted.state == "stopped":
                self.state = "stopped"
            with self._changed:
                if self.instance is wanted:
                    self._changed.wait(_POLL if self._run else None)

    def _boot(self, wanted: Instance) -> None:
        self.state = "pending"
        # Counted first: a boot that fails is not tried for ever.
        self._booted = wanted.boots
        if self.disk.mount(self._image()):
            self.disk.write(self._files)
        namespace = self._fabric.plug(wanted.id)
        self._run = nspawn.Run(nspawn.Machine(self._machine, self.disk, namespace, self._group))
        self.state = "running"
        log.info("%s (%s): booted from %s", wanted.id, wanted.name, wanted.image)

    def _power_down(self, timeout: float) -> None:
        if self._run is not None:
            if self._run.ended() is None:
                self._run.power_off(timeout)
            self._run = None
        self._fabric.unplug(self.instance.id)
        self.disk.unmount()

    def _note(self, text: str) -> None:
        self.disk.directory.mkdir(parents=True, exist_ok=True)
        with self.disk.console.open("a", encoding="utf-8") as console:
            console.write(text + "\n")


def memory(group: Path | None, leader: int | None) -> int | None:
    """Bytes of memory a host uses: its control group's where that is counted, else what its processes hold."""
    if group is None or leader is None:
        return None
    counted = group / "memory.current"
    if counted.exists():
        return int(counted.read_text(encoding="ascii"))
    pids = {int(line) for file in group.rglob("cgroup.procs") for line in file.read_text(encoding="ascii").split()}
    return sum(_proportional(pid) for pid in pids)


def _proportional(pid: int) -> int:
    """A process's proportional share of memory, in bytes: pages shared by several are counted once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
