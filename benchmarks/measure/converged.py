# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a converged playbooks/configure.yml costs: tasks that touch a host, and wall time beside that by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .lab import IMAGES, INSTANCE_TYPE, WEB, Machine
from .report import Bar, at_most

TASKS = 25  # a host, in a converged run
# Both modes, two engines, the default network; each host runs a container with a port.
KINDS: tuple[dict[str, Any], ...] = (
    {"image": IMAGES["trixie"], "container_mode": "block"},
    {"image": IMAGES["forky"], "container_mode": "prefix"},
)


def fleet(size: int) -> dict[str, dict[str, Any]]:
    """The hosts of the inventory, by name."""
    return {
        f"host-{number}": {
            **KINDS[(number - 1) % len(KINDS)],
            "instance_type": INSTANCE_TYPE,
            "containers": [{"name": f"web-{number}", "image": WEB, "ports": ["80/tcp"]}],
        }
        for number in range(1, size + 1)
    }


def by_hand(
    hosts: Mapping[str, Mapping[str, Any]], machines: Mapping[str, Machine], known_hosts: Path
) -> dict[str, dict[str, Any]]:
    """The same hosts for a playbook that knows nothing of EC2: where they are is written down.

    They are reached over the very connections that the other playbook keeps open.
    """
    releases = {image: release for release, image in IMAGES.items()}
    written = {}
    for name, host in hosts.items():
        machine = machines[name]
        written[name] = {
            "ansible_host": str(machine.address),
            "ansible_control_path": f"%(directory)s/{machine.instance_id}",
            "ansible_ssh_extra_args": (f"-o HostKeyAlias={machine.instance_id} -o UserKnownHostsFile={known_hosts}"),
            "archive": "http://archive.lab.test/debian",
            "release": releases[host["image"]],
            "host_address": str(machine.address),
            "container_prefix": str(machine.block),
        }
    return written


@dataclass(frozen=True)
class Converged:
    """One run that had nothing to do. ``tasks`` and ``runs``, of a loop's items each, are those of the host with most.

    ``touching`` are the seconds in which a host was touched, ``controller`` the rest of the play; what is left of
    ``seconds`` is Ansible's own start and end.
    """

    hosts: int
    seconds: float
    tasks: int
    runs: int
    changed: int
    touching: float
    controller: float


def read(said: Mapping[str, Any], hosts: Iterable[str], seconds: float) -> Converged:
    """A run by what the callback ``touched`` wrote of it."""
    names = list(hosts)
    missing = [name for name in names if not any(entry["host"] == name for entry in said["tasks"])]
    if missing:
        raise ValueError(f"hosts: the run must have been about all of them, but wasn't about {', '.join(missing)}")
    touched = {name: [entry for entry in said["tasks"] if entry["host"] == name and entry["touches"]] for name in names}
    windows = windows_of(said)
    return Converged(
        hosts=len(names),
        seconds=seconds,
        tasks=max(len(entries) for entries in touched.values()),
        runs=max(sum(entry["runs"] for entry in entries) for entries in touched.values()),
        changed=sum(counts["changed"] for counts in said["hosts"].values()),
        touching=sum(took for _, took, touches in windows if touches),
        controller=sum(took for _, took, touches in windows if not touches),
    )


def windows_of(said: Mapping[str, Any]) -> list[tuple[str, float, bool]]:
    """The tasks in the order of the play: name, seconds from the first host's beginning to the last one's end, touches.

    Hosts take a task together, so tasks don't overlap, and a task that comes twice (a role's that is included twice) is
    told apart by the time between.
    """
    found: list[list[Any]] = []
    for entry in sorted(said["tasks"], key=lambda entry: entry["began"]):
        label = f"{entry['role'].rpartition('.')[2]}: {entry['task']}" if entry["role"] else entry["task"]
        if found and found[-1][0] == label and entry["began"] < found[-1][2]:
            found[-1][2] = max(found[-1][2], entry["ended"])
            found[-1][3] = found[-1][3] or entry["touches"]
        else:
            found.append([label, entry["began"], entry["ended"], entry["touches"]])
    return [(label, ended - began, touches) for label, began, ended, touches in found]


def spent(run: Converged, windows: Iterable[tuple[str, float, bool]]) -> list[tuple[str, str, str]]:
    """Where a run's time went: its tasks that touch hosts or take more than a fiftieth of it, and the rest in sums."""
    rows = []
    others = 0.0
    for name, took, touches in windows:
        if touches or took > run.seconds / 50:
            rows.append((name, "yes" if touches else "no", f"{took:.2f}"))
        else:
            others += took
    rows.append(("everything else that touches no host: skipped, included, arguments checked", "no", f"{others:.2f}"))
    rest = run.seconds - run.touching - run.controller
    return [*rows, ("Ansible's start and end, and between the tasks", "no", f"{rest:.2f}")]


@dataclass(frozen=True)
class Size:
    """A size of the fleet: converged runs of ours and of the one by hand, in turn, and ours' first run of new hosts."""

    hosts: int
    first: float
    ours: Sequence[Converged]
    hand: Sequence[Converged]


HEADS = ("converged", "hosts", "tasks a host", "with loops' items", "changed", "s", "of all", "s a host", "times")


def rows_of(sizes: Iterable[Size]) -> list[tuple[object, ...]]:
    """The table under HEADS: ours and the one by hand, which is what the times are of."""
    rows: list[tuple[object, ...]] = []
    for size in sizes:
        hand = median(run.seconds for run in size.hand)
        for name, runs in (("configure.yml", size.ours), ("by hand", size.hand)):
            times = [run.seconds for run in runs]
            middle = median(times)
            rows.append(
                (
                    name,
                    size.hosts,
                    max(run.tasks for run in runs),
                    max(run.runs for run in runs),
                    sum(run.changed for run in runs),
                    f"{middle:.2f}",
                    f"{min(times):.2f} to {max(times):.2f}",
                    f"{middle / size.hosts:.2f}",
                    f"{middle / hand:.2f}",
                )
            )
    return rows


def bars_of(sizes: Sequence[Size]) -> list[Bar]:
    """What was promised: at most TASKS tasks a host, and nothing changed."""
    bars = []
    for size in sizes:
        tasks = max(run.tasks for run in size.ours)
        bars.append(at_most(f"converged tasks that touch a host, {size.hosts} hosts", tasks, TASKS))
        changed = sum(run.changed for run in size.ours)
        bars.append(at_most(f"changed tasks in {len(size.ours)} converged runs, {size.hosts} hosts", changed, 0))
    return bars
