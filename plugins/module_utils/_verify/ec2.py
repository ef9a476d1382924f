# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what EC2 gave a host, as the host itself sees it (tutorial, rows 1 to 4, 10 and 16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._plan.addresses import address_text, read_address
from .._plan.model import MODE_BLOCK
from .._plan.words import some
from . import hints
from .answers import ECHO_REQUEST
from .model import Check, Fleet, Host, check, texts

#: Of a large fleet's other prefixes, so many are named as evidence.
MOST_NAMED = 4


def checks(fleet: Fleet, host: Host) -> Iterator[Check]:
    """Every check of this kind for one host."""
    yield _block(fleet, host)
    yield _eni(host)
    yield from _instance(host)
    yield _security_group(fleet, host)


def _block(fleet: Fleet, host: Host) -> Check:
    own = host.container_routes
    far = [other for other in fleet.hosts if other.name != host.name]
    others = [(other.name, block) for other in far for block in other.container_routes]
    overlaps = [f"{name} {block}" for name, block in others if any(block.overlaps(mine) for mine in own)]
    inside = all(host.subnet.covers(block) for block in own)
    said = ", ".join(f"{block} dev {host.bridge}" for block in own)
    apart = some([f"{block} ({name})" for name, block in others], MOST_NAMED) or "no other host's"
    return check(
        host,
        "plan.block",
        {"prefix": [str(host.prefix)], "inside": str(host.subnet), "overlaps": []},
        {"prefix": [str(block) for block in own], "inside": str(host.subnet) if inside else "", "overlaps": overlaps},
        said and f"{said}; apart from {apart}",
        hints.OVERLAP,
    )


def _planned_addresses(host: Host) -> list[str]:
    """The single addresses that the ENI must have: the host's own, and in block mode what is assigned of the block."""
    return texts([host.address, *host.assigned])


def _eni(host: Host) -> Check:
    expected = {
        "eni_id": host.eni.get("eni_id"),
        "addresses": _planned_addresses(host),
        "prefixes": [] if host.mode == MODE_BLOCK else [str(host.prefix)],
    }
    metadata = host.seen.get("metadata") or {}
    eni_id = metadata.get("interface_id", "") if metadata else host.eni.get("eni_id")
    addresses, prefixes = _addresses(host.eni.get("addresses") or ()), sorted(host.eni.get("prefixes") or ())
    observed = {"eni_id": eni_id, "addresses": addresses, "prefixes": prefixes}
    source = "the host's metadata" if metadata else "EC2"
    evidence = f"{source}: {eni_id}; EC2: {len(addresses)} addresses, {len(prefixes)} prefixes"
    return check(host, "eni.addresses", expected, observed, evidence, hints.ENI)


def _addresses(given: Any) -> list[str]:
    return texts([read_address(text) for text in given])


def _instance(host: Host) -> Iterator[Check]:
    metadata = host.seen.get("metadata")
    if metadata is None:  # the role was told not to ask
        return
    if "error" in metadata:
        yield check(host, "metadata.answers", True, False, metadata["error"], hints.IMDS_OFF)
        return
    instance = host.instance
    names = metadata["key_names"]
    yield check(
        host,
        "instance.key",
        instance.get("key_name"),
        names[0] if names else None,
        f"metadata public-keys: {', '.join(names)}" if names else "",
        hints.KEY,
    )
    expected = {
        "instance_id": instance.get("instance_id"),
        "state": "running",
        "device_number": "0",
        "token_required": True,
        "http_tokens": "required",
    }
    observed = {
        "instance_id": metadata["instance_id"],
        "state": instance.get("state"),
        "device_number": metadata["device_number"],
        "token_required": metadata["token_required"],
        "http_tokens": instance.get("http_tokens"),
    }
    refused = "refused without a token (401)" if metadata["token_required"] else "answers without a token"
    evidence = (
        f"{metadata['instance_id']} ({metadata['instance_type']}): {metadata['interface_id']} is device "
        f"{metadata['device_number']}; IMDS {refused}"
    )
    yield check(host, "instance.running", expected, observed, evidence, hints.INSTANCE)
    yield _metadata_addresses(host, metadata)


def _metadata_addresses(host: Host, metadata: Mapping[str, Any]) -> Check:
    expected = {
        "mac": host.mac,
        "addresses": _addresses(host.eni.get("addresses") or ()),
        "prefixes": sorted(host.eni.get("prefixes") or ()),
    }
    observed = {
        "mac": host.mac if host.mac in metadata["macs"] else ", ".join(metadata["macs"]),
        "addresses": _addresses(metadata["addresses"]),
        "prefixes": sorted(metadata["prefixes"]),
    }
    listed = ", ".join([*observed["addresses"], *observed["prefixes"]])
    return check(host, "metadata.addresses", expected, observed, f"macs/{observed['mac']}: {listed}", hints.METADATA)


def _security_group(fleet: Fleet, host: Host) -> Check:
    attached = list(host.eni.get("security_groups") or ())
    letting = [
        group["group_id"]
        for group in fleet.security_groups
        if group["group_id"] in attached and any(_icmpv6_from(rule, group["group_id"]) for rule in _rules(group))
    ]
    arrived = _echo_requests(host)
    evidence = f"{', '.join(letting)}: icmpv6 from itself; {arrived} echo requests of other hosts' containers arrived"
    return check(
        host,
        "group.icmpv6",
        True,
        bool(letting),
        evidence if letting else f"{', '.join(attached) or 'no group'}: no such rule",
        hints.ICMPV6,
    )


def _rules(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(group.get("ip_permissions") or ())


def _icmpv6_from(rule: Mapping[str, Any], group_id: str) -> bool:
    """Whether a rule lets every ICMPv6 type in from the group (EC2 writes protocol 58 either way; -1 is everything)."""
    if str(rule.get("ip_protocol")) not in ("icmpv6", "58", "-1") or rule.get("from_port", -1) not in (-1, None):
        return False
    return any(pair.get("group_id") == group_id for pair in rule.get("user_id_group_pairs") or ())


def _echo_requests(host: Host) -> int:
    return sum(
        flow["count"]
        for flow in host.answers.flows
        if flow["protocol"] == "icmpv6"
        and flow["kind"] == ECHO_REQUEST
        and flow["destination"] != address_text(host.address)
    )
