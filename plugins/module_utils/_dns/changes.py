# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the names that containers are to have, and a zone's records, to the changes that lead there. Pure.

Of a name that comes, the record of ownership (TXT) is written first; of one that goes, it is deleted last. So a run
that is cut short leaves no address that nobody owns, and the next one completes it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._plan.errors import Problems
from .claims import Claim, named, owner_name, read_value, to_values
from .names import Name, bare

PRESENT, ABSENT = "present", "absent"
LONGEST_TTL = 2147483647
#: A request's values may have 32000, and those of an UPSERT count twice (Route 53 Developer Guide, "Quotas").
_CHARACTERS = 16000


@dataclass(frozen=True)
class RecordSet:
    """A record set that is there; ``plain``: no alias, and no routing policy."""

    kind: str
    ttl: int | None
    values: tuple[str, ...]
    plain: bool


@dataclass(frozen=True)
class Change:
    """A record set to bring about (``present``) or to delete; ``overwrite``: there is one, and it is ours."""

    state: str
    name: str
    kind: str
    ttl: int
    values: tuple[str, ...]
    overwrite: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As options of amazon.aws.route53."""
        return {
            "state": self.state,
            "record": self.name,
            "type": self.kind,
            "ttl": self.ttl,
            "value": list(self.values),
            "overwrite": self.overwrite,
        }


@dataclass(frozen=True)
class Scope:
    """Whose records a run may judge: of ``judged`` hosts, and where ``complete`` of those that are not ``known``.

    A run with ``--limit`` is not complete: it sees some of the fleet's hosts, and can't tell which have left.
    """

    fleet: str
    judged: frozenset[str]
    known: frozenset[str] = frozenset()
    complete: bool = False

    def keeps(self, claim: Claim) -> bool:
        """Whether a claim stays as it is, whatever is wanted."""
        return claim.host not in self.judged and (not self.complete or claim.host in self.known)


@dataclass
class Zone:
    """A zone's record sets by name, names as the core compares them."""

    name: str
    sets: dict[str, list[RecordSet]] = field(default_factory=dict)

    def of(self, name: str, kind: str) -> list[RecordSet]:
        """The record sets of a name and type; several where they have a routing policy."""
        return [one for one in self.sets.get(name, ()) if one.kind == kind]

    def delegation(self, name: str) -> str | None:
        """The name at or above ``name``, within the zone, that other name servers answer for; None for none."""
        labels = name[: -len(self.name) - 1].split(".") if name != self.name else []
        for at in range(len(labels)):
            above = ".".join([*labels[at:], self.name])
            if self.of(above, "NS"):
                return above
        return None


def read_zone(name: str, records: Iterable[Mapping[str, Any]]) -> Zone:
    """The answer of ListResourceRecordSets, all pages of it."""
    zone = Zone(bare(name))
    for one in records:
        values = tuple(value["Value"] for value in one.get("ResourceRecords") or ())
        plain = "AliasTarget" not in one and "SetIdentifier" not in one and bool(values)
        zone.sets.setdefault(bare(one["Name"]), []).append(RecordSet(one["Type"], one.get("TTL"), values, plain))
    return zone


def decide(problems: Problems, zone: Zone, wanted: Sequence[Name], scope: Scope, ttl: int) -> list[Change]:
    """The changes in the order to make them; what stands against them goes to ``problems``."""
    if not 0 <= ttl <= LONGEST_TTL:
        problems.add("dns_ttl", f"must be from 0 to {LONGEST_TTL} seconds", ttl)
    paths: dict[str, str] = {}
    claims: dict[str, set[Claim]] = {}
    for one in wanted:
        if one.address is not None:
            paths.setdefault(one.name, one.path)
            claims.setdefault(one.name, set()).add(Claim(scope.fleet, one.host, one.container, one.address))
    held = _held(zone, scope.fleet)
    touched = set(claims) | {name for name, there in held.items() if not all(map(scope.keeps, there))}
    gone, made = [], []
    for name in sorted(touched):
        path = paths.get(name, f"{zone.name} (zone)")
        if not _ours(problems, zone, name, path, scope.fleet, name in claims):
            continue
        after = {claim for claim in held.get(name, ()) if scope.keeps(claim)} | claims.get(name, set())
        if after:
            made += _brought(problems, zone, name, path, after, ttl)
        else:
            gone += _deleted(zone, name)
    return gone + made


def _held(zone: Zone, fleet: str) -> dict[str, set[Claim]]:
    """The fleet's claims by name."""
    found: dict[str, set[Claim]] = {}
    for owner in zone.sets:
        name = named(owner)
        for one in zone.of(owner, "TXT") if name else ():
            claims = filter(None, map(read_value, one.values))
            mine = {claim for claim in claims if claim.fleet == fleet}
            if mine and name:
                found.setdefault(name, set()).update(mine)
    return found


def _ours(problems: Problems, zone: Zone, name: str, path: str, fleet: str, wanted: bool) -> bool:
    """Whether the name is the fleet's to write; if not, why not goes to ``problems``."""
    owners, addresses = zone.of(owner_name(name), "TXT"), zone.of(name, "AAAA")
    claims = [read_value(value) for one in owners for value in one.values]
    others = sorted({_owner(one) for one in claims if not one or one.fleet != fleet})
    reasons = []
    if others:
        reasons.append(f"{owner_name(name)} (TXT) says it is that of {' and '.join(others)}")
    elif addresses and not owners:
        reasons.append(f"it has an AAAA record, and no {owner_name(name)} (TXT) says whose it is")
    elif not all(one.plain for one in (*owners, *addresses)):
        reasons.append("its record is an alias or has a routing policy, which we never make")
    if wanted and zone.of(name, "CNAME"):
        reasons.append("it has a CNAME record")
    above = zone.delegation(name) if wanted else None
    if above:
        reasons.append(f"{above} is delegated to other name servers")
    for reason in reasons:
        problems.add(path, f"is somebody else's record: {reason}", name)
    return not reasons


def _owner(claim: Claim | None) -> str:
    return f"the fleet {claim.fleet}" if claim else "nobody we know"


def _brought(problems: Problems, zone: Zone, name: str, path: str, claims: Iterable[Claim], ttl: int) -> list[Change]:
    held = sorted(claims, key=Claim.to_value)
    owners = to_values(held)
    length = sum(map(len, owners))
    if length > _CHARACTERS:
        rule = f"must be the name of fewer containers: what says whose it is has {length} characters, Route 53 takes"
        problems.add(path, f"{rule} {_CHARACTERS}", name)
    addresses = tuple(map(str, sorted({claim.address for claim in held})))
    wanted = (Change(PRESENT, owner_name(name), "TXT", ttl, owners), Change(PRESENT, name, "AAAA", ttl, addresses))
    return [replace(one, overwrite=bool(zone.of(one.name, one.kind))) for one in wanted if not _there(zone, one)]


def _there(zone: Zone, change: Change) -> bool:
    return any(
        one.ttl == change.ttl and sorted(map(_compared, one.values)) == sorted(map(_compared, change.values))
        for one in zone.of(change.name, change.kind)
    )


def _compared(value: str) -> str:
    """A value as it is compared: an address may be written in several ways."""
    try:
        return str(ipaddress.IPv6Address(value))
    except ValueError:
        return value


def _deleted(zone: Zone, name: str) -> list[Change]:
    """Exactly what is there: Route 53 refuses to delete what has changed since."""
    return [
        Change(ABSENT, at, kind, one.ttl or 0, one.values)
        for at, kind in ((name, "AAAA"), (owner_name(name), "TXT"))
        for one in zone.of(at, kind)
    ]
