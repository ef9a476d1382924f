# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, routes and IPv6 switches of a network namespace, as iproute2 and the kernel tell them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

SCOPES = ("global", "site")


def addresses(document: Iterable[Mapping[str, Any]]) -> list[dict]:
    """``ip -j addr`` → one entry an IPv6 address: interface, mac, address, length (bits), scope, dynamic, tentative.

    Link-local addresses are left out: every interface has one, and no check is about them.
    """
    found = []
    for link in document:
        for entry in link.get("addr_info", ()):
            if entry.get("family") == "inet6" and entry.get("scope") in SCOPES:
                found.append(
                    {
                        "interface": link.get("ifname", ""),
                        "mac": link.get("address", ""),
                        "address": entry["local"],
                        "length": entry["prefixlen"],
                        "scope": entry["scope"],
                        "dynamic": bool(entry.get("dynamic", False)),
                        "tentative": bool(entry.get("tentative", False)),
                    }
                )
    return found


def interfaces(document: Iterable[Mapping[str, Any]]) -> dict:
    """``ip -j addr`` (with ``-6`` it leaves MAC addresses out) → MAC address by interface name."""
    return {link["ifname"]: link.get("address", "") for link in document if link.get("ifname")}


def mtus(document: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """``ip -j addr`` → MTU by interface name."""
    return {link["ifname"]: link["mtu"] for link in document if link.get("ifname") and link.get("mtu")}


def mtu_by_address(document: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """``ip -j addr`` → the interface's MTU by each IPv6 address on it."""
    return {
        entry["local"]: link["mtu"]
        for link in document
        for entry in link.get("addr_info", ())
        if entry.get("family") == "inet6" and link.get("mtu")
    }


def routes(document: Iterable[Mapping[str, Any]]) -> list[dict]:
    """``ip -j -6 route`` → one entry a next hop: to, via ("" when on-link), dev, proto.

    Link-local and multicast routes are left out, as are routes that reject (``unreachable``): they carry nothing.
    """
    found = []
    for entry in document:
        if entry["dst"].startswith(("fe80:", "ff00:")) or entry.get("type", "unicast") != "unicast":
            continue
        for hop in entry.get("nexthops", (entry,)):
            found.append(
                {
                    "to": entry["dst"],
                    "via": hop.get("gateway", ""),
                    "dev": hop.get("dev", ""),
                    "proto": entry.get("protocol", ""),
                }
            )
    return found


def ask_ip(*arguments: str) -> list[dict]:
    """Run ``ip -j <arguments>`` in the calling thread's namespace and return its document (empty objects dropped).

    Raises ``subprocess.CalledProcessError`` or ``FileNotFoundError`` (iproute2 missing).
    """
    command = ["ip", "-j", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    return [entry for entry in json.loads(done.stdout or b"[]") if entry]


def outward_mtu() -> int | None:
    """The MTU of the interface by which containers leave the host, the smallest of several; None without such.

    Raises as ``ask_ip`` does.
    """
    known = mtus(ask_ip("link"))
    ways = routes(ask_ip("-6", "route", "show", "default"))
    return min((known[way["dev"]] for way in ways if way["dev"] in known), default=None)


def sysctl(name: str) -> int:
    """The value of an integer ``net.ipv6.conf`` switch, e.g. ``all/forwarding``; -1 when there is none such."""
    try:
        with open("/proc/sys/net/ipv6/conf/" + name, encoding="ascii") as stream:
            return int(stream.read())
    except FileNotFoundError:
        return -1
