# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's hosted zones and all that Route 53 decides of them. No HTTP, no clock: changes are in sync at once."""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vpclab.ec2.refusal import Refusal
from vpclab.ec2.route53.records import LONGEST_TTL, TYPES, BadRecord, canonical, check_value, order

LAB_ZONE = "containers.lab.test."
"""The account has this public zone from the start."""
NAME_SERVERS = tuple(f"ns-{number}.awsdns-{number:02}.lab.test." for number in range(1, 5))

#: Name, type and identifier of a record set; its members as the API writes them.
Key = tuple[str, str, str]
RecordSet = dict[str, Any]
Records = dict[Key, RecordSet]

_MOST_RECORDS, _MOST_CHARACTERS = 1000, 32000
"""In one request; those of an UPSERT count twice (Developer Guide, "Quotas")."""
_ID = string.ascii_uppercase + string.digits


@dataclass
class Zone:
    """A hosted zone; ``vpcs`` are those that a private one is associated with, as (id, region)."""

    id: str
    name: str
    reference: str
    comment: str | None
    private: bool
    vpcs: list[tuple[str, str]] = field(default_factory=list)
    records: Records = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def listed(self) -> list[RecordSet]:
        """Its record sets in the order of lists."""
        return [self.records[key] for key in sorted(self.records, key=place)]


def place(key: Key) -> tuple[list[str], str, str]:
    """Where a record set stands in lists."""
    name, kind, identifier = key
    return order(name), kind, identifier


class Zones:
    """Every hosted zone of the account. Calls may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._zones: dict[str, Zone] = {}
        self._changes: set[str] = set()
        self.create(LAB_ZONE, "lab", "The lab's own", False, [])

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes anything in the meantime."""
        with self._lock:
            yield

    # Zones ------------------------------------------------------------------------------------------------------------

    def create(
        self, name: str, reference: str, comment: str | None, private: bool, vpcs: Sequence[tuple[str, str]]
    ) -> Zone:
        """Make a zone, with the records that each has. A caller's reference makes one zone."""
        with self._lock:
            if any(zone.reference == reference for zone in self._zones.values()):
                words = f"A hosted zone has already been created with the specified caller reference: {reference}"
                raise Refusal("HostedZoneAlreadyExists", words, status=409)
            try:
                name = canonical(name)
            except BadRecord as error:
                raise Refusal("InvalidDomainName", str(error)) from error
            zone = Zone(self._fresh("Z"), name, reference, comment, private, list(vpcs))
            start = f"{NAME_SERVERS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
            for kind, ttl, values in (("NS", 172800, NAME_SERVERS), ("SOA", 900, (start,))):
                zone.records[name, kind, ""] = record_set(name, kind, ttl, values)
            self._zones[zone.id] = zone
            return zone

    def zone(self, zone_id: str) -> Zone:
        """A zone by its id, with or without ``/hostedzone/`` before it."""
        bare = zone_id.removeprefix("/hostedzone/")
        if bare not in self._zones:
            raise Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {bare}", status=404)
        return self._zones[bare]

    def all(self) -> list[Zone]:
        """Every zone, by id."""
        with self._lock:
            return [self._zones[zone_id] for zone_id in sorted(self._zones)]

    def delete(self, zone_id: str) -> str:
        """Delete a zone that has no records but those it was made with; returns the change's id."""
        with self._lock:
            zone = self.zone(zone_id)
            if any(kind not in ("NS", "SOA") or name != zone.name for name, kind, _ in zone.records):
                words = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
                raise Refusal("HostedZoneNotEmpty", words)
            del self._zones[zone.id]
            return self.changed()

    # Records ----------------------------------------------------------------------------------------------------------

    def change(self, zone_id: str, changes: Sequence[Mapping[str, Any]]) -> str:
        """Make all of the changes, or none; returns the change's id. They are made in their order."""
        with self._lock:
            zone = self.zone(zone_id)
            _check_size(changes)
            records, problems = dict(zone.records), []
            for one in changes:
                try:
                    _apply(zone, records, one["Action"], one["ResourceRecordSet"])
                except BadRecord as error:
                    problems.append(str(error))
            if problems:
                raise Refusal("InvalidChangeBatch", f"[{', '.join(problems)}]")
            zone.records = records
            return self.changed()

    def change_known(self, change_id: str) -> bool:
        """Whether there was such a change."""
        return change_id.removeprefix("/change/") in self._changes

    # Answers ----------------------------------------------------------------------------------------------------------

    def lookup(self, name: str, vpc: str | None = None) -> dict[str, tuple[int, tuple[str, ...]]] | None:
        """What a resolver finds at a name: type → TTL and values. None: there is no such name, or no zone of it.

        A resolver of a ``vpc`` sees the private zones of it first, as on EC2; the longest name of a zone wins.
        """
        wanted = name.lower().removesuffix(".") + "."
        with self._lock:
            around = [
                zone
                for zone in self._zones.values()
                if (wanted == zone.name or wanted.endswith(f".{zone.name}"))
                and (not zone.private or any(known == vpc for known, _ in zone.vpcs))
            ]
            if not around:
                return None
            zone = max(around, key=lambda one: (one.private, len(one.name)))
            found = {
                kind: (one["TTL"], tuple(value["Value"] for value in one["ResourceRecords"]))
                for (at, kind, identifier), one in zone.records.items()
                if at == wanted and not identifier and "ResourceRecords" in one
            }
            # A name below which there is one exists as well (RFC 8020).
            return found if found or any(at.endswith(f".{wanted}") for at, _, _ in zone.records) else None

    def _fresh(self, letter: str) -> str:
        return letter + "".join(random.choices(_ID, k=20))

    def changed(self) -> str:
        """The id of a change that was made just now."""
        change = self._fresh("C")
        self._changes.add(change)
        return f"/change/{change}"


