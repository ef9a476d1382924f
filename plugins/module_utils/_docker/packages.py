# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of some packages are installed, and which version of the engine there is or would be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._host.commands import CommandError, run


@dataclass(frozen=True)
class Packages:
    """``version``: the first package's, installed or to be, None without one; ``missing``: still to be installed."""

    version: str | None
    installed: bool
    missing: tuple[str, ...]


def observe(required: Sequence[str], optional: Sequence[str]) -> Packages:
    """Ask dpkg, and apt only for what dpkg does not have. Raises CommandError."""
    here = parse_installed(_dpkg([*required, *optional]))
    absent = [name for name in (*required, *optional) if name not in here]
    there = parse_candidates(run(["apt-cache", "policy", *absent])) if absent else {}
    engine = required[0]
    return Packages(
        version=here.get(engine) or there.get(engine),
        installed=engine in here,
        missing=tuple(name for name in absent if name in required or name in there),
    )


def _dpkg(names: Sequence[str]) -> str:
    try:
        return run(["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n", *names])
    except CommandError:
        # It fails as a whole when one name is unknown to it; then each is asked about by itself.
        return _dpkg(names[:1]) + _dpkg(names[1:]) if len(names) > 1 else ""


def parse_installed(text: str) -> Mapping[str, str]:
    """dpkg-query's lines ``status package version`` → versions of installed packages by name."""
    rows = (line.split() for line in text.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def parse_candidates(text: str) -> Mapping[str, str]:
    """``apt-cache policy`` in the C locale → candidate versions by name; packages without one are left out."""
    found = re.findall(r"^(\S+):\n\s+Installed: .*\n\s+Candidate: (\S+)", text, re.MULTILINE)
    return {name: version for name, version in found if version != "(none)"}
