# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and names as people read and sort them."""

from __future__ import annotations

import re
from collections.abc import Sequence

TIMES = "\N{MULTIPLICATION SIGN}"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def quantity(count: int) -> str:
    """A number that people can read: in full up to some millions, then rounded down to a power of ten."""
    if count < 10_000_000:
        return f"{count:,}"
    digits = str(count)
    return f"{digits[0]}.{digits[1]} {TIMES} 10{str(len(digits) - 1).translate(_RAISED)}"


def many(number: int, noun: str) -> str:
    """``1 host``, ``2 hosts``, ``4 addresses``."""
    if number == 1:
        return f"1 {noun}"
    return f"{quantity(number)} {noun}{'es' if noun[-1] in 'sx' else 's'}"


def some(things: Sequence[object], most: int) -> str:
    """The first few of them, and how many there are besides: ``a, b and 3 more``."""
    named = ", ".join(map(str, things[:most]))
    return f"{named} and {len(things) - most} more" if len(things) > most else named


def others(number: int) -> str:
    """After a value that the first of several hosts has: how many more have it; nothing for none."""
    if not number:
        return ""
    return f", as {'has 1 more host' if number == 1 else f'have {number} more hosts'}"


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which web-2 comes before web-10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
