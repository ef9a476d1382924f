# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route 53 of the endpoint: what it refuses and in which words, whole batches or nothing, pages, zones, faults."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server

NAME = "web.containers.lab.test"


@pytest.fixture
def route53(connect: Callable[..., Any]) -> Any:
    return connect("route53")


@pytest.fixture
def zone(route53: Any) -> str:
    """The lab's own, which is there from the start."""
    (found,) = route53.list_hosted_zones()["HostedZones"]
    assert (found["Name"], found["Config"]["PrivateZone"]) == ("containers.lab.test.", False)
    return str(found["Id"])


def record(name: str, kind: str, *values: str, ttl: int = 60, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": one} for one in values], **more}


def change(route53: Any, zone: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": one} for action, one in changes]}
    return dict(route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"])


def listed(route53: Any, zone: str, size: int = 300) -> list[tuple[str, str]]:
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": size}
    )
    return [(one["Name"], one["Type"]) for page in pages for one in page["ResourceRecordSets"]]


def test_a_record_comes_changes_and_goes(route53: Any, zone: str) -> None:
    """Names are kept in lower case with their dot; a change is in sync when it is asked for."""
    made = change(route53, zone, ("CREATE", record("Web.Containers.lab.test", "AAAA", "2001:db8::1")))
    assert made["Status"] == "PENDING"
    assert route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    change(route53, zone, ("UPSERT", record(NAME, "AAAA", "2001:db8::2", ttl=30)))
    shown = route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=NAME)["ResourceRecordSets"]
    assert shown == [record(f"{NAME}.", "AAAA", "2001:db8::2", ttl=30)]
    change(route53, zone, ("DELETE", record(NAME, "AAAA", "2001:db8::2", ttl=30)))
    assert listed(route53, zone) == [("containers.lab.test.", "NS"), ("containers.lab.test.", "SOA")]


@pytest.mark.parametrize(
    ("action", "asked", "words"),
    [
        ("CREATE", record(NAME, "AAAA", "::2"), "create resource record set [name='{}.', type='AAAA'] but it already"),
        ("DELETE", record(NAME, "AAAA", "::2"), "type='AAAA'] but the values provided do not match the current values"),
        ("DELETE", record(NAME, "AAAA", "::1", ttl=61), "but the values provided do not match the current values"),
        ("DELETE", record(NAME, "A", "192.0.2.1"), "[name='{}.', type='A'] but it was not found"),
        ("UPSERT", record(NAME, "TXT", "bare"), "Value should be enclosed in quotation marks) encountered with 'bare'"),
        ("UPSERT", record(NAME, "TXT", '"' + "x" * 256 + '"'), "CharacterStringTooLong"),
        ("UPSERT", record(NAME, "AAAA", "192.0.2.1"), "Value is not a valid IPv6 address"),
        ("UPSERT", record(NAME, "AAAA", "::3", "::3"), "Duplicate Resource Record: '::3'"),
        ("UPSERT", record(NAME, "CNAME", "a.test"), "type CNAME with DNS name {}. is not permitted as it conflicts"),
        (
            "UPSERT",
            record("web.test", "AAAA", "::2"),
            "name web.test. is not permitted in zone containers.lab.test.",
        ),
        ("UPSERT", record("x" * 64 + "." + NAME, "AAAA", "::2"), "DomainLabelTooLong (Domain label is too long)"),
        ("UPSERT", record(".".join(["x" * 63] * 4) + "." + NAME, "AAAA", "::2"), "DomainNameTooLong"),
        ("UPSERT", record(NAME, "AAAA", "::2", SetIdentifier="a", Weight=1), "another routing policy"),
    ],
)
def test_what_is_refused_changes_nothing(route53: Any, zone: str, action: str, asked: Any, words: str) -> None:
    """A batch is made as a whole or not at all."""
    change(route53, zone, ("CREATE", record(NAME, "AAAA", "::1")))
    before = listed(route53, zone)
    with pytest.raises(ClientError) as refused:
        change(route53, zone, ("CREATE", record(f"other.{NAME}", "AAAA", "::9")), (action, asked))
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidChangeBatch"
    assert error["Message"].startswith("[") and words.format(NAME) in error["Message"]
    assert listed(route53, zone) == before


def test_malformed_changes_and_unknown_ids(route53: Any, zone: str) -> None:
    both = {"HostedZoneId": "Z1", "DNSName": "a.test", "EvaluateTargetHealth": False}
    for asked in ({"Name": NAME, "Type": "AAAA"}, record(NAME, "AAAA", "::1", AliasTarget=both)):
        with pytest.raises(ClientError, match=r"InvalidInput.*Expected exactly one of \[AliasTarget"):
            change(route53, zone, ("CREATE", asked))
    for call, code in (
        (lambda: route53.get_hosted_zone(Id="Z404"), "NoSuchHostedZone"),
        (lambda: route53.get_change(Id="C404"), "NoSuchChange"),
        (lambda: route53.list_health_checks(), "UnsupportedOperation"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == code


def test_pages_and_their_order(route53: Any, zone: str) -> None:
    """Sorted by the labels from the right; two pages hold what one does."""
    names = ["b.a", "a.b", "c", "a", "_x.a"]
    change(route53, zone, *(("CREATE", record(f"{n}.containers.lab.test", "AAAA", "::1")) for n in names))
    order = [name.removesuffix("containers.lab.test.") for name, kind in listed(route53, zone) if kind == "AAAA"]
    assert order == ["a.", "_x.a.", "b.a.", "a.b.", "c."]
    assert listed(route53, zone, size=2) == listed(route53, zone)


def test_zones(route53: Any, zone: str) -> None:
    """Two zones may have one name; by name they are listed from that name on; one with records can't be deleted."""
    private = route53.create_hosted_zone(
        Name="containers.lab.test", CallerReference="1", VPC={"VPCRegion": "us-east-1", "VPCId": "vpc-1"}
    )["HostedZone"]
    assert private["Config"]["PrivateZone"]
    found = route53.list_hosted_zones_by_name(DNSName="containers.lab.test")["HostedZones"]
    assert {one["Id"] for one in found} == {zone, private["Id"]}
    assert route53.list_hosted_zones_by_name(DNSName="d.lab.test")["HostedZones"] == []
    assert route53.get_hosted_zone(Id=private["Id"])["VPCs"] == [{"VPCRegion": "us-east-1", "VPCId": "vpc-1"}]
    with pytest.raises(ClientError, match="HostedZoneAlreadyExists"):
        route53.create_hosted_zone(Name="other.test", CallerReference="1")
    change(route53, private["Id"], ("CREATE", record(NAME, "AAAA", "::1")))
    with pytest.raises(ClientError, match="HostedZoneNotEmpty"):
        route53.delete_hosted_zone(Id=private["Id"])
    change(route53, private["Id"], ("DELETE", record(NAME, "AAAA", "::1")))
    route53.delete_hosted_zone(Id=private["Id"])
    assert [one["Id"] for one in route53.list_hosted_zones()["HostedZones"]] == [zone]


def faulty(server: Server, **faults: Any) -> None:
    urlopen(Request(f"{server.url}/_lab/faults", json.dumps(faults).encode(), method="PUT")).close()


def test_faults_and_the_count_of_calls(server: Server, route53: Any, zone: str) -> None:
    """Throttled as Route 53 says it; five calls a second for the account, wherever EC2's buckets are in force."""
    faulty(server, throttle=1.0)
    with pytest.raises(ClientError) as refused:
        listed(route53, zone)
    assert (refused.value.response["Error"]["Code"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "Throttling",
        400,
    )
    faulty(server, bucket=True)
    with pytest.raises(ClientError, match="Throttling"):
        for _ in range(100):
            listed(route53, zone)
    faulty(server)
    listed(route53, zone)
    assert server.endpoint.calls.counts()["ListResourceRecordSets"] >= 7
