# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take members of mappings and lists out of a YAML text, every other byte as it is: pure functions.

A text that is read and written anew says something else where its reader's YAML is not netplan's: PyYAML's 0123 is 83,
and its 12:30:45 a number. It also loses its owner's comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_TEXT = "tag:yaml.org,2002:str"


def cut(text: str, node: Any, before: Any, after: Any) -> str:
    """The text without what ``after`` has no more of ``before``.

    ``node`` is the text composed (PyYAML's nodes, which know where they stand), ``before`` what it says. Whoever uses
    aliases, merge keys or complex keys may get another text than meant: what the result says has to be looked at.
    """
    for start, end, instead in sorted(_spans(text, node, before, after), reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def _spans(text: str, node: Any, before: Any, after: Any) -> Iterator[tuple[int, int, str]]:
    """What to replace: from, to and by what. No two overlap."""
    if before == after:
        return
    if node.id == "sequence":
        gone = [one not in after for one in before]
        yield from _without(text, node, [(one, one) for one in node.value], gone)
    elif node.id == "mapping":
        gone = [key.tag == _TEXT and key.value not in after for key, _value in node.value]
        yield from _without(text, node, node.value, gone)
        # Of a key that is there twice the last one counts.
        for key, value in {key.value: value for key, value in node.value if key.tag == _TEXT}.items():
            if key in after:
                yield from _spans(text, value, before[key], after[key])


def _without(
    text: str, node: Any, members: Sequence[tuple[Any, Any]], gone: Sequence[bool]
) -> Iterator[tuple[int, int, str]]:
    """The same for the members of one mapping or list, each as its first node and its last."""
    places = [(first.start_mark.index, _end(last)) for first, last in members]
    if places and all(gone):
        empty = "" if node.flow_style else "[]" if node.id == "sequence" else "{}"
        yield (places[0][0], places[-1][1], empty)
        return
    for index, (start, end) in enumerate(places):
        if not gone[index]:
            continue
        if not node.flow_style:
            yield (text.rfind("\n", 0, start) + 1, _next_line(text, end), "")
        elif all(gone[index:]):
            yield (places[index - 1][1], end, "")
        else:
            yield (start, places[index + 1][0], "")


def _end(node: Any) -> int:
    """Where a node's last character is; a block's own mark is beyond the comments that follow it."""
    while node.id != "scalar" and not node.flow_style and node.value:
        node = node.value[-1] if node.id == "sequence" else node.value[-1][1]
    return int(node.end_mark.index)


def _next_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1
