# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables and the modules' answers to a fleet; what is malformed is refused with its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .._dns.names import wanted
from .._dns.plain import zone_id
from .._docker.declared import AUTO as ANY_ADDRESS
from .._docker.engine import DEFAULT_BRIDGE, DEFAULT_BRIDGE_INTERFACE, NETWORKS, ROUTED
from .._plan import inventory
from .._plan.addresses import Block, read_address, read_block, resolve, single
from .._plan.errors import PlanError, Problems
from .._plan.model import MODES
from .answers import Answers
from .model import Container, Fleet, Host, Opening, VerifyError
from .pairs import ALL, AUTO, RING

T = TypeVar("T")
Called = Mapping[tuple[str, str], tuple[str, ...]]

WORDS = (AUTO, ALL, RING)


def fleet(facts: Mapping[str, Any]) -> Fleet:
    """The fleet from plain data.

    ``facts``: ``allocation`` (eni_info's hosts), ``declared`` (by host: ``containers``, ``network``, ``bridge``,
    ``host_ports``, ``host_closed``), ``observed``, ``probes``, ``captures`` (the modules' answers by host; a host that
    did not answer may be missing), ``vantage`` (names), ``internet_target``, ``closed_ports``, ``security_groups``,
    ``pairs``, ``partial`` (not all hosts are judged), ``dns`` (``zone``, ``names``: a pattern, ``fleet``).
    Raises ``VerifyError``.
    """
    allocation = _mapping(facts.get("allocation"), "allocation")
    called = _called(facts)
    probes, captures = (_mapping(facts.get(key) or {}, key) for key in ("probes", "captures"))
    hosts = tuple(
        _host(
            name,
            _mapping(eni, f"allocation.{name}"),
            _mapping((facts.get("declared") or {}).get(name) or {}, f"declared.{name}"),
            called,
            seen=(facts.get("observed") or {}).get(name) or {},
            answers=Answers(probes.get(name) or {}, captures.get(name) or {}),
        )
        for name, eni in allocation.items()
    )
    outside = facts.get("vantage") or ()
    vantage = {name: Answers(probes.get(name) or {}, captures.get(name) or {}) for name in outside}
    return Fleet(
        hosts,
        vantage,
        str(facts.get("internet_target") or ""),
        tuple(_port(value, f"closed_ports[{n}]") for n, value in enumerate(facts.get("closed_ports") or ())),
        tuple(facts.get("security_groups") or ()),
        _pairs(facts.get("pairs", AUTO)),
        bool(facts.get("partial")),
    )


def _host(name: str, eni: Mapping[str, Any], declared: Mapping[str, Any], called: Called, **seen: Any) -> Host:
    path = f"allocation.{name}"
    subnet = _read(read_block, eni.get("subnet_cidr"), f"{path}.subnet_cidr")
    network, closed = declared.get("network") or ROUTED, declared.get("host_closed")
    if "addresses" not in seen["seen"]:  # unreachable, or the module failed: then msg says why, and there is no answer
        seen = {**seen, "seen": {}, "trouble": str(seen["seen"].get("msg") or "")}
    return Host(
        name=name,
        mode=_one_of(eni.get("container_mode"), MODES, f"{path}.container_mode"),
        network=_one_of(network, NETWORKS, f"declared.{name}.network"),
        bridge=str(declared.get("bridge") or (DEFAULT_BRIDGE_INTERFACE if network == DEFAULT_BRIDGE else "br-pub6")),
        address=_read(read_address, eni.get("host_address"), f"{path}.host_address"),
        prefix=_read(read_block, eni.get("container_prefix"), f"{path}.container_prefix"),
        subnet=subnet,
        mac=str(eni.get("mac_address") or "").lower(),
        eni=eni,
        containers=tuple(
            replace(container, names=called.get((name, container.name), ()))
            for container in containers(declared.get("containers") or (), subnet, f"declared.{name}.containers")
        ),
        openings=_openings(declared.get("host_ports"), f"declared.{name}.host_ports") if closed else None,
        **seen,
    )


def _called(facts: Mapping[str, Any]) -> Called:
    """The names in DNS of each host's containers; none where there is no zone, or only its id is known."""
    dns = facts.get("dns") or {}
    if not dns.get("zone") or zone_id(dns["zone"]):
        return {}
    hosts = [
        {
            "host": name,
            "network": declared.get("network"),
            "containers": [
                {"name": one["name"], "dns": one.get("dns")}
                for one in declared.get("containers") or ()
                if one.get("name")
            ],
        }
        for name, declared in (facts.get("declared") or {}).items()
        if name in facts["allocation"]
    ]
    problems = Problems()
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in wanted(problems, hosts, dns["zone"], dns.get("names") or "", dns.get("fleet") or ""):
        key = one.host, one.container
        found[key] = (*found.get(key, ()), one.name)
    try:
        problems.raise_if_any()
    except PlanError as error:
        raise VerifyError(str(error)) from error
    return found


def containers(declared: Sequence[Mapping[str, Any]], subnet: Block, path: str) -> tuple[Container, ...]:
    """The containers of one host; pinned addresses may be relative to the subnet. Raises ``VerifyError``."""
    found = []
    for n, entry in enumerate(declared):
        where = f"{path}[{n}]"
        name = entry.get("name")
        if not name:
            raise VerifyError(f"{where}.name: must be given, got {name!r}")
        pinned = entry.get("address") or ANY_ADDRESS
        address = None
        if pinned != ANY_ADDRESS:
            address = resolve(single(_read(read_address, pinned, f"{where}.address")), subnet).first
        openings = _openings(entry.get("ports"), f"{where}.ports")
        found.append(Container(str(name), str(entry.get("image") or ""), address, openings))
    return tuple(found)


def _openings(values: Any, path: str) -> tuple[Opening, ...]:
    """Declared TCP ports; UDP is left out, which answers nothing by itself."""
    try:
        ports = inventory.parse_ports(values, path)
    except PlanError as error:
        raise VerifyError(str(error)) from error
    return tuple(Opening(first, last, source) for protocol, first, last, source in ports if protocol == "tcp")


def _pairs(value: Any) -> str | int:
    if value in WORDS:
        return str(value)
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise VerifyError(f"pairs: must be {', '.join(WORDS)} or a number of targets a container, got {value!r}")
    return number


def _port(value: Any, path: str) -> int:
    try:
        port = int(value)
    except (TypeError, ValueError):
        port = 0
    if not 1 <= port <= 65535:
        raise VerifyError(f"{path}: must be a TCP port from 1 to 65535, got {value!r}")
    return port


def _read(function: Callable[[Any], T], value: Any, path: str) -> T:
    try:
        return function(value)
    except ValueError as error:
        raise VerifyError(f"{path}: {error}, got {value!r}") from error


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise VerifyError(f"{path}: must be a dictionary, got {type(value).__name__}")
    return value


def _one_of(value: Any, choices: Sequence[str], path: str) -> str:
    if value not in choices:
        raise VerifyError(f"{path}: must be one of {', '.join(choices)}, got {value!r}")
    return str(value)
