# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host images: built once with mmdebstrap, kept under /var/cache/vpclab/images by the hash of their recipe."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vpclab import mirror
from vpclab.errors import LabError
from vpclab.recipe import ENABLED, MASKED, RECIPES, Recipe
from vpclab.run import run

IMAGES = Path("/var/cache/vpclab/images")

Progress = Callable[[str], None]


def recipe(suite: str) -> Recipe:
    """The recipe of a suite; raises when the lab has none."""
    try:
        return RECIPES[suite]
    except KeyError:
        raise LabError(f"image {suite}: unknown suite", do=f"use one of {', '.join(RECIPES)}") from None


def path(suite: str) -> Path:
    """Where the image of a suite is, or will be."""
    return IMAGES / f"{suite}-{recipe(suite).digest()}"


def origin(suite: str) -> str:
    """The Debian mirror that a built image came from: what the lab's own mirror hands on to."""
    return json.loads(path(suite).with_suffix(".json").read_text(encoding="utf-8"))["mirror"]


def is_built(suite: str) -> bool:
    """Whether the image of the present recipe is there, whole."""
    return path(suite).is_dir() and path(suite).with_suffix(".json").is_file()


def ensure(suite: str, progress: Progress) -> Path:
    """Build the image of a suite unless it is there; another process that builds the same one is waited for."""
    target = path(suite)
    if is_built(suite):
        progress(f"image {suite}: cached in {target}")
        return target
    IMAGES.mkdir(parents=True, exist_ok=True)
    with _lock(IMAGES / f".{suite}.lock", lambda: progress(f"image {suite}: another process builds it, waiting")):
        if not is_built(suite):
            _build(recipe(suite), target, progress)
    return target


def prune(progress: Progress) -> None:
    """Delete images whose recipe is no longer the present one; running labs keep theirs, mounted."""
    wanted = {path(suite).name for suite in RECIPES}
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    for old in sorted(IMAGES.glob("*-*")):
        if old.is_dir() and not old.name.startswith(".") and old.name not in wanted and f"{old}:" not in mounts:
            if f"lowerdir={old}," in mounts:
                continue
            progress(f"image {old.name}: its recipe has changed, deleting it")
            shutil.rmtree(old)
            old.with_suffix(".json").unlink(missing_ok=True)


def _build(plan: Recipe, target: Path, progress: Progress) -> None:
    began = time.monotonic()
    work, log = target.with_name(f".{target.name}.building"), target.with_suffix(".log")
    shutil.rmtree(work, ignore_errors=True)
    here = mirror.machine_mirror()
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(plan.packages)}"]
    command += [f'--aptopt=Acquire::{scheme}::Proxy "{url}"' for scheme, url in mirror.machine_proxies().items()]
    if not plan.check_valid_until:
        command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    command += [plan.suite, str(work), *([here] if here else [])]
    progress(f"image {plan.suite}: building, about 30 s; log in {log}")
    _mmdebstrap(plan.suite, command, log, progress)
    used = mirror.debian_mirror(mirror.read_sources(work))
    if used is None:
        raise LabError(f"image {plan.suite}: no Debian mirror in its apt sources", do=f"read {log}")
    _finish(plan, work)
    # The directory appears last and at once: an image that is there is whole.
    target.with_suffix(".json").write_text(json.dumps({"mirror": used}) + "\n", encoding="utf-8")
    os.rename(work, target)
    progress(f"image {plan.suite}: built in {time.monotonic() - began:.0f} s")


def _mmdebstrap(suite: str, command: list[str], log: Path, progress: Progress) -> None:
    with log.open("w", encoding="utf-8") as record:
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except FileNotFoundError:
            raise LabError("mmdebstrap: no such command", do="run: apt-get install mmdebstrap") from None
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            record.write(line)
            if line.startswith("I: "):
                progress(f"image {suite}: {line[3:].rstrip()}")
            last = line.strip() or last
        if process.wait():
            raise LabError(
                f"image {suite}: mmdebstrap ended with status {process.returncode}",
                why=last,
                do=f"read {log}; is the Debian mirror of this machine's apt sources reachable?",
            )


def _finish(plan: Recipe, root: Path) -> None:
    """Make it a host image: its units, and nothing left that two hosts must not share."""
    run("chroot", str(root), "systemctl", "--quiet", "enable", *ENABLED)
    run("chroot", str(root), "systemctl", "--quiet", "mask", *MASKED)
    for leftover in ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap", "etc/hostname"):
        (root / leftover).unlink(missing_ok=True)
    for pattern in ("etc/ssh/ssh_host_*", "var/lib/apt/lists/*Packages*", "var/lib/apt/lists/*Release*"):
        for shared in root.glob(pattern):
            shared.unlink()
    (root / "etc/machine-id").write_text("", encoding="utf-8")
    resolv = root / "etc/resolv.conf"
    resolv.unlink(missing_ok=True)
    resolv.symlink_to("../run/systemd/resolve/stub-resolv.conf")


@contextmanager
def _lock(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
