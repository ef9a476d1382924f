# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: one line a kind of check, and every failure in full. At most 110 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from .._plan.words import many

WIDTH = 110
MARK = "…"
MOST_SHOWN = 8
_HEAD = ("check", "holds", "one of them says")


def lines(report: Mapping[str, Any]) -> list[str]:
    """The table, then one paragraph a failed check: where, what was expected, what was seen, what to do."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for each in report["checks"]:
        kinds.setdefault(each["kind"], []).append(each)
    subnets = sorted({host["subnet"] for host in report["hosts"].values()})
    rows = [(kind, _score(found), shorten(_sample(found), subnets)) for kind, found in kinds.items()]
    wide = [max(len(row[column]) for row in (_HEAD, *rows)) for column in (0, 1)]
    rest = WIDTH - sum(wide) - 4
    table = [_line(row, wide, rest) for row in (_HEAD, tuple("-" * len(text) for text in _HEAD), *rows)]
    held = sum(1 for each in report["checks"] if each["holds"])
    summary = f"{held} of {len(report['checks'])} checks hold on {many(len(report['hosts']), 'host')}"
    notes = [f"({MARK} stands for {shared(subnets)})"] if shared(subnets) else []
    notes += [_wrapped(f"left out: {text}") for text in report["left_out"]]
    notes += [_wrapped(f"waited: {text}") for text in report["waited"]]
    return [*table, "", *notes, summary, *failures(report)]


def shared(subnets: Sequence[str]) -> str:
    """The leading part that these subnets' addresses have in common, up to a colon; "" if there is none."""
    groups = [subnet.partition("/")[0].partition("::")[0].split(":") for subnet in subnets]
    common: list[str] = []
    for at, group in enumerate(groups[0] if groups else ()):
        if any(other[at : at + 1] != [group] for other in groups):
            break
        common.append(group)
    return ":".join(common)


def shorten(text: str, subnets: Sequence[str]) -> str:
    """A text with what its subnets' addresses have in common as ``…``; what tells them apart stays."""
    common = shared(subnets)
    return re.sub(rf"(?<![0-9a-f:]){re.escape(common)}(?=:)", MARK, text) if common else text


def _line(row: Sequence[str], wide: Sequence[int], rest: int) -> str:
    text = row[2] if len(row[2]) <= rest else row[2][: rest - 4] + " ..."
    return f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {text}".rstrip()


def _score(found: Sequence[Mapping[str, Any]]) -> str:
    held = sum(1 for each in found if each["holds"])
    return f"{held}/{len(found)}" + ("" if held == len(found) else " NO")


def _sample(found: Sequence[Mapping[str, Any]]) -> str:
    """The first failure's evidence, else the first one's."""
    shown = next((each for each in found if not each["holds"]), found[0])
    return f"{shown['host']}: {shown['evidence'] or 'no evidence'}"


def failures(report: Mapping[str, Any]) -> list[str]:
    """One paragraph a failed check; of many of one kind and hint, the first few, and how many more there are."""
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in report["checks"]:
        if not each["holds"]:
            alike.setdefault((each["kind"], each["hint"]), []).append(each)
    paragraphs = []
    for (kind, _hint), found in alike.items():
        paragraphs += [_failure(each) for each in found[:MOST_SHOWN]]
        if len(found) > MOST_SHOWN:
            rest = found[MOST_SHOWN:]
            hosts = list(dict.fromkeys(each["host"] for each in rest))
            some = ", ".join(hosts[:MOST_SHOWN]) + (" ..." if len(hosts) > MOST_SHOWN else "")
            paragraphs.append(_wrapped(f"{kind}: {len(rest)} more like these, on {some}"))
    return paragraphs


def _failure(each: Mapping[str, Any]) -> str:
    return _wrapped(
        f"{each['id']}: expected {_short(each['expected'])}, got {_short(each['observed'])} "
        f"({each['evidence'] or 'no evidence'}). {each['hint']}"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="    ", break_long_words=False)


def _short(value: Any) -> str:
    """A value in a few characters: dictionaries and lists without their quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_short(inner) for inner in value) + "]"
    return str(value)
