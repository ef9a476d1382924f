# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that nobody reads because their names are misspelt.

A host with ``host_adress`` would get another address than it asked for, and keep it for as long as it lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._plan.errors import Violation
from .._plan.inventory import REQUEST_KEYS
from .._plan.words import others
from .fleetwide import READ_EVERYWHERE, READ_ON_LOCALHOST

#: Begins names that are this collection's alone: each of them is one that it knows.
PREFIX = "aws_containers_"
#: The names of a user's own variables that look like ours.
OWN = f"{PREFIX}own_variables"
#: What a host may say that others may be taken for.
OF_A_HOST = (*REQUEST_KEYS, "container_network", "containers", "instance_type")
# These are too near to too many others.
_SHORT = ("image", "subnet")
#: The roles' variables without their role's name, as in the roles' argument specifications.
OF_ROLES = {
    "apt_mirrors": "state force_ipv6 probe",
    "containers": "state list network network_name prefix count subnet_cidr health_timeout",
    "dns": "state fleet zone region ttl names hosts known_hosts complete wait",
    "docker": (
        "state version hold source vendor_url vendor_fingerprint container_network container_prefix network_name "
        "bridge_name ipv4 daemon_config registry_mirrors users container_ports host_closed host_ports"
    ),
    "instances": (
        "state fleet hosts enis image image_owners type key_name public_key_file metadata_hop_limit "
        "ipv6_only_subnets user_data wait_retries wait_delay tags aws"
    ),
    "netplan": "state addressing mac_address host_address subnet_cidr gateway confirm_over revert_after",
    "verify": (
        "allocation security_groups containers host_ports host_closed network network_name bridge_name "
        "vantage_group internet_target closed_ports dns_zone dns_names dns_fleet pairs wait apt_update metadata "
        "ping_count ping_interval timeout output picture"
    ),
    "vpc": "state fleet subnets security_group_ids ipv4_cidr ssh_from clients_from hosts extra_rules tags",
}
_OF_A_FLEET = (*READ_EVERYWHERE, *READ_ON_LOCALHOST)
_OF_THE_PLAYBOOKS = (
    *(name for name in _OF_A_FLEET if name.startswith(PREFIX)),
    OWN,
    f"{PREFIX}connect_timeout",
    f"{PREFIX}serial",
    f"{PREFIX}ssh_extra_args",
)
# What the playbooks tell one another.
_OF_A_RUN = (f"{PREFIX}groups", f"{PREFIX}host", f"{PREFIX}observed", f"{PREFIX}placed")
# Given to a role by the playbooks, from a host's variable of nearly the same name: an inventory's would be ignored.
_OVERRIDDEN = frozenset(("containers_network", "containers_prefix", "containers_count"))
_OF_THE_ROLES = tuple(
    name for role, names in OF_ROLES.items() for one in names.split() if (name := f"{role}_{one}") not in _OVERRIDDEN
)
_MEANT = tuple(dict.fromkeys((*OF_A_HOST, *_OF_THE_PLAYBOOKS, *_OF_A_FLEET, *_OF_THE_ROLES)))
_KNOWN = frozenset((*_MEANT, *_SHORT, *_OF_A_RUN))
# Ansible's own, and what a play or a role tells itself.
_NOBODYS_SLIP = ("ansible_", "__")
_HERE = "localhost"
# Letters that are missing, too many or others; two that changed places are two.
_MOST_APART = 2


def misspelt_problems(hosts: Iterable[Mapping[str, Any]], localhost: Mapping[str, Any]) -> list[str]:
    """What is wrong with the names of variables: one text for each name that is nearly, or should be, one of ours.

    ``hosts`` and ``localhost`` are variables by name, as in Ansible's ``hostvars``; no other value than that of
    ``aws_containers_own_variables`` is looked at.
    """
    found: dict[str, list[str]] = {}
    rules: dict[str, str] = {}
    for place, variables in [*((f"hosts[{host['inventory_hostname']}]", host) for host in hosts), (_HERE, localhost)]:
        for name in sorted(set(variables) - _KNOWN):
            if name not in rules:
                rules[name] = _rule(name)
            if rules[name] and name not in _own(variables):
                found.setdefault(name, []).append(place)
    return [
        str(Violation(places[0], rules[name], name + others(len(set(places[1:]) - {_HERE}))))
        for name, places in found.items()
    ]


def _own(variables: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a user's own; a single one may stand without a list around it."""
    value = variables.get(OWN)
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _rule(name: str) -> str:
    """What must be instead of a name that is not known; empty if that is nobody's business."""
    if name.startswith(_NOBODYS_SLIP):
        return ""
    nearest = min(_MEANT, key=lambda known: _apart(name, known))
    if _apart(name, nearest) <= _MOST_APART:
        return f"must be spelt {nearest}, or be listed in {OWN}"
    if name.startswith(PREFIX):
        return f"must be one of {', '.join(_OF_THE_PLAYBOOKS)}, or be listed in {OWN}"
    return ""


def _apart(one: str, other: str) -> int:
    """How many letters must be put in, left out or replaced to get the other (Levenshtein's distance).

    More than ``_MOST_APART`` is as good as anything above.
    """
    if abs(len(one) - len(other)) > _MOST_APART:
        return _MOST_APART + 1
    row = list(range(len(other) + 1))
    for line, letter in enumerate(one, 1):
        before, row[0] = row[0], line
        for column, wanted in enumerate(other, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (letter != wanted))
        if min(row) > _MOST_APART:
            break
    return row[-1]
