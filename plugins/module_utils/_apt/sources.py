# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Region mirrors in apt's source lists: the same text, naming the main mirror instead.

A region mirror is a copy that a cloud keeps near its hosts; those of EC2 had no IPv6 address (tutorial, row 6). Two
ways of naming them are known: ``<region>.ec2.<main mirror>`` and ``cdn-aws.<main mirror>``. The main mirror's name
always comes from the host's own text.
"""

from __future__ import annotations

import re

_REGION_MIRROR = re.compile(r"(?:[a-z]{2}(?:-[a-z]+)+-\d+[a-z]?\.ec2|cdn-aws)\.(?P<main>[^.]+\..+)", re.IGNORECASE)
_URI = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://(?:[^/\s@]*@)?)(?P<host>[^/\s:\[\]]+)", re.IGNORECASE)
_ONE_LINE = re.compile(r"\s*deb(?:-src)?\s")
_COMMENT = re.compile(r"\s*#")
_FIELD = re.compile(r"(?P<name>[^\s:#]+)\s*:")


def main_mirror(host: str) -> str | None:
    """The main mirror behind the region mirror ``host``, or None when ``host`` is no region mirror."""
    match = _REGION_MIRROR.fullmatch(host)
    return match.group("main") if match else None


def with_main_mirrors(text: str, path: str) -> str:
    """``text``, the file at ``path``, with its region mirrors replaced; every other byte as it was.

    The path tells the format: ``*.sources`` is deb822; a ``*.list`` in a folder ``mirrors`` is a list of mirrors (one
    URI a line); anything else is apt's one-line format. Comments, and sources that are comments, are left alone.
    """
    lines = text.splitlines(keepends=True)
    if path.endswith(".sources"):
        return "".join(_deb822(lines))
    if "/mirrors/" in path:
        return "".join(line if _COMMENT.match(line) else _main(line) for line in lines)
    return "".join(_main(line) if _ONE_LINE.match(line) else line for line in lines)


def _main(text: str) -> str:
    def replacement(match: re.Match[str]) -> str:
        return match.group("before") + (main_mirror(match.group("host")) or match.group("host"))

    return _URI.sub(replacement, text)


def _deb822(lines: list[str]) -> list[str]:
    """Only the field ``URIs``, which may go on over lines that begin with a blank, with comments between them."""
    inside = False
    done = []
    for line in lines:
        field = _FIELD.match(line)
        if field:
            inside = field.group("name").lower() == "uris"
        elif not line.strip():
            inside = False
        done.append(_main(line) if inside and not line.startswith("#") else line)
    return done
