# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What netplan's files shall say so that an interface has one static IPv6 address, and IPv4 stays: pure functions.

Documents are netplan's YAML as dictionaries. Source: netplan's reference, and measurements with netplan 0.106, 1.1.2
and 1.2.2.
"""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._plan.errors import PlanError, Problems, Violation

OWN_FILE = "/etc/netplan/60-ipv6-static.yaml"
#: Where the router of every VPC subnet answers.
VPC_GATEWAY = "fe80:ec2::1"
#: What EC2 lets a subnet's IPv6 network have (its user guide, "Subnet CIDR blocks").
LENGTHS = (44, 48, 52, 56, 60, 64)
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
    """What the kernel has for one interface.

    Its global addresses with "is dynamic", its default routes as (via, proto), the networks that its router advertises
    as on-link, and those that the kernel still has a route to though the address which brought it is gone.
    """

    addresses: frozenset[tuple[ipaddress.IPv6Interface, bool]]
    defaults: tuple[tuple[str, str], ...]
    advertised: tuple[ipaddress.IPv6Network, ...] = ()
    stale: tuple[ipaddress.IPv6Network, ...] = ()


def address(host_address: str, subnet_cidr: str) -> ipaddress.IPv6Interface:
    """The host's address with its subnet's length.

    Raises PlanError when it does not lie in the subnet, and for a subnet that EC2 can't have.
    """
    problems = Problems()
    host, subnet = _address(host_address), ipaddress.IPv6Network("::/0")
    if host is None:
        problems.add("netplan_host_address", "must be an IPv6 address without a length", shown(host_address))
    try:
        subnet = ipaddress.IPv6Network(subnet_cidr, strict=False)
        rule = _broken(subnet_cidr, subnet)
    except ValueError:
        rule = "must be an IPv6 network such as 2001:db8::/64"
    if rule:
        problems.add("netplan_subnet_cidr", rule, shown(subnet_cidr))
    if not problems and host not in subnet:
        problems.add("netplan_host_address", f"must lie in the subnet {subnet}", host)
    problems.raise_if_any()
    return ipaddress.IPv6Interface(f"{host}/{subnet.prefixlen}")


def _broken(given: str, subnet: ipaddress.IPv6Network) -> str:
    """The rule that a subnet breaks, as it was given and as the network around that; "" for none."""
    if "/" not in given:
        return "must be an IPv6 network with its length, such as 2001:db8::/64"
    if subnet.prefixlen not in LENGTHS:
        return f"must have one of the lengths of EC2's subnets, {', '.join(f'/{length}' for length in LENGTHS)}"
    if ipaddress.IPv6Address(given.partition("/")[0]) != subnet.network_address:
        return f"must be a network, but host bits are set: of this length it is {subnet}"
    return ""


def shown(given: str) -> str:
    """A value for a message: an empty one has to be seen as well."""
    return given or "''"


def check_length(address: ipaddress.IPv6Interface, advertised: Sequence[ipaddress.IPv6Network]) -> None:
    """Raise PlanError when the router advertises the address's subnet with another length than it was given."""
    problems = Problems()
    around = [network for network in advertised if address.ip in network]
    if around and address.network not in around:
        rule = f"must be {around[0]}, which the router advertises"
        problems.add("netplan_subnet_cidr", rule, address.network)
    problems.raise_if_any()


def gateway(given: str, defaults: Sequence[tuple[str, str]]) -> ipaddress.IPv6Address:
    """The gateway given; for ``auto`` the live default route's, else the one that every VPC has. Raises PlanError.

    Instance metadata does not name a gateway, so there is nothing else to ask.
    """
    if given == "auto":
        local = [via for via, _proto in defaults if via and ipaddress.IPv6Address(via).is_link_local]
        given = local[0] if local else VPC_GATEWAY
    found = _address(given)
    if found and found.is_link_local:
        return found
    rule = "must be auto or a link-local IPv6 address such as fe80:ec2::1"
    raise PlanError([Violation("netplan_gateway", rule, shown(given))])


def _address(text: str) -> ipaddress.IPv6Address | None:
    """An address without length and zone; None for anything else."""
    try:
        return None if "%" in text else ipaddress.IPv6Address(text)
    except ValueError:
        return None


def check_way(given: str, wanted: ipaddress.IPv6Interface, came_to: str) -> None:
    """Raise PlanError when who confirms would come over another address than the one that changes.

    A host that answers at its IPv4 address has not shown that it answers at its new one. ``given``: ``host_address``
    or ``any``; ``came_to``: the host's address that ssh was reached at, "" when it was not ssh.
    """
    if given == "any" or (came_to and _address(came_to) == wanted.ip):
        return
    problems = Problems()
    rule = f"must be {wanted.ip}, over which the change is confirmed, or netplan_confirm_over must be any"
    problems.add("ansible_host", rule, came_to or "no ssh connection")
    problems.raise_if_any()


