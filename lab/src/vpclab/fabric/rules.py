# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter of a VPC's namespace: source and destination check, and security groups. Pure: topology → nft text.

Two tables. ``bridge vpclab`` sits on each interface's port: what comes out of it must bear the interface's own
addresses (source check), what goes in must be addressed to it (destination check); all of ARP, neighbour discovery,
router discovery and DHCP is dropped, since the responder on the ports answers it in the VPC's stead. ``inet vpclab``
keeps the security groups, statefully, for what is bridged (through br_netfilter) and what is routed alike, and gives
packets from one subnet to another the hop back that the router here has taken: a VPC's takes none. What the
router itself says and hears is in neither chain: DHCP, DNS, IMDS and router traffic is never filtered, as on EC2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from vpclab.fabric.names import bridge, networks4, networks6, plugged, port
from vpclab.topology import Eni, Rule, SecurityGroup, Topology, Vpc

_DROPPED_TYPES = "{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect }"


def ruleset(topology: Topology, vpc: Vpc, instances: frozenset[str]) -> str:
    """The whole rule set of a VPC's namespace, replacing the one before in one transaction."""
    there = [eni for eni in plugged(topology, instances) if eni.vpc_id == vpc.id]
    all_enis = [eni for eni in topology.enis if eni.vpc_id == vpc.id]
    groups = [group for group in topology.groups if group.vpc_id == vpc.id]
    open_to = [str(sub.ipv6) for sub in topology.subnets if sub.vpc_id == vpc.id and sub.internet and sub.ipv6]
    bridges = [bridge(sub.id) for sub in topology.subnets if sub.vpc_id == vpc.id]
    return "\n".join([*_bridge(there), *_inet(all_enis, there, groups, open_to, bridges), ""])


def _table(family: str, body: Iterable[str]) -> Iterator[str]:
    yield f"table {family} vpclab"
    yield f"delete table {family} vpclab"
    yield f"table {family} vpclab {{"
    yield from ("  " + line for line in body)
    yield "}"


def _chain(name: str, *lines: str) -> Iterator[str]:
    yield f"chain {name} {{"
    yield from ("  " + line for line in lines)
    yield "}"


def _bridge(enis: list[Eni]) -> Iterator[str]:
    checked = [eni for eni in enis if eni.source_dest_check]
    from_port = _verdicts("iifname", ((port(eni.id), f"from-{eni.id}") for eni in checked))
    to_port = _verdicts("oifname", ((port(eni.id), f"to-{eni.id}") for eni in checked))
    body: list[str] = []
    for eni in checked:
        body += _source_check(eni)
        body += _destination_check(eni)
    body += _chain(
        "prerouting",
        "type filter hook prerouting priority -300; policy accept;",
        "meta pkttype { broadcast, multicast } drop",
        "ether type arp drop",
        f"icmpv6 type {_DROPPED_TYPES} drop",
        *from_port,
    )
    body += _chain("forward", "type filter hook forward priority -300; policy accept;", *to_port)
    yield from _table("bridge", body)


