# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors of Docker's registry: what can be one, and which of them don't answer over IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .._host.reach import silent
from .._plan.errors import Problems
from .engine import Engine

VARIABLE = "docker_registry_mirrors"
KEY, INSECURE = "registry-mirrors", "insecure-registries"
_PORTS = {"https": 443, "http": 80}
#: From here a mirror may be below a path.
FIRST_WITH_PATH = Engine(24, 0, 0)


def merged(
    user: Mapping[str, Any], mirrors: Sequence[str], user_path: str, engine: Engine | None = None
) -> dict[str, Any]:
    """The user's keys of daemon.json (found at ``user_path``), with the mirrors.

    The rules for a URL are those of the engine (moby's registry/config.go, ValidateMirror; None: not known yet), and
    that it is to be reached over IPv6, by a name or an address. Raises PlanError for all that can't be.
    """
    problems = Problems()
    if mirrors and KEY in user:
        rule = f"must be left out, as {VARIABLE} says which there are"
        problems.add(f"{user_path}: {KEY}", rule, user[KEY])
    insecure = user.get(INSECURE)
    for at, value in enumerate(mirrors):
        path = f"{VARIABLE}[{at}]"
        broken = _broken_rule(value, insecure if isinstance(insecure, (list, tuple)) else (), engine)
        if broken:
            problems.add(path, broken, repr(value))
        elif value.rstrip("/") in [one.rstrip("/") for one in mirrors[:at]]:
            problems.add(path, "must be there once", repr(value))
    problems.raise_if_any()
    return {**user, KEY: list(mirrors)} if mirrors else dict(user)


def _broken_rule(value: str, insecure: Sequence[str], engine: Engine | None) -> str | None:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"must be a URL ({error})"
    if parts.scheme not in _PORTS or not host:
        return "must be a URL such as https://mirror.example"
    if parts.query or parts.fragment or "@" in parts.netloc:
        return "must be a URL without query, fragment and user, as Docker takes no other mirror"
    if parts.path not in ("", "/") and engine is not None and engine < FIRST_WITH_PATH:
        return f"must be a URL without a path on an engine before {FIRST_WITH_PATH}"
    if _is_ipv4(host):
        return "must be a name or an IPv6 address, as it is reached over IPv6"
    listed = {host, f"{host}:{port or _PORTS[parts.scheme]}", parts.netloc}
    if parts.scheme == "http" and not listed & set(insecure):
        return f"must be https, or its host be in {INSECURE} of docker_daemon_config"
    return None


def _is_ipv4(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # What the C library takes for one, too: 127.1, 0x7f000001.
        return host.replace(".", "").isdigit() or host.startswith("0x")
    return address.version == 4 or address.ipv4_mapped is not None


def unreachable(mirrors: Sequence[str]) -> dict[str, str]:
    """Which mirrors can't be reached over IPv6 from this host, and why; asked by a TCP connection."""
    found = {}
    for value in mirrors:
        parts = urlsplit(value)
        why = silent(parts.hostname or "", parts.port or _PORTS[parts.scheme])
        if why:
            found[value] = why
    return found