def name_in_netplan(documents: Sequence[Document], interface: str, mac: str) -> str:
    """Under which name netplan's files know the interface.

    Raises PlanError when none does, or for another renderer than networkd, or when only a pattern does: what is written
    for one interface would then lose to the pattern, or hit others.
    """
    problems = Problems()
    names = []
    renderers: list[tuple[str, str]] = []
    for document in documents:
        for name, stanza in _ethernets(document.content).items():
            how = _matches(name, stanza, interface, mac)
            if how:
                renderers += _renderers(document, name, stanza or {})
            if how == "pattern":
                path = f"{document.path}: network.ethernets.{name}.match.name"
                problems.add(path, f"must not be a pattern that {interface} matches", stanza["match"]["name"])
            elif how and document.path != OWN_FILE:
                names.append(name)
    # One for the whole network counts for the stanzas of every file; the last file's does, by its name alone.
    ordered = sorted(documents, key=lambda one: one.path.rpartition("/")[2])
    whole = [(f"{one.path}: network.renderer", _network(one.content).get("renderer")) for one in ordered]
    for path, renderer in renderers or [found for found in whole if found[1]][-1:]:
        if renderer != "networkd" and (names or problems):
            problems.add(path, "must be networkd", renderer)
    if not names and not problems:
        problems.add(
            "/etc/netplan", f"must configure {interface} ({mac}); is this a host of ifupdown or NetworkManager?"
        )
    problems.raise_if_any()
    return names[0]


def _renderers(document: Document, name: str, stanza: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The renderer that a stanza names, or else its file for all ethernets: where, and which; empty without one."""
    of_type = (_network(document.content).get("ethernets") or {}).get("renderer")
    for key, found in ((f"{name}.renderer", stanza.get("renderer")), ("renderer", of_type)):
        if found:
            return [(f"{document.path}: network.ethernets.{key}", found)]
    return []


def misshapen(content: Any) -> list[tuple[str, str, Any]]:
    """Where a file's YAML has another shape than netplan wants, as far as it is read here: path, rule and value."""
    path, at = "network", content
    for key in ("network", "ethernets"):
        if not isinstance(at, (Mapping, type(None))):
            return [(path, "must be a mapping", at)]
        path, at = "network" if key == "network" else f"{path}.{key}", (at or {}).get(key)
    if not isinstance(at, (Mapping, type(None))):
        return [(path, "must be a mapping", at)]
    stanzas = [(f"{path}.{name}", one) for name, one in (at or {}).items() if name != "renderer"]
    return [found for where, stanza in stanzas for found in _misshapen_stanza(where, stanza)]


def _misshapen_stanza(path: str, stanza: Any) -> list[tuple[str, str, Any]]:
    if not isinstance(stanza, (Mapping, type(None))):
        return [(path, "must be a mapping", stanza)]
    stanza, found = stanza or {}, []
    if not isinstance(stanza.get("match"), (Mapping, type(None))):
        found.append((f"{path}.match", "must be a mapping", stanza["match"]))
    for key in ("addresses", "routes", "routing-policy"):
        listed = stanza.get(key)
        if not isinstance(listed, (list, type(None))):
            found.append((f"{path}.{key}", "must be a list", listed))
            continue
        for index, one in enumerate(listed or ()):
            if key != "addresses" and not isinstance(one, Mapping):
                found.append((f"{path}.{key}[{index}]", "must be a mapping", one))
            elif key == "addresses" and not (isinstance(one, str) or (isinstance(one, Mapping) and len(one) == 1)):
                rule = "must be an address, or a mapping from one address to its options"
                found.append((f"{path}.{key}[{index}]", rule, one))
    return found


def _network(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (content or {}).get("network") or {}


def _ethernets(content: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The stanzas; ``renderer`` among them is a word for all of them, no stanza."""
    found = _network(content).get("ethernets") or {}
    return {name: stanza for name, stanza in found.items() if name != "renderer"}


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
    """The document without what gives the interface IPv6: DHCPv6, addresses, gateway, routes, rules. All else stays."""
    content = _apart(document.content)
    for name, stanza in _ethernets(content).items():
        if stanza and _matches(name, stanza, interface, mac):
            stanza.pop("dhcp6", None)
            stanza.pop("gateway6", None)
            _keep(stanza, "addresses", lambda one: not _is_ipv6(next(iter(one)) if isinstance(one, Mapping) else one))
            _keep(stanza, "routes", lambda one: not (_is_ipv6(one.get("to")) or _is_ipv6(one.get("via"))))
            _keep(stanza, "routing-policy", lambda one: not (_is_ipv6(one.get("from")) or _is_ipv6(one.get("to"))))
    return Document(document.path, content)


def _apart(value: Any) -> Any:
    """A deep copy in which nothing is shared: what an alias repeats is another interface's, too."""
    if isinstance(value, Mapping):
        return {key: _apart(one) for key, one in value.items()}
    return [_apart(one) for one in value] if isinstance(value, list) else value


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
    for network in live.stale:
        found.append(f"{wanted.interface} has a route to {network}, whose address is gone")
    return found


def still_static(interface: str, live: Live, own: ipaddress.IPv6Interface | None) -> list[str]:
    """What the interface lacks of being as it was before ``own`` became its static address, as sentences."""
    found = []
    if own is not None and (own, False) in live.addresses:
        found.append(f"{interface} still has the static address {own}")
    if not live.addresses:
        found.append(f"{interface} has no global address")
    if not live.defaults:
        found.append(f"{interface} has no default route")
    return found


def own_address(content: Mapping[str, Any] | None) -> ipaddress.IPv6Interface | None:
    """The address in our own file, parsed; None when there is none."""
    for stanza in _ethernets(content).values():
        for one in (stanza or {}).get("addresses") or ():
            return ipaddress.IPv6Interface(one)
    return None
