# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names containers are to have: the ones they declare, else the one that a pattern makes. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._docker.engine import DEFAULT_BRIDGE
from .._plan.errors import Problems

PLACEHOLDERS = ("container", "host", "fleet")
#: RFC 1123, section 2.1; 253 characters are the 255 octets of RFC 1035 without the root's and the first length.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST = 253
#: Beside the address' record stands one that says whose it is, below this label. No host's name has an underscore
#: (RFC 8552), so it never is in the way of a name.
OWNER_LABEL = "_ipv6-containers"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Name:
    """A name that a container is to have; ``path`` is where it was asked for.

    ``name`` is in lower case, without a dot at its end. ``address`` is None as long as nobody has asked for it.
    """

    name: str
    path: str
    host: str
    container: str
    address: ipaddress.IPv6Address | None


def bare(name: str) -> str:
    """A domain name as the core compares it: lower case, no dot at its end."""
    return name.lower().removesuffix(".")


def placed(
    host: str,
    declared: Iterable[Mapping[str, Any]],
    network: str,
    planned: Iterable[Mapping[str, Any]],
    there: Mapping[str, Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """A host's containers and where they are, as :func:`wanted` reads them.

    ``planned`` is what the filter container_plan says, ``there`` what the module container_info found: a container that
    is not at its planned address has no name. Without it (check mode, where nothing has been run yet) all are there.
    """
    addresses = {one["name"]: one.get("address") for one in planned}
    if there is not None:
        addresses = {
            name: address
            for name, address in addresses.items()
            if address and (there.get(name) or {}).get("attached") and _same(there[name].get("address"), address)
        }
    listed = [
        {
            "name": one["name"],
            "address": addresses.get(one["name"]),
            **({"dns": one["dns"]} if one.get("dns") is not None else {}),
        }
        for one in declared
        if network == DEFAULT_BRIDGE or addresses.get(one["name"])
    ]
    return {"host": host, "network": network, "containers": listed}


def _same(one: str | None, other: str) -> bool:
    return one is not None and ipaddress.IPv6Address(one) == ipaddress.IPv6Address(other)


def wanted(problems: Problems, hosts: Iterable[Mapping[str, Any]], zone: str, pattern: str, fleet: str) -> list[Name]:
    """The names of all containers, those that can't be left out; what is wrong with them goes to ``problems``.

    Each of ``hosts`` has ``host``, ``network`` and ``containers``, each with ``name``, and may have ``address`` and
    ``dns``, a list of names in place of the ``pattern``'s. Names are relative to the ``zone``, but for those that end
    with its name. With ``zone`` "" (unknown yet) only what can be judged is.
    """
    for placeholder in _PLACEHOLDER.findall(pattern):
        if placeholder not in PLACEHOLDERS:
            problems.add("dns_names", f"must have no placeholders but {_listed()}", pattern)
            return []
    found = []
    for host in hosts:
        for container in host["containers"]:
            path = f"{host['host']}.containers[{container['name']}]"
            for where, text in _asked(problems, host, container, path, pattern, fleet):
                name = _absolute(problems, where, text, bare(zone))
                if name is not None:
                    address = container.get("address")
                    at = ipaddress.IPv6Address(address) if address else None
                    found.append(Name(name, where, host["host"], container["name"], at))
    return found


def _listed() -> str:
    return ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)


def _asked(
    problems: Problems, host: Mapping[str, Any], container: Mapping[str, Any], path: str, pattern: str, fleet: str
) -> list[tuple[str, Any]]:
    """The names as they were written, each with its path."""
    docker0 = host.get("network") == DEFAULT_BRIDGE
    declared = container.get("dns")
    if declared is None:
        if docker0 or not pattern:
            return []
        values = {"container": container["name"], "host": host["host"], "fleet": fleet}
        return [(f"{path} by dns_names {pattern}", _PLACEHOLDER.sub(lambda found: values[found[1]], pattern))]
    if isinstance(declared, str) or not isinstance(declared, Iterable):
        problems.add(f"{path}.dns", "must be a list of names", repr(declared))
        return []
    names = list(declared)
    if names and docker0:
        rule = "must not be given on docker0, whose addresses Docker deals anew at every start"
        problems.add(f"{path}.dns", rule, ", ".join(map(str, names)))
        return []
    return [(f"{path}.dns[{at}]", name) for at, name in enumerate(names)]


def _absolute(problems: Problems, path: str, value: Any, zone: str) -> str | None:
    if not isinstance(value, str) or not value.strip("."):
        problems.add(path, "must be a name", repr(value))
        return None
    text = value.lower()
    inside = zone and (bare(text) == zone or bare(text).endswith(f".{zone}"))
    if text.endswith(".") and zone and not inside:
        problems.add(path, f"must lie in the zone {zone}", value)
        return None
    name = bare(text) if inside or text.endswith(".") or not zone else f"{text}.{zone}"
    own = name[: -len(zone)].rstrip(".") if zone else name
    for label in own.split(".") if own else ():
        if not _LABEL.fullmatch(label):
            rule = "must be made of labels of 1 to 63 letters, digits and inner hyphens (RFC 1123)"
            problems.add(path, rule, value)
            return None
    longest = _LONGEST - len(OWNER_LABEL) - 1
    if len(name) > longest:
        problems.add(path, f"must have at most {longest} characters with its zone, and has {len(name)}", value)
        return None
    return name
