# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where this machine gets its Debian packages: read from its own apt configuration, never written in the code.

Pure functions over the text of the files; :func:`machine_mirror` and :func:`machine_proxies` read the machine.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

DEBIAN_SUITES = frozenset(
    {
        *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
        *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    }
)
"""Suites by which a source is known to be Debian's own archive, and not a vendor's or Ubuntu's."""


@dataclass(frozen=True, slots=True)
class Source:
    """One address of one apt source."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_one_line(text: str) -> list[Source]:
    """Sources of a ``.list`` file: ``deb [options] uri suite component…``."""
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            found.append(Source(match[1], match[2], tuple(match[3].split())))
    return found


def parse_deb822(text: str) -> list[Source]:
    """Sources of a ``.sources`` file: every URI of a stanza with every suite of it; disabled stanzas are left out."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        components = tuple(fields.get("components", "").split())
        found += [
            Source(uri, suite, components)
            for uri in fields.get("uris", "").split()
            for suite in fields.get("suites", "").split()
        ]
    return found


def _fields(stanza: str) -> Mapping[str, str]:
    """The fields of a deb822 stanza, names in lower case, continuation lines joined, comments left out."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def debian_mirror(sources: Iterable[Source]) -> str | None:
    """The address of the first source that is Debian's main archive over HTTP, without a slash at its end."""
    for source in sources:
        http = source.uri.startswith(("http://", "https://"))
        if http and source.suite in DEBIAN_SUITES and "main" in source.components:
            return source.uri.rstrip("/")
    return None


def parse_proxies(dump: str) -> dict[str, str]:
    """``apt-config dump`` → scheme (http, https) to proxy URL."""
    found = re.findall(r'^Acquire::(https?)::Proxy "([^"]+)";$', dump, flags=re.MULTILINE | re.IGNORECASE)
    return {scheme.lower(): url for scheme, url in found if url.upper() != "DIRECT"}


def read_sources(root: Path = Path("/")) -> list[Source]:
    """Every apt source of the system under ``root``."""
    apt = root / "etc/apt"
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    found = [source for path in lists if path.is_file() for source in parse_one_line(_read(path))]
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        found += parse_deb822(_read(path))
    return found


def machine_mirror() -> str | None:
    """The Debian mirror this machine is set up for; None where there is none (Ubuntu)."""
    return debian_mirror(read_sources())


def machine_proxies() -> dict[str, str]:
    """The proxies apt is told to use on this machine, by scheme."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    return parse_proxies(dump.stdout)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
