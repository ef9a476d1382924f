# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where apt fetches from, and whether it does so over IPv6."""

from __future__ import annotations

import glob
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 180
UPDATE_OPTIONS = (
    "Acquire::ForceIPv6=true",
    "Acquire::Retries=1",
    "Acquire::http::Timeout=20",
    "APT::Update::Error-Mode=any",  # without it a mirror that fails is a warning, and the exit code 0
    "DPkg::Lock::Timeout=60",
)
_MIRROR_FILE = re.compile(r"^mirror\+file:(?://)?(/\S+)$")


def uris(text: str, deb822: bool) -> list[str]:
    """The archive URIs of one sources file, in order, each once; comments and disabled stanzas left out."""
    return _unique(_deb822_uris(text) if deb822 else _one_line_uris(text))


def _one_line_uris(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        match = re.match(r"^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)", line)
        if match:
            found.append(match.group(1))
    return found


def _deb822_uris(text: str) -> list[str]:
    found: list[str] = []
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", kept):
        if re.search(r"(?im)^Enabled:\s*(no|false|0)\s*$", stanza):
            continue
        for match in re.finditer(r"(?im)^URIs:[ \t]*(.*(?:\n[ \t]+.*)*)", stanza):
            found.extend(match.group(1).split())
    return found


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def configured(root: str = "/") -> list[str]:
    """Every archive URI configured under ``root``; a ``mirror+file:`` list is replaced by the mirrors it lists."""
    found: list[str] = []
    folder = Path(root, "etc/apt")
    names = [folder / "sources.list", *sorted(map(Path, glob.glob(str(folder / "sources.list.d/*.list"))))]
    names += sorted(map(Path, glob.glob(str(folder / "sources.list.d/*.sources"))))
    for name in names:
        if name.is_file():
            found += uris(name.read_text(encoding="utf-8", errors="replace"), name.suffix == ".sources")
    resolved: list[str] = []
    for uri in found:
        match = _MIRROR_FILE.match(uri)
        listed = Path(root, match.group(1).lstrip("/")) if match else None
        if listed is not None and listed.is_file():
            lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
            resolved += [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        else:
            resolved.append(uri)
    return _unique(resolved)


def mirror_hosts(found: list[str]) -> list[str]:
    """The host names of those URIs that go over the network."""
    split = [urlsplit(uri) for uri in found]
    return _unique([part.hostname for part in split if part.scheme in ("http", "https") and part.hostname])


def update() -> dict:
    """``apt-get update`` with IPv6 forced → rc and its last lines; the lists are refreshed as by any update."""
    command = ["apt-get", "-q"]
    for option in UPDATE_OPTIONS:
        command += ["-o", option]
    command.append("update")
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"rc": 124, "lines": [f"no end within {SECONDS} s"]}
    lines = done.stdout.decode(errors="replace").splitlines()
    return {"rc": done.returncode, "lines": [line for line in lines if line.strip()][-8:]}
