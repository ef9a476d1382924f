# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's actions: parameters in, the members of an answer out; pages as Route 53 makes them."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from vpclab.ec2.refusal import Refusal
from vpclab.ec2.route53.records import BadRecord, canonical, order
from vpclab.ec2.route53.zones import NAME_SERVERS, Zone, Zones, place

_ZONES, _RECORDS = 100, 300
"""How many a page has at most."""

Params = Mapping[str, Any]
Answer = dict[str, Any]


class Actions:
    """Each public method is the action of its name."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def find(self, action: str) -> Callable[[Params], Answer]:
        """The method of an action; NotImplementedError for one that the lab does not have."""
        method = _METHODS.get(action)
        if method is None:
            raise NotImplementedError(action)
        return lambda params: method(self, params)

    def create_hosted_zone(self, params: Params) -> Answer:
        """A public zone, or a private one with its first VPC."""
        config, vpc = params.get("HostedZoneConfig") or {}, params.get("VPC")
        private = bool(config.get("PrivateZone") or vpc)
        if private and not vpc:
            raise Refusal("InvalidInput", "When you're creating a private hosted zone, you must specify a VPC.")
        vpcs = [(vpc["VPCId"], vpc["VPCRegion"])] if vpc else []
        zone = self._zones.create(params["Name"], params["CallerReference"], config.get("Comment"), private, vpcs)
        return {**_described(zone), **_change(self._zones.changed()), "Location": f"/2013-04-01/hostedzone/{zone.id}"}

    def get_hosted_zone(self, params: Params) -> Answer:
        """One zone."""
        return _described(self._zones.zone(params["Id"]))

    def list_hosted_zones(self, params: Params) -> Answer:
        """All zones by id, a page at a time."""
        most = _most(params, _ZONES)
        zones = [zone for zone in self._zones.all() if zone.id >= (params.get("Marker") or "")]
        shown, rest = zones[:most], zones[most:]
        return {
            "HostedZones": [_zone(zone) for zone in shown],
            "Marker": params.get("Marker"),
            "IsTruncated": bool(rest),
            "NextMarker": rest[0].id if rest else None,
            "MaxItems": str(most),
        }

    def list_hosted_zones_by_name(self, params: Params) -> Answer:
        """Zones by their names' labels from the right, from a name on, which need not be there."""
        most, start = _most(params, _ZONES), params.get("DNSName")
        first = (order(_name(start)), params.get("HostedZoneId") or "") if start else ([], "")
        zones = sorted(self._zones.all(), key=lambda zone: (order(zone.name), zone.id))
        zones = [zone for zone in zones if (order(zone.name), zone.id) >= first]
        shown, rest = zones[:most], zones[most:]
        return {
            "HostedZones": [_zone(zone) for zone in shown],
            "DNSName": start,
            "HostedZoneId": params.get("HostedZoneId"),
            "IsTruncated": bool(rest),
            "NextDNSName": rest[0].name if rest else None,
            "NextHostedZoneId": rest[0].id if rest else None,
            "MaxItems": str(most),
        }

    def delete_hosted_zone(self, params: Params) -> Answer:
        """Delete an empty zone."""
        return _change(self._zones.delete(params["Id"]))

    def update_hosted_zone_comment(self, params: Params) -> Answer:
        """Say something else of a zone."""
        zone = self._zones.zone(params["Id"])
        zone.comment = params.get("Comment")
        return {"HostedZone": _zone(zone)}

    def get_dnssec(self, params: Params) -> Answer:
        """No zone of the lab is signed."""
        self._zones.zone(params["HostedZoneId"])
        return {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []}

    def change_resource_record_sets(self, params: Params) -> Answer:
        """A batch of changes."""
        return _change(self._zones.change(params["HostedZoneId"], params["ChangeBatch"]["Changes"]))

    def list_resource_record_sets(self, params: Params) -> Answer:
        """A zone's record sets by name and type, from one on, a page at a time."""
        zone, most = self._zones.zone(params["HostedZoneId"]), _most(params, _RECORDS)
        name, kind = params.get("StartRecordName"), params.get("StartRecordType")
        if kind and not name:
            raise Refusal("InvalidInput", "The input is not valid")  # no text is recorded for this
        with self._zones.alone():
            keys = sorted(zone.records, key=place)
            start = (
                (order(_name(name)), kind or "", params.get("StartRecordIdentifier") or "") if name else ([], "", "")
            )
            keys = keys[bisect.bisect_left(keys, start, key=place) :]
            shown, rest = keys[:most], keys[most:]
            following = (
                dict(zip(("NextRecordName", "NextRecordType", "NextRecordIdentifier"), rest[0], strict=True))
                if rest
                else {}
            )
            return {
                "ResourceRecordSets": [zone.records[key] for key in shown],
                "IsTruncated": bool(rest),
                **{member: value for member, value in following.items() if value},
                "MaxItems": str(most),
            }

    def get_change(self, params: Params) -> Answer:
        """A change is in sync as soon as it is made."""
        if not self._zones.change_known(params["Id"]):
            raise Refusal("NoSuchChange", f"Could not find resource with ID: {params['Id']}", status=404)
        return _change(params["Id"], "INSYNC")

    def list_tags_for_resource(self, params: Params) -> Answer:
        """A zone's tags."""
        zone = self._zones.zone(params["ResourceId"])
        tags = [{"Key": key, "Value": value} for key, value in zone.tags.items()]
        kind = params["ResourceType"]
        return {"ResourceTagSet": {"ResourceType": kind, "ResourceId": zone.id, "Tags": tags}}

    def change_tags_for_resource(self, params: Params) -> Answer:
        """Tag a zone, or take tags away."""
        zone = self._zones.zone(params["ResourceId"])
        for key in params.get("RemoveTagKeys") or ():
            zone.tags.pop(key, None)
        zone.tags.update({tag["Key"]: tag.get("Value", "") for tag in params.get("AddTags") or ()})
        return {}


