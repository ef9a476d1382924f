# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's further ingress rules beside those that a fleet has anyway.

EC2 has each permission once, whatever its description; amazon.aws.ec2_security_group asks for both of two like
ones, and fails. So what a fleet's own rules let in already is left out of the further ones.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

#: Protocol, first port, last port.
Span = tuple[str, int, int]


def without_twice(rules: Sequence[Mapping[str, Any]], extra: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``rules``, then what of ``extra`` they do not say, all in amazon.aws.ec2_security_group's form.

    A further rule that repeats nothing goes through as it is, also one in a form that is not understood here.
    """
    said = {(span, network) for rule in rules for span in _spans(rule) for network in _networks(rule)}
    kept = [dict(rule) for rule in rules]
    for rule in extra:
        spans, networks = _spans(rule), _networks(rule)
        asked = {(span, network) for span in spans for network in networks}
        if asked & said:
            kept += _rest(rule, spans, networks, said)
        else:
            kept.append(dict(rule))
        said |= asked
    return kept


def _rest(
    rule: Mapping[str, Any], spans: Sequence[Span], networks: Sequence[str], said: set[tuple[Span, str]]
) -> list[dict[str, Any]]:
    """A rule for each of its ports, with those sources that are not there yet."""
    others = {key: value for key, value in rule.items() if key not in ("ports", "from_port", "to_port", "cidr_ipv6")}
    elsewhere = any(others.get(key) for key in ("cidr_ip", "ip_prefix", "group_id", "group_name", "group_desc"))
    found = []
    for span in spans:
        protocol, first, last = span
        left = [network for network in networks if (span, network) not in said]
        if left or elsewhere:
            sources = {"cidr_ipv6": left} if left else {}
            found.append({**others, "proto": protocol, "from_port": first, "to_port": last, **sources})
    return found


def _spans(rule: Mapping[str, Any]) -> list[Span]:
    protocol = str(rule.get("proto", "tcp")).lower()
    if "ports" in rule:
        given = rule["ports"]
        pieces = [str(port).partition("-") for port in (given if isinstance(given, list) else [given])]
        ends: list[tuple[Any, Any]] = [(first, last or first) for first, _dash, last in pieces]
    else:
        ends = [(rule.get("from_port"), rule.get("to_port"))]
    try:
        return [(protocol, int(str(first)), int(str(last))) for first, last in ends]
    except ValueError:
        return []


def _networks(rule: Mapping[str, Any]) -> list[str]:
    given = rule.get("cidr_ipv6") or []
    try:
        return [
            str(ipaddress.IPv6Network(one, strict=False)) for one in (given if isinstance(given, list) else [given])
        ]
    except ValueError:
        return []
