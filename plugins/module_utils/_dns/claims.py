# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a name is: the TXT record beside each AAAA record, one value for each container that has the name. Pure.

Route 53's records carry no tags. A value says fleet, host, container and address, so that a run that sees some hosts
alone keeps what the others have. Characters other than letters, digits and ``_.-~`` are percent-encoded.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from .names import OWNER_LABEL

HERITAGE = "heritage=ipv6.aws_containers"
_KEYS = ("fleet", "host", "container", "address")
#: A character string of a TXT record (RFC 1035, section 3.3.14).
_STRING = 255


@dataclass(frozen=True)
class Claim:
    """A container of a fleet has the name, at its address."""

    fleet: str
    host: str
    container: str
    address: ipaddress.IPv6Address

    def to_value(self) -> str:
        """As a value of a TXT record, in quotation marks."""
        values = (self.fleet, self.host, self.container)
        texts = [f"{key}={quote(value, safe='')}" for key, value in zip(_KEYS, values)]  # noqa: B905 - 3.9
        text = ",".join([HERITAGE, *texts, f"address={self.address}"])
        return " ".join(f'"{text[at : at + _STRING]}"' for at in range(0, len(text), _STRING))


def read_value(value: str) -> Claim | None:
    """The other way round; None for a value that is none of ours."""
    head, *pairs = "".join(re.findall(r'"([^"]*)"', value)).split(",")
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if head != HERITAGE or tuple(found) != _KEYS:
        return None
    try:
        address = ipaddress.IPv6Address(found["address"])
    except ValueError:
        return None
    return Claim(unquote(found["fleet"]), unquote(found["host"]), unquote(found["container"]), address)


def owner_name(name: str) -> str:
    """Where the TXT record of a name stands."""
    return f"{OWNER_LABEL}.{name}"


def named(owner: str) -> str | None:
    """The name that a TXT record is beside; None for one that is beside none."""
    label, _dot, name = owner.partition(".")
    return name if label == OWNER_LABEL and name else None


def to_values(claims: Iterable[Claim]) -> tuple[str, ...]:
    """A TXT record's values, each once, in one order."""
    return tuple(sorted({claim.to_value() for claim in claims}))
