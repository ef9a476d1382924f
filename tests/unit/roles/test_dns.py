# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role dns against the lab's Route 53: what it writes, in which order, what it leaves, and with how many calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from vpclab.ec2 import Server
from vpclab.ec2.route53 import Zones
from vpclab.ec2.route53.zones import record_set

HOSTS = [
    {"host": "web-1", "containers": [{"name": "front", "address": "2001:db8::1", "dns": ["front.web-1", "www"]}]},
    {"host": "web-2", "containers": [{"name": "front", "address": "2001:db8::2", "dns": ["front.web-2", "www"]}]},
]
READS = {"ListHostedZonesByName": 1, "ListResourceRecordSets": 1}


@dataclass
class Account:
    """A Route 53 of the test's own, and a way to run the role on it."""

    server: Server
    zones: Zones
    run_playbook: Callable[..., Any]

    def role(self, *flags: str, **variables: Any) -> Any:
        """Run the role; calls are counted from here on."""
        aws = {
            "endpoint_url": self.server.url,
            "region": "eu-west-1",
            "access_key": "k-access",
            "secret_key": "k-secret",
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/ipv6.aws_containers.aws": aws},
            "roles": ["ipv6.aws_containers.dns"],
        }
        given = {"dns_zone": "containers.lab.test", "dns_fleet": "web", "dns_hosts": HOSTS} | variables
        self.server.endpoint.calls.reset()
        return self.run_playbook([play], *flags, variables=given)

    def done(self, *flags: str, **variables: Any) -> list[str]:
        """What a run that succeeds changed, in its order: each as record, type and state."""
        run = self.role(*flags, **variables)
        assert run.status == 0, run.said
        return re.findall(r"changed: \[localhost\] => \(item=(.*)\)", run.said)

    def records(self, zone: int = 0) -> dict[tuple[str, str], tuple[str, ...]]:
        """All but what each zone has: (name, type) → values."""
        return {
            (one["Name"], one["Type"]): tuple(value["Value"] for value in one["ResourceRecords"])
            for one in self.zones.all()[zone].listed()
            if one["Type"] not in ("NS", "SOA")
        }

    def add(self, name: str, kind: str, *values: str) -> None:
        """Somebody else's record."""
        change = {"Action": "CREATE", "ResourceRecordSet": record_set(name, kind, 300, values)}
        self.zones.change(self.zones.all()[0].id, [change])


@pytest.fixture
def account(run_playbook: Callable[..., Any]) -> Iterator[Account]:
    zones = Zones()
    with Server(zones=zones) as server:
        yield Account(server, zones, run_playbook)


def test_names_come_stay_and_go(account: Account) -> None:
    """Check mode tells and writes nothing; a converged zone costs two reads; what is somebody else's stays."""
    account.add("www.other.containers.lab.test", "AAAA", "2001:db8::99")
    before = account.records()
    told = account.done("--check", "--diff")
    assert account.records() == before
    made = account.done()
    assert made == told
    assert made[:2] == [
        "_ipv6-containers.front.web-1.containers.lab.test TXT present",
        "front.web-1.containers.lab.test AAAA present",
    ]
    assert account.records()["www.containers.lab.test.", "AAAA"] == ("2001:db8::1", "2001:db8::2")
    assert account.done() == []
    assert account.server.endpoint.calls.counts() == READS

    gone = [HOSTS[0] | {"containers": []}]
    limited = account.done(dns_hosts=gone, dns_known_hosts=["web-1", "web-2"])
    assert limited[:2] == [
        "front.web-1.containers.lab.test AAAA absent",
        "_ipv6-containers.front.web-1.containers.lab.test TXT absent",
    ]
    assert account.records()["www.containers.lab.test.", "AAAA"] == ("2001:db8::2",)
    account.done(dns_state="absent")
    assert account.records() == before
    assert account.done(dns_state="absent") == []


def test_somebody_elses_record_is_refused_before_the_first_write(account: Account) -> None:
    account.add("www.containers.lab.test", "AAAA", "2001:db8::99")
    before = account.records()
    run = account.role()
    assert run.status != 0
    assert "web-1.containers[front].dns[1]: is somebody else's record" in run.said
    assert account.records() == before
    assert account.server.endpoint.calls.counts() == READS


def test_an_owner_that_can_not_be_written_keeps_its_address_away(account: Account) -> None:
    """A loop goes on after a failure; here the next item would be an address that nobody owns."""
    changes = [
        {"state": "present", "record": name, "type": kind, "ttl": 60, "value": [value], "overwrite": False}
        for name, kind, value in (
            ("_ipv6-containers.www.containers.lab.test", "TXT", "no quotation marks"),
            ("www.containers.lab.test", "AAAA", "2001:db8::1"),
        )
    ]
    run = account.role(__dns_changes=changes)
    assert run.status != 0
    assert "Value should be enclosed in quotation marks" in run.said
    assert account.records() == {}


def test_more_records_than_a_page_has(account: Account) -> None:
    account.done()
    for at in range(300):
        account.add(f"a{at}.containers.lab.test", "AAAA", "2001:db8::99")
    assert account.done() == []
    assert account.server.endpoint.calls.counts() == READS | {"ListResourceRecordSets": 2}


def test_which_zone_is_meant(account: Account) -> None:
    """The name of two zones is refused, with their ids; an id will do; a zone that is gone has nothing to take away."""
    (public,) = account.zones.all()
    private = account.zones.create("containers.lab.test", "p", None, True, [("vpc-1", "us-east-1")])
    run = account.role()
    assert run.status != 0
    said = run.said
    assert "dns_zone: must be the id of one of the zones of that name" in said
    assert all(told in said for told in (f"{public.id} (public)", f"{private.id} (private)"))
    assert len(account.done(dns_zone=private.id)) == 6
    assert ("www.containers.lab.test.", "AAAA", "") in private.records
    run = account.role(dns_zone="Z0123456789ABCDEFGHIJ")
    assert run.status != 0
    assert "dns_zone: must be the id or the name of a hosted zone of this account" in run.said
    assert account.done(dns_zone="gone.test", dns_state="absent") == []


def test_without_a_zone_nothing_is_asked(account: Account) -> None:
    hosts = [{"host": "web-1", "containers": [{"name": "front", "address": "2001:db8::1"}]}]
    assert account.done(dns_zone="", dns_hosts=hosts) == []
    assert account.server.endpoint.calls.counts() == {}
    run = account.role(dns_zone="")
    assert run.status != 0
    assert "web-1.containers[front].dns: must not be given without dns_zone" in run.said
