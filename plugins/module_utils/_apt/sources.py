# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Region mirrors in apt's source lists: which there are, and the same text naming the main mirror instead.

A region mirror is a copy that a cloud keeps near its hosts; those of EC2 had no IPv6 address (tutorial, row 6). Two
ways of naming them are known: ``<region or zone>.ec2.<main mirror>`` and ``cdn-aws.<main mirror>``. The main mirror's
name always comes from the host's own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .._plan.errors import Problems

_REGION_MIRROR = re.compile(r"(?:[a-z]{2,3}(?:-[a-z0-9]+)*-\d+[a-z]?\.ec2|cdn-aws)\.(?P<main>[^.]+\..+)", re.IGNORECASE)
_URI = re.compile(
    r"(?P<before>(?:[a-z]+\+)?(?P<scheme>[a-z][a-z0-9.-]*)://(?:[^/\s@]*@)?)(?P<host>[^/\s:\[\]]+)(?::(?P<port>\d+))?",
    re.IGNORECASE,
)
_ONE_LINE = re.compile(r"\s*deb(?:-src)?\s")
_COMMENT = re.compile(r"\s*#")
_FIELD = re.compile(r"(?P<name>[^\s:#]+)\s*:")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, order=True)
class Mirror:
    """Where a mirror listens."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + ("" if self.port == _PORTS.get(self.scheme) else f":{self.port}")


def main_mirror(host: str) -> str | None:
    """The main mirror behind the region mirror ``host``, or None when ``host`` is no region mirror."""
    match = _REGION_MIRROR.fullmatch(host)
    return match.group("main") if match else None


def region_mirrors(text: str, path: str) -> list[Mirror]:
    """The region mirrors in use in ``text``, the file at ``path``, each once; over http and https alone."""
    found: dict[Mirror, None] = {}

    def note(match: re.Match[str]) -> str:
        scheme, host = match.group("scheme").lower(), match.group("host").lower()
        if scheme in _PORTS and main_mirror(host):
            found[Mirror(scheme, host, int(match.group("port") or _PORTS[scheme]))] = None
        return match.group()

    _rewritten(text, path, note)
    return list(found)


def with_main_mirrors(text: str, path: str, mirrors: Collection[Mirror]) -> str:
    """``text``, the file at ``path``, with those region ``mirrors`` replaced; every other byte as it was.

    The path tells the format: ``*.sources`` is deb822; a ``*.list`` in a folder ``mirrors`` is a list of mirrors (one
    URI a line); anything else is apt's one-line format. Comments, and sources that are comments, are left alone.
    """
    hosts = {(one.scheme, one.host) for one in mirrors}

    def main(match: re.Match[str]) -> str:
        host = match.group("host")
        if (match.group("scheme").lower(), host.lower()) not in hosts:
            return match.group()
        end = match.group()[len(match.group("before")) + len(host) :]
        return match.group("before") + (main_mirror(host) or host) + end

    return _rewritten(text, path, main)


def to_replace(
    texts: Mapping[str, str], silent: Callable[[Mirror], str | None]
) -> tuple[list[Mirror], list[tuple[Mirror, str | None]]]:
    """Which region mirrors have to go from ``texts`` (by path), and what was tried in finding out.

    ``silent`` says why a mirror does not answer over IPv6, or None when it does; it is asked once for each. Raises
    PlanError when neither a region mirror nor its main mirror answers.
    """
    problems = Problems()
    tried: dict[Mirror, str | None] = {}

    def answers(mirror: Mirror) -> bool:
        if mirror not in tried:
            tried[mirror] = silent(mirror)
        return tried[mirror] is None

    going = []
    for path, text in texts.items():
        for mirror in region_mirrors(text, path):
            main = replace(mirror, host=main_mirror(mirror.host) or mirror.host)
            if answers(mirror) or mirror in going:
                continue
            if answers(main):
                going.append(mirror)
            else:
                rule = f"must answer over IPv6 ({tried[mirror]}), or {main} must ({tried[main]})"
                problems.add(path, rule, mirror)
    problems.raise_if_any()
    return going, list(tried.items())


def _rewritten(text: str, path: str, uri: Callable[[re.Match[str]], str]) -> str:
    """``text`` with every URI that apt would use put through ``uri``."""
    lines = text.splitlines(keepends=True)
    if path.endswith(".sources"):
        used = _deb822(lines)
    elif "/mirrors/" in path:
        used = ((line, not _COMMENT.match(line)) for line in lines)
    else:
        used = ((line, bool(_ONE_LINE.match(line))) for line in lines)
    return "".join(_URI.sub(uri, line) if taken else line for line, taken in used)


def _deb822(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is of a field ``URIs``.

    Such a field may go on over lines that begin with a blank, with comments between them.
    """
    inside = False
    for line in lines:
        field = _FIELD.match(line)
        if field:
            inside = field.group("name").lower() == "uris"
        elif not line.strip():
            inside = False
        yield line, inside and not line.startswith("#")
