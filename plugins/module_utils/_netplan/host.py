# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side: what netplan's files and the kernel say, and a check of new files on a copy.

Every function raises CommandError or OSError when the host can't do it.
"""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .._host import files
from .._host.commands import CommandError, run
from .static import Live

FOLDERS = ("/lib/netplan", "/etc/netplan", "/run/netplan")
RECORD = "before.json"
#: Kinds of links that bear the MAC address of the interface that they stand on.
_UPON_ANOTHER = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "bridge"}
_NO_ANSWER = {"FAILED", "INCOMPLETE", "NONE"}
#: A lease comes within two seconds of being asked for, also on a busy host.
_LEASE_SECONDS = 5.0


def interface_of(mac: str) -> str | None:
    """The name of the interface with this MAC address; None when there is none."""
    for link in json.loads(run(["ip", "-j", "-d", "link"])):
        ours = mac.lower() in (link.get("address"), link.get("permaddr"))
        if ours and (link.get("linkinfo") or {}).get("info_kind") not in _UPON_ANOTHER:
            return link["ifname"]
    return None


def netplan_files() -> list[str]:
    """Every file that netplan reads."""
    return [path for folder in FOLDERS for path in sorted(glob.glob(folder + "/*.yaml"))]


def live(interface: str) -> Live:
    """The interface's global IPv6 addresses, default routes, advertised networks and stale routes.

    An address still being checked is not there yet.
    """
    addresses, held = set(), set()
    for link in json.loads(run(["ip", "-j", "-6", "addr", "show", "dev", interface])):
        for entry in link.get("addr_info", ()):
            if entry.get("scope") == "global":
                one = ipaddress.IPv6Interface(f"{entry['local']}/{entry['prefixlen']}")
                held.add(one.network)
                if not entry.get("tentative"):
                    addresses.add((one, bool(entry.get("dynamic"))))
    routes = json.loads(run(["ip", "-j", "-6", "route", "show", "dev", interface]) or "[]")
    defaults = tuple(
        (hop.get("gateway", ""), route.get("protocol", ""))
        for route in routes
        if route["dst"] == "default"
        for hop in route.get("nexthops", (route,))
    )
    advertised = (route["dst"] for route in routes if route.get("protocol") == "ra" and "gateway" not in route)
    networks = tuple(ipaddress.IPv6Network(network) for network in advertised if network != "default")
    brought = (ipaddress.IPv6Network(route["dst"]) for route in routes if route.get("protocol") == "kernel")
    stale = tuple(one for one in brought if not (one.is_link_local or one.is_multicast or one in held))
    return Live(frozenset(addresses), defaults, networks, stale)


def forget_stale(interface: str) -> None:
    """Take away routes whose address is gone.

    With an address that has a lifetime the kernel does not take the route away that came with it: it stays until it
    expires (measured with Linux 6.1; ``ipv6_del_addr`` cleans up after permanent addresses alone). To a container's
    address such a route is nearer than the one to its bridge: minutes without a packet.
    """
    for network in live(interface).stale:
        with contextlib.suppress(CommandError):  # it may have expired meanwhile
            run(["ip", "-6", "route", "del", str(network), "dev", interface, "proto", "kernel"])


def has_ipv4(interface: str) -> bool:
    """Whether the interface has a global IPv4 address."""
    return bool(run(["ip", "-4", "-o", "address", "show", "dev", interface, "scope", "global"]).strip())


def ipv4_lost(interface: str) -> Callable[[], list[str]]:
    """A look whether the interface's IPv4 address is back after ``netplan apply``; says so while it is not.

    That command has networkd set the interface up twice within a moment, over which the address may be lost until the
    lease is renewed, on EC2 after half an hour (seen once on Debian 12 with systemd 252). Set up once more, alone, it
    has it again: so that is asked for, once, when the lease is late.
    """
    late = time.monotonic() + _LEASE_SECONDS
    asked = False

    def look() -> list[str]:
        nonlocal asked
        if has_ipv4(interface):
            return []
        if not asked and time.monotonic() > late:
            run(["networkctl", "reconfigure", interface])
            asked = True
        return [f"{interface} must have an IPv4 address, as before, got none"]

    return look


def answers(interface: str, gateway: str) -> bool:
    """Whether the router answers neighbour discovery; asks it now, so what was true a second ago may not be."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing needs to listen at the port (discard): sending is what makes the kernel ask for the neighbour.
            asking.sendto(b"", (gateway, 9, 0, socket.if_nametoindex(interface)))
        except OSError:
            return False
    found = json.loads(run(["ip", "-j", "-6", "neigh", "show", "to", gateway, "dev", interface]) or "[]")
    return any("lladdr" in entry and not _NO_ANSWER & set(entry.get("state", ())) for entry in found)


def systemd_version() -> int:
    """E.g. 252."""
    match = re.match(r"systemd (\d+)", run(["systemctl", "--version"]))
    return int(match.group(1)) if match else 0


def record(store: str, interface: str) -> None:
    """Write down what the host has now, in ``before.json`` in the folder ``store``; the first record stays for ever."""
    path = os.path.join(store, RECORD)
    if os.path.exists(path):
        return
    found = {
        "interface": interface,
        "addr": json.loads(run(["ip", "-j", "addr"])),
        "route6": json.loads(run(["ip", "-j", "-6", "route"])),
        "files": {name: files.read(name) for name in netplan_files()},
    }
    files.write(files.change(path, json.dumps(found, indent=2) + "\n", 0o600))


def recorded_interface(store: str) -> str | None:
    """The interface that the record is about; None without a record."""
    text = files.read(os.path.join(store, RECORD))
    return json.loads(text)["interface"] if text else None


def check(changes: Iterable[files.Change]) -> None:
    """Let netplan generate from a copy of its files with ``changes`` in it. Raises CommandError with what it says.

    The host's own files, and what netplan made of them, stay as they are.
    """
    with tempfile.TemporaryDirectory(prefix="ipv6-aws-containers-") as root:
        for folder in FOLDERS:
            if os.path.isdir(folder):
                shutil.copytree(folder, root + folder, dirs_exist_ok=True)
        for one in changes:
            # The copy has plain files where the host has symbolic links.
            links = [path for path in netplan_files() if os.path.realpath(path) == one.path]
            for path in {one.path, *links}:
                files.write(files.Change(root + path, None, one.after, 0o600))
        try:
            run(["netplan", "generate", "--root-dir", root])
        except CommandError as error:
            raise CommandError(
                f"nothing was changed, because netplan refuses its files: {error}".replace(root, "")
            ) from error


def parent_exists(path: str) -> bool:
    """Whether the folder that ``path`` would be in is there."""
    return Path(path).parent.is_dir()