def record_set(name: str, kind: str, ttl: int, values: Sequence[str]) -> RecordSet:
    """A plain record set, as the API writes it."""
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}


def _check_size(changes: Sequence[Mapping[str, Any]]) -> None:
    records = characters = 0
    for one in changes:
        values = [value["Value"] for value in one["ResourceRecordSet"].get("ResourceRecords") or ()]
        times = 2 if one["Action"] == "UPSERT" else 1
        records += times * len(values)
        characters += times * sum(map(len, values))
    if records > _MOST_RECORDS:
        raise Refusal("InvalidChangeBatch", f"[Number of records limit of {_MOST_RECORDS} exceeded.]")
    if characters > _MOST_CHARACTERS:
        raise Refusal("InvalidChangeBatch", f"[Number of characters limit of {_MOST_CHARACTERS} exceeded.]")


def _apply(zone: Zone, records: Records, action: str, asked: Mapping[str, Any]) -> None:
    kind, identifier = asked["Type"], asked.get("SetIdentifier")
    _check_form(action, asked)
    name = canonical(asked["Name"])
    if name != zone.name and not name.endswith(f".{zone.name}"):
        raise BadRecord(f"RRSet with DNS name {name} is not permitted in zone {zone.name}")
    wanted = {**asked, "Name": name}
    key = (name, kind, identifier or "")
    told = f"[name='{name}', type='{kind}'" + (f", set-identifier='{identifier}']" if identifier else "]")
    if action == "DELETE":
        if key not in records:
            raise BadRecord(f"Tried to delete resource record set {told} but it was not found")
        if not _same(records[key], wanted):
            words = "but the values provided do not match the current values"
            raise BadRecord(f"Tried to delete resource record set {told} {words}")
        if name == zone.name and kind in ("NS", "SOA"):
            words = "exactly one SOA record." if kind == "SOA" else "at least one NS record for the zone itself."
            raise BadRecord(f"A HostedZone must contain {words}")
        del records[key]
        return
    if action == "CREATE" and key in records:
        raise BadRecord(f"Tried to create resource record set {told} but it already exists")
    _check_neighbours(zone, records, key)
    values = [value["Value"] for value in wanted.get("ResourceRecords") or ()]
    for value in values:
        check_value(kind, value)
        if values.count(value) > 1:
            raise BadRecord(f"Duplicate Resource Record: '{value}'")
    records[key] = wanted


def _check_form(action: str, asked: Mapping[str, Any]) -> None:
    """What is refused before a batch is looked at: InvalidInput."""
    kind = asked["Type"]
    if action not in ("CREATE", "DELETE", "UPSERT") or kind not in TYPES:
        what = action if kind in TYPES else kind
        raise Refusal("InvalidInput", f"Invalid XML ; '{what}' is not a member of its enumeration")
    plain = asked.get("TTL") is not None and bool(asked.get("ResourceRecords"))
    if plain == ("AliasTarget" in asked):
        found = "more than one" if plain else "none"
        where = (
            f"Action={action}, Name={asked['Name']}, Type={kind}, SetIdentifier={asked.get('SetIdentifier', 'null')}"
        )
        words = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
        problem = f"Expected exactly one of {words}, but found {found} in Change with [{where}]"
        raise Refusal("InvalidInput", f"Invalid request: {problem}")
    if plain and not 0 <= asked["TTL"] <= LONGEST_TTL:
        raise Refusal("InvalidInput", f"Invalid TTL {asked['TTL']}: must be from 0 to {LONGEST_TTL}")


def _check_neighbours(zone: Zone, records: Records, key: Key) -> None:
    name, kind, identifier = key
    there = {one for at, one, _ in records if at == name}
    if kind == "CNAME" and name == zone.name:
        raise BadRecord(f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone.name}")
    if "CNAME" in there | {kind} and there - {kind}:
        words = "as it conflicts with other records with the same DNS name"
        raise BadRecord(f"RRSet of type {kind} with DNS name {name} is not permitted {words} in zone {zone.name}")
    if {bool(other) for at, one, other in records if (at, one) == (name, kind)} - {bool(identifier)}:
        words = "because an RRSet of the same name and type with another routing policy exists"
        raise BadRecord(f"RRSet with DNS name {name}, type {kind} is not permitted {words} in zone {zone.name}")


def _same(there: RecordSet, asked: RecordSet) -> bool:
    def told(one: RecordSet) -> dict[str, Any]:
        values = sorted(value["Value"] for value in one.get("ResourceRecords") or ())
        return {**{key: value for key, value in one.items() if value is not None}, "ResourceRecords": values}

    return told(there) == told(asked)
