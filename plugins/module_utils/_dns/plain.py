# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a role's variables and Route 53's answers, plain data, to plain data: the zone, the names, the changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._docker.engine import ROUTED
from .._plan.errors import PlanError, Problems
from .changes import Scope, decide, read_zone
from .names import bare, wanted

#: Ids of hosted zones begin with Z; a zone's name has a dot, or is a top-level domain, which nobody hosts there.
_ID = re.compile(r"Z[A-Z0-9]{1,31}")


def zone_id(zone: str) -> str:
    """The id of a zone that is given by it, ``/hostedzone/`` before it or not; "" for one given by its name."""
    return _id(zone) if _ID.fullmatch(_id(zone)) else ""


def declared(hosts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the inventory declares, of the hosts' variables: as :func:`check` takes it, without addresses."""
    return [
        {
            "host": host["inventory_hostname"],
            "network": host.get("container_network") or ROUTED,
            "containers": [
                {key: one[key] for key in ("name", "dns") if one.get(key) is not None}
                for one in _listed(host.get("containers"))
                if isinstance(one, Mapping) and isinstance(one.get("name"), str)
            ],
        }
        for host in hosts
    ]


def _listed(containers: Any) -> Iterable[Any]:
    """Containers that can be spoken of; what else was declared is for the containers' role to refuse."""
    return containers if isinstance(containers, (list, tuple)) else ()


def choose_zone(zones: Iterable[Mapping[str, Any]], zone: str, *, optional: bool = False) -> dict[str, str]:
    """``id`` and ``name`` of the zone of this id or name; nothing for an ``optional`` one that is not there.

    Raises PlanError where there is none, or several.
    """
    matching = {
        _id(one["Id"]): one
        for one in zones
        if (_id(one["Id"]) == zone_id(zone) if zone_id(zone) else bare(one["Name"]) == bare(zone))
    }
    problems = Problems()
    if len(matching) > 1:
        listed = ", ".join(f"{key} ({_kind(one)})" for key, one in sorted(matching.items()))
        problems.add("dns_zone", f"must be the id of one of the zones of that name, {listed}", zone)
    elif not matching and optional:
        return {}
    elif not matching:
        problems.add("dns_zone", "must be the id or the name of a hosted zone of this account", zone)
    problems.raise_if_any()
    ((key, found),) = matching.items()
    return {"id": key, "name": bare(found["Name"])}


def _id(zone: str) -> str:
    return zone.removeprefix("/hostedzone/")


def _kind(zone: Mapping[str, Any]) -> str:
    return "private" if zone["Config"]["PrivateZone"] else "public"


def check(hosts: Sequence[Mapping[str, Any]], zone: str, pattern: str, fleet: str) -> list[str]:
    """What is wrong with the names that are asked for, as far as it is known without a look at the zone."""
    problems = Problems()
    if zone:
        wanted(problems, hosts, "" if zone_id(zone) else zone, pattern, fleet)
    else:
        _refuse_names(problems, hosts)
    try:
        problems.raise_if_any()
    except PlanError as error:
        return [str(violation) for violation in error.violations]
    return []


def _refuse_names(problems: Problems, hosts: Iterable[Mapping[str, Any]]) -> None:
    for host in hosts:
        for container in host["containers"]:
            if container.get("dns"):
                path = f"{host['host']}.containers[{container['name']}].dns"
                problems.add(path, "must not be given without dns_zone, the zone of the names", repr(container["dns"]))


def changes(
    records: Iterable[Mapping[str, Any]],
    hosts: Sequence[Mapping[str, Any]],
    zone: str,
    fleet: str,
    *,
    pattern: str,
    ttl: int,
    state: str = "present",
    known: Iterable[str] = (),
    complete: bool = False,
) -> list[dict[str, Any]]:
    """The changes to a zone's ``records`` as options of amazon.aws.route53, in the order to make them.

    ``state`` absent takes all of the fleet's records away. Raises PlanError with every problem found.
    """
    problems = Problems()
    if state == "absent":
        names, scope = [], Scope(fleet, frozenset(), complete=True)
    else:
        names = wanted(problems, hosts, zone, pattern, fleet)
        judged = frozenset(host["host"] for host in hosts)
        scope = Scope(fleet, judged, frozenset(known), complete)
    found = decide(problems, read_zone(zone, records), names, scope, int(ttl))
    problems.raise_if_any()
    return [one.to_dict() for one in found]