_METHODS: dict[str, Callable[[Actions, Params], Answer]] = {
    "CreateHostedZone": Actions.create_hosted_zone,
    "GetHostedZone": Actions.get_hosted_zone,
    "ListHostedZones": Actions.list_hosted_zones,
    "ListHostedZonesByName": Actions.list_hosted_zones_by_name,
    "DeleteHostedZone": Actions.delete_hosted_zone,
    "UpdateHostedZoneComment": Actions.update_hosted_zone_comment,
    "GetDNSSEC": Actions.get_dnssec,
    "ChangeResourceRecordSets": Actions.change_resource_record_sets,
    "ListResourceRecordSets": Actions.list_resource_record_sets,
    "GetChange": Actions.get_change,
    "ListTagsForResource": Actions.list_tags_for_resource,
    "ChangeTagsForResource": Actions.change_tags_for_resource,
}


def _most(params: Params, largest: int) -> int:
    text = str(params.get("MaxItems") or largest)
    if not text.isdecimal() or int(text) < 1:
        raise Refusal("InvalidInput", f"Invalid MaxItems: {text}")  # no text is recorded for this
    return min(int(text), largest)


def _name(text: str) -> str:
    try:
        return canonical(text)
    except BadRecord as error:
        raise Refusal("InvalidInput", str(error)) from error


def _zone(zone: Zone) -> Answer:
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": len(zone.records),
    }


def _described(zone: Zone) -> Answer:
    vpcs = [{"VPCId": vpc, "VPCRegion": region} for vpc, region in zone.vpcs]
    if zone.private:
        return {"HostedZone": _zone(zone), "VPCs": vpcs, "VPC": vpcs[0]}
    servers = [name.removesuffix(".") for name in NAME_SERVERS]
    return {"HostedZone": _zone(zone), "DelegationSet": {"NameServers": servers}}


def _change(change_id: str, status: str = "PENDING") -> Answer:
    return {"ChangeInfo": {"Id": change_id, "Status": status, "SubmittedAt": datetime.now(UTC)}}
