# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What netplan's files shall say so that an interface has one static IPv6 address, and IPv4 stays: pure functions.

Documents are netplan's YAML as dictionaries. Source: netplan's reference, and measurements with netplan 0.106, 1.1.2
and 1.2.2.
"""

from __future__ import annotations

import copy
import fnmatch
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._plan.errors import Problems

OWN_FILE = "/etc/netplan/60-ipv6-static.yaml"
#: Where the router of every VPC subnet answers.
VPC_GATEWAY = "fe80:ec2::1"
#: From here networkd gives the address an on-link route by itself; 252 keeps the lease's "noprefixroute" instead.
FIRST_PREFIX_ROUTE = 253


@dataclass(frozen=True)
class Document:
    """A netplan file: its path and the parsed YAML (None when it is empty)."""

    path: str
    content: Mapping[str, Any] | None


@dataclass(frozen=True)
class Wanted:
    """One interface's IPv6: its address with the subnet's length, and the router's link-local address.

    ``prefix_route``: whether the subnet's on-link route has to be written down.
    """

    interface: str
    address: ipaddress.IPv6Interface
    gateway: ipaddress.IPv6Address
    prefix_route: bool


@dataclass(frozen=True)
class Live:
    """What the kernel has: the interface's global addresses with "is dynamic", its default routes as (via, proto)."""

    addresses: frozenset[tuple[ipaddress.IPv6Interface, bool]]
    defaults: tuple[tuple[str, str], ...]


def address(host_address: str, subnet_cidr: str) -> ipaddress.IPv6Interface:
    """The host's address with its subnet's length. Raises PlanError when it does not lie in the subnet."""
    problems = Problems()
    host, subnet = ipaddress.IPv6Address(0), ipaddress.IPv6Network("::/0")
    try:
        host = ipaddress.IPv6Address(host_address)
    except ValueError:
        problems.add("netplan_host_address", "must be an IPv6 address without a length", host_address)
    try:
        subnet = ipaddress.IPv6Network(subnet_cidr)
    except ValueError:
        problems.add("netplan_subnet_cidr", "must be an IPv6 network", subnet_cidr)
    if not problems and host not in subnet:
        problems.add("netplan_host_address", f"must lie in the subnet {subnet}", host)
    problems.raise_if_any()
    return ipaddress.IPv6Interface((host, subnet.prefixlen))


def gateway(given: str, defaults: Sequence[tuple[str, str]]) -> ipaddress.IPv6Address:
    """The gateway given; for ``auto`` the live default route's, else the one that every VPC has. Raises PlanError."""
    problems = Problems()
    if given == "auto":
        local = [via for via, _proto in defaults if via and ipaddress.IPv6Address(via).is_link_local]
        given = local[0] if local else VPC_GATEWAY
    try:
        return ipaddress.IPv6Address(given)
    except ValueError:
        problems.add("netplan_gateway", "must be auto or an IPv6 address", given)
    problems.raise_if_any()
    raise AssertionError("unreachable")


def name_in_netplan(documents: Sequence[Document], interface: str, mac: str) -> str:
    """Under which name netplan's files know the interface.

    Raises PlanError when none does (another renderer owns it), or when only a pattern does: what is written for one
    interface would then lose to the pattern, or hit others.
    """
    problems = Problems()
    names = []
    for document in documents:
        for name, stanza in _ethernets(document.content).items():
            how = _matches(name, stanza, interface, mac)
            if how == "pattern":
                path = f"{document.path}: network.ethernets.{name}.match.name"
                problems.add(path, f"must not be a pattern that {interface} matches", stanza["match"]["name"])
            elif how and document.path != OWN_FILE:
                names.append(name)
    if not names and not problems:
        problems.add(
            "/etc/netplan", f"must configure {interface} ({mac}); is this a host of ifupdown or NetworkManager?"
        )
    problems.raise_if_any()
    return names[0]


def _ethernets(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return ((content or {}).get("network") or {}).get("ethernets") or {}


def _matches(name: str, stanza: Mapping[str, Any] | None, interface: str, mac: str) -> str:
    """How a stanza means the interface: "name", "mac", "pattern" or "" (not at all)."""
    stanza = stanza or {}
    match = stanza.get("match") or {}
    if not match:
        return "name" if name == interface else ""
    if "macaddress" in match:
        return "mac" if str(match["macaddress"]).lower() == mac.lower() else ""
    patterns = match.get("name") or ""
    if stanza.get("set-name") == interface or patterns == interface:
        return "name"
    listed = patterns if isinstance(patterns, list) else [patterns]
    return "pattern" if any(fnmatch.fnmatchcase(interface, str(one)) for one in listed) else ""


def without_ipv6(document: Document, interface: str, mac: str) -> Document:
    """The document without what gives the interface IPv6: DHCPv6, addresses, gateway, routes. All else stays."""
    content = copy.deepcopy(document.content)
    for name, stanza in _ethernets(content).items():
        if stanza and _matches(name, stanza, interface, mac):
            stanza.pop("dhcp6", None)
            stanza.pop("gateway6", None)
            _keep(stanza, "addresses", lambda one: not _is_ipv6(next(iter(one)) if isinstance(one, Mapping) else one))
            _keep(stanza, "routes", lambda one: not (_is_ipv6(one.get("to")) or _is_ipv6(one.get("via"))))
    return Document(document.path, content)


def _keep(stanza: dict[str, Any], key: str, wanted: Any) -> None:
    """Keep the list's wanted members, and no empty list."""
    if key in stanza:
        kept = [one for one in stanza[key] or [] if wanted(one)]
        if kept:
            stanza[key] = kept
        else:
            del stanza[key]


def _is_ipv6(value: Any) -> bool:
    return ":" in str(value or "")


def own_file(name: str, wanted: Wanted) -> str:
    """The text of our own file, ``name`` being the interface's in netplan's other files."""
    lines = [
        "# Written by the Ansible role ipv6.aws_containers.netplan.",
        "network:",
        "  version: 2",
        "  ethernets:",
        f"    {name}:",
        "      dhcp6: false",
        "      accept-ra: false",
        "      addresses:",
        f'        - "{wanted.address}"',
        "      routes:",
        '        - to: "::/0"',
        f'          via: "{wanted.gateway}"',
    ]
    if wanted.prefix_route:
        lines += [f'        - to: "{wanted.address.network}"', "          scope: link"]
    return "\n".join(lines) + "\n"


def differences(wanted: Wanted, live: Live) -> list[str]:
    """In what the kernel differs from what is wanted, as sentences; empty when it does not."""
    found = []
    static = (wanted.address, False)
    if static not in live.addresses:
        found.append(f"{wanted.interface} does not have the static address {wanted.address}")
    for extra, dynamic in sorted(live.addresses - {static}):
        found.append(f"{wanted.interface} has {'the lease' if dynamic else 'the address'} {extra}")
    if live.defaults != ((str(wanted.gateway), "static"),):
        seen = ", ".join(f"via {via} proto {proto}" for via, proto in live.defaults) or "none"
        found.append(f"default routes on {wanted.interface}: {seen}; wanted: via {wanted.gateway} proto static")
    return found
