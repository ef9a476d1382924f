# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a host back as it was before Docker: its configuration, its packages, and what it did to the kernel."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection
from typing import Any

from .._host import files
from .._host.commands import CommandError, run
from .._observe import docker
from . import daemon, leftovers, packages, record

PID_FILE = "/run/docker.pid"
IP_FORWARD = "/proc/sys/net/ipv4/ip_forward"
STOP_SECONDS = 120.0
#: The tables of the engine's firewall-backend nftables, of 29 and later.
_NFT_TABLES = (("ip", "docker-bridges"), ("ip6", "docker-bridges"))


def absent(store: str, check_mode: bool) -> dict[str, Any]:
    """Put back what the record in ``store`` says, unless in check mode. Raises PlanError, CommandError, OSError."""
    known = record.read(store)
    if known is None:
        return {"changed": False, "there": False, "removed": []}
    text = files.read(daemon.PATH)
    change = files.change(daemon.PATH, daemon.restore(text, known.original, known.managed, known.replaced))
    gone = packages.removable(known.packages, known.before) if known.packages else []
    docker_goes = any(name in gone for name in packages.ENGINES)
    if not check_mode:
        if docker_goes:
            bridges = _named_bridges()
            _stop(change)
            _forget_rules(bridges, opened=known.ip_forward == 0)
        if gone:
            packages.remove(gone)
        if change.needed:
            files.write(change)
        if docker_goes:
            # Docker leaves its bridge, and with it a route for a prefix that may be another host's tomorrow.
            run(["sh", "-c", "ip link delete docker0 2>/dev/null || true"])
        elif change.needed and os.path.exists(PID_FILE):
            run(["systemctl", "restart", "docker.service"])
        files.write(files.Change(store, "", None))
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(store))
    diffs = [change.diff()] if change.needed else []
    if gone:
        names = "".join(f"{name}\n" for name in gone)
        diffs.append({"before_header": "packages", "after_header": "packages", "before": names, "after": ""})
    return {"changed": True, "there": True, "removed": gone, "diff": diffs}


def _stop(change: files.Change) -> None:
    # Containers that outlive Docker (live-restore) would run on with nobody to stop them.
    run(["sh", "-c", "docker ps --quiet | xargs --no-run-if-empty docker stop"], seconds=STOP_SECONDS)
    if change.needed and os.path.exists(PID_FILE):
        # Docker keeps docker0's prefix in its data, and would give it back at its next installation.
        files.write(change)
        run(["systemctl", "restart", "docker.service"], seconds=STOP_SECONDS)
    run(["systemctl", "stop", "docker.socket", "docker.service"], seconds=STOP_SECONDS)


def _named_bridges() -> set[str]:
    """Bridges that were given a name; none are known when Docker does not run."""
    names: set[str] = set()
    with contextlib.suppress(docker.EngineError):
        for network in docker.get("/networks") or []:
            names.add((network.get("Options") or {}).get("com.docker.network.bridge.name", ""))
    return {name for name in names if name}


def _forget_rules(bridges: Collection[str], opened: bool) -> None:
    """Take Docker's rules out of the kernel; IPv4 is forwarded no more if it was Docker that began it (``opened``)."""
    for program in ("iptables", "ip6tables"):
        if shutil.which(f"{program}-save"):
            text = leftovers.removal(run([f"{program}-save"]), bridges, opened)
            if text:
                run([f"{program}-restore", "--noflush"], stdin=text)
    for family, table in _NFT_TABLES:
        with contextlib.suppress(CommandError):
            run(["nft", "delete", "table", family, table])
    if opened:
        with open(IP_FORWARD, "w", encoding="ascii") as stream:
            stream.write("0")
