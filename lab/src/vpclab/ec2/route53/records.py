# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and values of records: how Route 53 writes them, and which it refuses. Pure.

Refusals are InvalidChangeBatch, whose text lists all that is wrong in brackets; texts are those that users of Route 53
have quoted. Formats: Route 53 Developer Guide, "DNS domain name format" and "Supported DNS record types".
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

_LABEL, _NAME = 63, 255
_PLAIN = re.compile(r"[a-z0-9\-_]")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_STRING = 255
LONGEST_TTL = 2147483647
TYPES = ("SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS")


class BadRecord(ValueError):
    """A name or a value that Route 53 does not take; its text says why."""


def canonical(name: str) -> str:
    """A name as Route 53 keeps and lists it: lower case, a dot at its end, other characters as ``\\ooo``.

    Raises BadRecord for one that is no domain name.
    """
    labels = name.lower().removesuffix(".").split(".")
    for label in labels:
        if not label:
            raise BadRecord(_fatal("DomainLabelEmpty", "Domain label is empty", name))
        if len(_ESCAPE.sub("x", label)) > _LABEL:
            raise BadRecord(_fatal("DomainLabelTooLong", "Domain label is too long", name))
    text = ".".join("".join(map(_written, re.findall(r"\\[0-7]{3}|.", label))) for label in labels) + "."
    if len(_ESCAPE.sub("x", text)) + 1 > _NAME:
        raise BadRecord(_fatal("DomainNameTooLong", "Domain name is too long", name))
    return text


def _written(character: str) -> str:
    return character if len(character) > 1 or _PLAIN.match(character) else f"\\{ord(character) & 255:03o}"


def order(name: str) -> list[str]:
    """By what lists are sorted: the labels from the right ("com.example.www")."""
    return name.removesuffix(".").split(".")[::-1]


def check_value(kind: str, value: str) -> None:
    """Refuse a value that is none of its type; types that the lab has no use for pass."""
    match kind:
        case "AAAA":
            _address(IPv6Address, "AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value)
        case "A":
            _address(IPv4Address, "ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value)
        case "TXT" | "SPF":
            strings(value)


def _address(kind: Any, code: str, words: str, value: str) -> None:
    try:
        kind(value)
    except AddressValueError:
        raise BadRecord(_invalid(_fatal(code, words, value))) from None


def strings(value: str) -> list[bytes]:
    """The character strings of a TXT value: each in quotation marks, of 255 characters at most. Raises BadRecord."""
    if not re.fullmatch(rf"{_QUOTED.pattern}(\s+{_QUOTED.pattern})*", value):
        words = "Value should be enclosed in quotation marks"
        raise BadRecord(_invalid(_fatal("InvalidCharacterString", words, value)))
    found = [_plain(match[1]) for match in _QUOTED.finditer(value)]
    if any(len(one) > _STRING for one in found):
        raise BadRecord(_invalid(_fatal("CharacterStringTooLong", "Value is too long", value)))
    return found


def _plain(text: str) -> bytes:
    return re.sub(
        r"\\([0-7]{3}|.)", lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else found[1], text
    ).encode("latin-1", errors="replace")


def _fatal(code: str, words: str, value: str) -> str:
    return f"FATAL problem: {code} ({words}) encountered with '{value}'"


def _invalid(problem: str) -> str:
    return f"Invalid Resource Record: '{problem}'"