def _verdicts(key: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """A verdict map, or no rule at all: nft knows no empty one."""
    elements = ", ".join(f'"{name}" : jump {chain}' for name, chain in pairs)
    return [f"{key} vmap {{ {elements} }}"] if elements else []


def _source_check(eni: Eni) -> Iterator[str]:
    sources = ", ".join(("fe80::/10", *networks6(eni)))
    yield from _chain(
        f"from-{eni.id}",
        f"ether saddr != {eni.mac} drop",
        f"ip6 saddr {{ {sources} }} accept",
        *(f"ip saddr {address} accept" for address in networks4(eni)),
        "counter drop",
    )


def _destination_check(eni: Eni) -> Iterator[str]:
    own = networks6(eni)
    six = [f"ip6 daddr {{ {', '.join(own)} }} accept"] if own else []
    four = [f"ip daddr {address} accept" for address in networks4(eni)]
    yield from _chain(f"to-{eni.id}", *six, *four, "counter drop")


def _inet(
    enis: list[Eni], there: list[Eni], groups: list[SecurityGroup], open_to: list[str], bridges: list[str]
) -> Iterator[str]:
    body = list(_hops(bridges))
    known = frozenset(group.id for group in groups)
    for group in groups:
        members = [eni for eni in enis if group.id in eni.groups]
        body += _set(f"{group.id}-6", "ipv6_addr", [n for eni in members for n in networks6(eni)])
        body += _set(f"{group.id}-4", "ipv4_addr", [n for eni in members for n in networks4(eni)])
    for group in groups:
        body += _chain(f"{group.id}-in", *_rules(group.ingress, "saddr", known))
        body += _chain(f"{group.id}-out", *_rules(group.egress, "daddr", known))
    for eni in there:
        for direction in ("in", "out"):
            jumps = [f"jump {group}-{direction}" for group in eni.groups if group in known]
            body += _chain(f"{eni.id}-{direction}", *jumps, "counter drop")
    # Accepting ends one chain alone: what an interface may send must still be let in by the other one's groups.
    replies = "ct state established,related accept"
    body += _chain(
        "routes",
        "type filter hook forward priority -10; policy accept;",
        *_only(open_to, "iifname", "daddr"),
        *_only(open_to, "oifname", "saddr"),
    )
    egress = _by_address(there, "saddr", "out")
    ingress = _by_address(there, "daddr", "in")
    body += _chain("egress", "type filter hook forward priority 0; policy accept;", replies, *egress)
    body += _chain("ingress", "type filter hook forward priority 10; policy accept;", replies, *ingress)
    # Both ways within a subnet the router is left through the link it was reached by; a VPC's sends no redirects.
    body += _chain("output", "type filter hook output priority 0; policy accept;", "icmpv6 type nd-redirect drop")
    yield from _table("inet", body)


def _hops(bridges: list[str]) -> Iterator[str]:
    """Hop limits stay whole between subnets too: a traceroute to another subnet's host shows that host alone on EC2.

    What is bridged within a subnet is seen here as from its bridge to its bridge, and has lost no hop.
    """
    one_more = ", ".join(f"{hops} : {hops + 1}" for hops in range(1, 255))
    yield from _chain("whole", f"ip6 hoplimit set ip6 hoplimit map {{ {one_more} }}")
    yield from _chain(
        "hops",
        "type filter hook forward priority -20; policy accept;",
        *(f'iifname "{name}" oifname != {{ "{name}", "igw" }} jump whole' for name in bridges),
    )


def _set(name: str, kind: str, elements: list[str]) -> Iterator[str]:
    yield f"set {name} {{"
    yield f"  type {kind}; flags interval; auto-merge;"
    if elements:
        yield f"  elements = {{ {', '.join(elements)} }}"
    yield "}"


def _only(open_to: list[str], link: str, field: str) -> list[str]:
    """Subnets without a route to the internet gateway neither hear from it nor speak through it."""
    if not open_to:
        return [f"{link} igw drop"]
    return [f"{link} igw ip6 {field} != {{ {', '.join(open_to)} }} drop"]


def _by_address(enis: list[Eni], field: str, direction: str) -> list[str]:
    six = ", ".join(f"{network} : jump {eni.id}-{direction}" for eni in enis for network in networks6(eni))
    four = ", ".join(f"{address} : jump {eni.id}-{direction}" for eni in enis for address in networks4(eni))
    found = []
    if six:
        found.append(f"ip6 {field} vmap {{ {six} }}")
    if four:
        found.append(f"ip {field} vmap {{ {four} }}")
    return found


def _rules(rules: tuple[Rule, ...], field: str, known: frozenset[str]) -> list[str]:
    return [f"{peer}{_protocol(rule)} accept" for rule in rules for peer in _peers(rule, field, known)]


def _peers(rule: Rule, field: str, known: frozenset[str]) -> Iterator[str]:
    four = list(collapse_addresses(net for net in rule.networks if isinstance(net, IPv4Network)))
    six = list(collapse_addresses(net for net in rule.networks if isinstance(net, IPv6Network)))
    if four:
        yield f"ip {field} {{ {', '.join(map(str, four))} }}"
    if six:
        yield f"ip6 {field} {{ {', '.join(map(str, six))} }}"
    # A peer group of another VPC has no member here; to name its set would be an error.
    for group in rule.groups:
        if group in known:
            yield f"ip {field} @{group}-4"
            yield f"ip6 {field} @{group}-6"


def _protocol(rule: Rule) -> str:
    """The match of a rule's protocol and ports (types and codes for ICMP), after a leading space; "" for all."""
    match rule.protocol:
        case "tcp" | "udp" as protocol:
            if rule.from_port is None:
                return f" meta l4proto {protocol}"
            last = rule.from_port if rule.to_port is None else rule.to_port
            return (
                f" {protocol} dport {rule.from_port}-{last}" if last != rule.from_port else f" {protocol} dport {last}"
            )
        case "icmp" | "icmpv6" as protocol:
            if rule.from_port is None:
                return f" meta l4proto {'ipv6-icmp' if protocol == 'icmpv6' else 'icmp'}"
            code = "" if rule.to_port is None else f" {protocol} code {rule.to_port}"
            return f" {protocol} type {rule.from_port}{code}"
        case _:
            return ""
