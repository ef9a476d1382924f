# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does to a zone: whose records it may touch, in which order, and where every run ends."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._dns import plain
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from hypothesis import given
from hypothesis import strategies as st

ZONE = "example.com"
START = {("example.com", "NS"): (172800, ("ns.test.",)), ("example.com", "SOA"): (900, ("soa",))}


def listed(zone):
    """A zone as ListResourceRecordSets shows it."""
    return [
        {"Name": f"{name}.", "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
        for (name, kind), (ttl, values) in zone.items()
    ]


def changes(zone, hosts=(), extra=(), fleet="web", **options):
    settings = {"pattern": "{container}.{host}", "ttl": 60} | options
    return plain.changes([*listed(zone), *extra], list(hosts), ZONE, fleet, **settings)


def apply(zone, wanted):
    """The zone after these changes, each as Route 53 would take it: nothing is overwritten that was not seen."""
    after = dict(zone)
    for one in wanted:
        key, value = (one["record"], one["type"]), (one["ttl"], tuple(one["value"]))
        if one["state"] == "absent":
            assert after.pop(key) == value, "a deletion names exactly what is there"
        else:
            assert one["overwrite"] == (key in after)
            after[key] = value
    return after


def host(name, *containers, network="routed"):
    return {"host": name, "network": network, "containers": list(containers)}


def container(name, address, **more):
    return {"name": name, "address": address, **more}


def settled(*hosts, fleet="web", zone=START, **options):
    return apply(zone, changes(zone, hosts, fleet=fleet, **options))


def names(zone):
    return {name: values for (name, kind), (_ttl, values) in zone.items() if kind == "AAAA"}


FRONT = host("web-1", container("front", "2001:db8::1"))


def test_a_name_is_made_with_its_owner_before_it():
    first, second = changes(START, [FRONT])
    assert (first["record"], first["type"]) == ("_ipv6-containers.front.web-1.example.com", "TXT")
    value = "heritage=ipv6.aws_containers,fleet=web,host=web-1,container=front,address=2001:db8::1"
    assert first["value"] == [f'"{value}"']
    assert second == {
        "state": "present",
        "record": "front.web-1.example.com",
        "type": "AAAA",
        "ttl": 60,
        "value": ["2001:db8::1"],
        "overwrite": False,
    }
    assert changes(settled(FRONT), [FRONT]) == []


def test_an_address_may_be_written_in_any_way():
    zone = settled(FRONT)
    zone["front.web-1.example.com", "AAAA"] = (60, ("2001:DB8:0::1",))
    assert changes(zone, [FRONT]) == []


def test_a_container_that_is_gone_takes_its_names_along_and_no_others():
    two = settled(host("web-1", container("front", "2001:db8::1"), container("api", "2001:db8::2")))
    gone = changes(two, [FRONT])
    assert [(one["record"], one["type"], one["state"]) for one in gone] == [
        ("api.web-1.example.com", "AAAA", "absent"),
        ("_ipv6-containers.api.web-1.example.com", "TXT", "absent"),
    ]
    assert apply(two, gone) == settled(FRONT)


def test_a_limited_run_judges_its_hosts_alone():
    other, left = host("web-2", container("front", "2001:db8::2")), host("web-3", container("front", "2001:db8::3"))
    zone = settled(FRONT, other, left)
    limited = changes(zone, [host("web-1")], known=["web-1", "web-2"])
    assert set(names(apply(zone, limited))) == {"front.web-2.example.com", "front.web-3.example.com"}
    whole = changes(zone, [FRONT], known=["web-1", "web-2"], complete=True)
    assert set(names(apply(zone, whole))) == {"front.web-1.example.com", "front.web-2.example.com"}


def test_one_name_of_several_containers_has_all_their_addresses():
    shared = [host(f"web-{n}", container("front", f"2001:db8::{n}", dns=["www"])) for n in (1, 2, 3)]
    zone = settled(*shared)
    assert names(zone) == {"www.example.com": ("2001:db8::1", "2001:db8::2", "2001:db8::3")}
    moved = host("web-2", container("front", "2001:db8::9", dns=["www"]))
    assert names(apply(zone, changes(zone, [moved]))) == {
        "www.example.com": ("2001:db8::1", "2001:db8::3", "2001:db8::9")
    }
    assert names(apply(zone, changes(zone, [host("web-1"), host("web-2")]))) == {"www.example.com": ("2001:db8::3",)}


def test_absent_takes_the_fleets_records_and_leaves_others():
    mine = settled(FRONT)
    both = settled(host("db-1", container("sql", "2001:db8::7")), fleet="db", zone=mine)
    assert apply(both, changes(both, state="absent", fleet="web")) == settled(
        host("db-1", container("sql", "2001:db8::7")), fleet="db"
    )


ALIAS = {"Name": "front.web-1.example.com.", "Type": "AAAA", "AliasTarget": {"DNSName": "a.test."}}


@pytest.mark.parametrize(
    ("there", "extra", "why"),
    [
        ({("front.web-1.example.com", "AAAA"): (300, ("2001:db8::99",))}, (), "an AAAA record, and no"),
        ({}, (ALIAS,), "an AAAA record, and no"),
        ({("front.web-1.example.com", "CNAME"): (300, ("a.test.",))}, (), "it has a CNAME record"),
        ({("_ipv6-containers.front.web-1.example.com", "TXT"): (300, ('"x"',))}, (), "that of nobody we know"),
        ({("web-1.example.com", "NS"): (300, ("ns.test.",))}, (), "web-1.example.com is delegated"),
        (settled(FRONT, fleet="db"), (), "that of the fleet db"),
    ],
)
def test_somebody_elses_record_is_refused(there, extra, why):
    """With all such names at once; no change is told, so nothing can be written."""
    second = host("web-2", container("front", "2001:db8::2", dns=["taken"]))
    zone = START | there | {("taken.example.com", "AAAA"): (60, ("2001:db8::5",))}
    with pytest.raises(PlanError) as refused:
        changes(zone, [FRONT, second], extra)
    texts = [str(one) for one in refused.value.violations]
    assert len(texts) == 2
    path = "web-1.containers[front] by dns_names {container}.{host}: is somebody else's record: "
    (told,) = [text for text in texts if text.startswith(path)]
    assert why in told
    assert told.endswith("got front.web-1.example.com")
    assert any(text.startswith("web-2.containers[front].dns[0]: is somebody else's record") for text in texts)


def test_others_records_at_other_names_are_nobodys_business():
    others = {
        ("front.web-1.example.com", "A"): (300, ("192.0.2.1",)),
        ("front.web-1.example.com", "TXT"): (300, ('"v=spf1 -all"',)),
        ("api.web-1.example.com", "AAAA"): (300, ("2001:db8::99",)),
    }
    zone = settled(FRONT, zone=START | others)
    assert others.items() <= zone.items()
    assert others.items() <= apply(zone, changes(zone, state="absent")).items()


def test_an_alias_in_the_place_of_ours_is_not_deleted():
    zone = settled(FRONT)
    del zone["front.web-1.example.com", "AAAA"]
    with pytest.raises(PlanError, match="alias or has a routing policy"):
        changes(zone, [host("web-1")], (ALIAS,))


def test_odd_names_of_hosts_and_long_ones_come_back_from_their_records():
    odd = host('web,1=a b"\\é' + "x" * 250, container("front", "2001:db8::1", dns=["www"]))
    zone = settled(odd)
    (value,) = zone["_ipv6-containers.www.example.com", "TXT"][1]
    assert value.count('" "') >= 1, "a character string has 255 characters at most"
    assert value.isascii()
    assert "\\" not in value
    assert changes(zone, [odd]) == []
    assert apply(zone, changes(zone, [host(odd["host"])])) == START


def test_more_containers_than_a_request_takes():
    many = [host(f"web-{n}", container("front", f"2001:db8::{n:x}", dns=["www"])) for n in range(1, 300)]
    with pytest.raises(PlanError, match="must be the name of fewer containers"):
        changes(START, many)


def test_a_ttl_that_there_is_not():
    with pytest.raises(PlanError, match="dns_ttl: must be from 0 to 2147483647 seconds, got -1"):
        changes(START, [FRONT], ttl=-1)


def world(addresses):
    """Hosts by name → what each of their containers has: an address, and its names or the pattern's."""
    one = st.tuples(addresses, st.none() | st.lists(st.sampled_from(["www", "api", "b.example.com"]), max_size=2))
    return st.dictionaries(
        st.sampled_from(["h1", "h2", "h3"]), st.dictionaries(st.sampled_from(["c1", "c2"]), one, max_size=2), max_size=3
    )


def hosts_of(state):
    return [
        host(
            name,
            *(
                container(key, f"2001:db8::{number:x}", **({} if dns is None else {"dns": dns}))
                for key, (number, dns) in containers.items()
            ),
        )
        for name, containers in state.items()
    ]


WORLD = world(st.integers(1, 9))


@given(WORLD, WORLD, st.integers(0, 30), st.sampled_from([30, 60]))
def test_a_run_that_is_cut_short_anywhere_is_completed_by_the_next(before, after, cut, ttl):
    zone = settled(*hosts_of(before))
    run = {"known": list(after), "complete": True, "ttl": ttl}
    wanted = changes(zone, hosts_of(after), **run)
    end = apply(zone, wanted)
    half = apply(zone, wanted[:cut])
    assert apply(half, changes(half, hosts_of(after), **run)) == end
    assert changes(end, hosts_of(after), **run) == []
    for name, kind in half:
        if kind == "AAAA":
            assert (f"_ipv6-containers.{name}", "TXT") in half, "at no time has an address no owner"


@given(WORLD, WORLD)
def test_all_hosts_one_after_the_other_end_where_all_at_once_do(before, after):
    """With --limit, one host a run: the end is that of one run over all of them."""
    zone = settled(*hosts_of(before))
    whole = {name: after.get(name, {}) for name in ("h1", "h2", "h3")}
    at_once = apply(zone, changes(zone, hosts_of(whole)))
    for name in whole:
        zone = apply(zone, changes(zone, hosts_of({name: whole[name]})))
    assert zone == at_once


@given(WORLD, WORLD, WORLD)
def test_another_fleet_sees_none_of_it(mine, theirs, next_mine):
    zone = settled(*hosts_of(mine))
    alone = settled(*hosts_of(mine), fleet="web")
    try:
        shared = settled(*hosts_of(theirs), fleet="db", zone=zone)
        after = apply(shared, changes(shared, hosts_of(next_mine), known=[], complete=True))
    except PlanError:
        return  # a name of the other's is refused, as the cases above show
    db = changes(after, hosts_of(theirs), fleet="db")
    assert db == [], "its records are as it left them"
    assert apply(after, changes(after, state="absent", fleet="web")) == settled(*hosts_of(theirs), fleet="db")
    assert zone == alone
