# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side: reading netplan's files and the kernel, applying with a timer that restores what was there.

Every function raises CommandError or OSError when the host can't do it.
"""

from __future__ import annotations

import glob
import ipaddress
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .._host import files
from .._host.commands import CommandError, run
from .static import Live

FOLDERS = ("/lib/netplan", "/etc/netplan", "/run/netplan")
RESTORE_UNIT = "ipv6-aws-containers-netplan-restore"
APPLY_UNIT = "ipv6-aws-containers-netplan-apply"
APPLY_SECONDS = 45.0


def interface_of(mac: str) -> str | None:
    """The name of the interface with this MAC address; None when there is none."""
    for link in json.loads(run(["ip", "-j", "link"])):
        if mac.lower() in (link.get("address"), link.get("permaddr")) and link.get("link_type") != "loopback":
            return link["ifname"]
    return None


def netplan_files() -> list[str]:
    """Every file that netplan reads."""
    return [path for folder in FOLDERS for path in sorted(glob.glob(folder + "/*.yaml"))]


def live(interface: str) -> Live:
    """The interface's global IPv6 addresses and default routes; an address still being checked is not there yet."""
    addresses = set()
    for link in json.loads(run(["ip", "-j", "-6", "addr", "show", "dev", interface])):
        for entry in link.get("addr_info", ()):
            if entry.get("scope") == "global" and not entry.get("tentative"):
                one = ipaddress.IPv6Interface(f"{entry['local']}/{entry['prefixlen']}")
                addresses.add((one, bool(entry.get("dynamic"))))
    routes = json.loads(run(["ip", "-j", "-6", "route", "show", "default", "dev", interface]) or "[]")
    hops = [(hop, route) for route in routes for hop in route.get("nexthops", (route,))]
    return Live(frozenset(addresses), tuple((hop.get("gateway", ""), route.get("protocol", "")) for hop, route in hops))


def systemd_version() -> int:
    """E.g. 252."""
    match = re.match(r"systemd (\d+)", run(["systemctl", "--version"]))
    return int(match.group(1)) if match else 0


def record(store: str, interface: str) -> None:
    """Write down what the host has now, in ``before.json`` in the folder ``store``; the first record stays for ever."""
    path = os.path.join(store, "before.json")
    if os.path.exists(path):
        return
    found = {
        "interface": interface,
        "addr": json.loads(run(["ip", "-j", "addr"])),
        "route6": json.loads(run(["ip", "-j", "-6", "route"])),
        "files": {name: files.read(name) for name in netplan_files()},
    }
    for name in netplan_files():
        files.keep_original(name, os.path.join(store, "before"))
    files.write(files.change(path, json.dumps(found, indent=2) + "\n", 0o600))


def check(changes: Iterable[files.Change]) -> None:
    """Let netplan generate from a copy of its files with ``changes`` in it. Raises CommandError with what it says."""
    with tempfile.TemporaryDirectory(prefix="ipv6-aws-containers-") as root:
        for folder in FOLDERS:
            if os.path.isdir(folder):
                shutil.copytree(folder, root + folder, dirs_exist_ok=True)
        for one in changes:
            files.write(files.Change(root + one.path, None, one.after, 0o600))
        run(["netplan", "generate", "--root-dir", root])


def armed() -> bool:
    """Whether the timer that restores the old files is running, or is restoring them."""
    for unit in (RESTORE_UNIT + ".timer", RESTORE_UNIT + ".service"):
        try:
            run(["systemctl", "is-active", "--quiet", unit])
        except CommandError:
            continue
        return True
    return False


def arm(store: str, seconds: int, made: Iterable[str]) -> None:
    """Save netplan's files, and start the timer that puts them back. ``made`` are other files to remove then."""
    saved = os.path.join(store, "restore")
    shutil.rmtree(saved, ignore_errors=True)
    shutil.copytree("/etc/netplan", os.path.join(saved, "netplan"))
    script = os.path.join(saved, "restore")
    removed = " ".join(f"'{path}'" for path in made)
    text = f"""#!/bin/sh
# Puts back what netplan had before the role's last change; nobody confirmed that the host can still be reached.
rm -f /etc/netplan/*.yaml {removed}
cp -a {saved}/netplan/. /etc/netplan/
exec netplan apply
"""
    files.write(files.change(script, text, 0o700))
    unit = ["--unit", RESTORE_UNIT, "--on-active", str(seconds), "--timer-property=AccuracySec=1s", "--collect"]
    run(["systemd-run", "--quiet", *unit, script])


def disarm() -> None:
    """Stop the timer: the new files stay."""
    run(["systemctl", "stop", RESTORE_UNIT + ".timer"])


def restore(store: str) -> None:
    """Put the old files back now."""
    disarm()
    _detached(RESTORE_UNIT + "-now", [os.path.join(store, "restore", "restore")])


def apply(wait_for: Callable[[], list[str]], seconds: float = 20.0) -> list[str]:
    """``netplan apply``, then wait until ``wait_for`` has no differences left; return those that it last saw."""
    _detached(APPLY_UNIT, ["netplan", "apply"])
    end = time.monotonic() + seconds
    while True:
        seen = wait_for()
        if not seen or time.monotonic() > end:
            return seen
        time.sleep(0.2)


def _detached(unit: str, command: list[str]) -> None:
    """Run in a unit of its own, which goes on when the connection that we came by, and with it this process, ends."""
    run(["systemd-run", "--quiet", "--wait", "--collect", "--unit", unit, *command], seconds=APPLY_SECONDS)


def parent_exists(path: str) -> bool:
    """Whether the folder that ``path`` would be in is there."""
    return Path(path).parent.is_dir()
