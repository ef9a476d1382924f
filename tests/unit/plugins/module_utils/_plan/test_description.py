# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A description says what was seen, all of it, as plain data; what is broken in one is named, all at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import Block, block_around
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.description import (
    describe_subnet,
    read_description,
    subnet_names,
    to_description,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Instance,
    InstanceType,
    Interface,
    Observed,
    Reservation,
    Subnet,
)
from hypothesis import given
from hypothesis import strategies as st

ADDRESSES = st.integers(0, 2**128 - 1)
BLOCKS = st.builds(block_around, ADDRESSES, st.integers(0, 128))
NAMES = st.text(min_size=1, max_size=12)
TEXTS = st.text(max_size=8)
MAYBE = st.none() | TEXTS
TAGS = st.dictionaries(TEXTS, TEXTS, max_size=3)
COUNTS = st.integers(0, 60)


def by(key: str, values: Any) -> Any:
    """A list without doubles, by the key, as a dictionary by it."""
    return st.lists(values, max_size=3, unique_by=lambda each: getattr(each, key)).map(
        lambda items: {getattr(each, key): each for each in items}
    )


OBSERVED = st.builds(
    Observed,
    subnets=by("id", st.builds(Subnet, NAMES, st.none() | BLOCKS, TEXTS, TEXTS, st.booleans())),
    interfaces=by(
        "id",
        st.builds(
            Interface,
            *(NAMES, NAMES, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
            addresses=st.frozensets(ADDRESSES, max_size=4),
            prefixes=st.frozensets(BLOCKS, max_size=3),
            groups=st.lists(TEXTS, max_size=2).map(tuple),
            instance_id=MAYBE,
            device_index=st.none() | COUNTS,
            tags=TAGS,
        ),
    ).map(lambda items: tuple(items[key] for key in sorted(items))),
    reservations=by("id", st.builds(Reservation, NAMES, NAMES, BLOCKS, MAYBE, TEXTS)).map(
        lambda items: tuple(items[key] for key in sorted(items))
    ),
    types=by("name", st.builds(InstanceType, NAMES, COUNTS, st.booleans(), st.booleans(), COUNTS)),
    groups=TAGS,
    instances=by(
        "id",
        st.builds(
            Instance,
            *(NAMES, NAMES, TEXTS, TEXTS, MAYBE, MAYBE, TAGS, TEXTS),
            devices=st.frozensets(COUNTS, max_size=3),
        ),
    ),
)


def read(raw: object) -> Observed:
    problems = Problems()
    observed = read_description(raw, problems)
    problems.raise_if_any()
    return observed


def refused(raw: object) -> list[str]:
    problems = Problems()
    read_description(raw, problems)
    with pytest.raises(PlanError) as caught:
        problems.raise_if_any()
    return [str(violation) for violation in caught.value.violations]


@given(OBSERVED)
def test_what_is_read_back_is_what_was_seen(observed: Observed) -> None:
    """Through a file as well: JSON has no sets, tuples or numbers as large as addresses."""
    kept = json.loads(json.dumps(to_description(observed)))
    assert read(kept) == observed
    assert to_description(read(kept)) == kept


def test_one_written_by_hand_needs_only_what_it_says() -> None:
    interface = {"id": "eni-1", "subnet_id": "subnet-1", "addresses": ["2001:DB8:0::4"]}
    observed = read({"schema": 1, "subnets": [{"id": "subnet-1", "cidr": "2001:db8::/64"}], "interfaces": [interface]})
    assert observed.subnets["subnet-1"].block == Block(0x20010DB8 << 96, 64)
    assert observed.interfaces[0].addresses == {(0x20010DB8 << 96) + 4}
    assert observed.interfaces[0].status == "available"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "description: must be a dictionary, as the module plan_info returns it, got nothing"),
        ([], "description: must be a dictionary, as the module plan_info returns it, got []"),
        ({}, "description.schema: must be 1, the version that is written today, got nothing"),
        ({"schema": 2}, "description.schema: must be 1, the version that is written today, got 2"),
        ({"schema": True}, "description.schema: must be 1, the version that is written today, got True"),
        ({"schema": 1, "subnets": "x"}, "description.subnets: must be a list, got x"),
        ({"schema": 1, "subnets": [7]}, "description.subnets[0]: must be a dictionary, got 7"),
        ({"schema": 1, "subnets": [{}]}, "description.subnets[0].id: must be given, as text, got nothing"),
        (
            {"schema": 1, "subnets": [{"id": "a"}, {"id": "a"}]},
            "description.subnets[1].id: must be unique in the list, got a",
        ),
        ({"schema": 1, "security_groups": {"sg-1": 7}}, "description.security_groups[sg-1]: must be text, got 7"),
        (
            {"schema": 1, "security_groups": "sg-1"},
            "description.security_groups: must be a dictionary of texts, got sg-1",
        ),
        (
            {"schema": 1, "instances": [{"id": "i-1"}]},
            "description.instances[i-1].state: must be given, as text",
        ),
        (
            {"schema": 1, "reservations": [{"id": "scr-1", "subnet_id": "a"}]},
            "description.reservations[scr-1].cidr: must be an IPv6 prefix such as ::8/126, got nothing",
        ),
    ],
)
def test_a_broken_value_is_named(raw: object, said: str) -> None:
    assert refused(raw) == [said]


def test_every_broken_value_is_named_at_once() -> None:
    broken = {
        "schema": 1,
        "subnet": [],
        "subnets": [{"id": "subnet-1", "cidr": "2001:db8::1/64", "ipv6_only": "no"}],
        "interfaces": [
            {
                "id": "eni-1",
                "subnet_id": 7,
                "addresses": ["2001:db8::4", "10.0.0.1", None],
                "prefixes": ["2001:db8::1/80"],
                "device_index": -1,
                "tags": {"Name": None},
                "adresses": [],
            }
        ],
        "instance_types": [{"name": "t3.micro", "ipv6_addresses": "two", "nitro": 1}],
    }
    at = "description.interfaces[eni-1]"
    assert {line.partition(":")[0] for line in refused(broken)} == {
        "description.subnet",
        "description.subnets[subnet-1].cidr",
        "description.subnets[subnet-1].ipv6_only",
        f"{at}.subnet_id",
        f"{at}.addresses[1]",
        f"{at}.addresses[2]",
        f"{at}.prefixes[0]",
        f"{at}.device_index",
        f"{at}.tags[Name]",
        f"{at}.adresses",
        "description.instance_types[t3.micro].ipv6_addresses",
        "description.instance_types[t3.micro].nitro",
    }


def test_a_subnet_nobody_asked_about() -> None:
    problems = Problems()
    observed = describe_subnet("2001:db8::/64", ["::4", "2001:db8::8/126"], problems)
    assert not problems
    assert [str(block) for item in observed.interfaces for block in item.blocks] == ["2001:db8::4", "2001:db8::8/126"]
    assert read(to_description(observed)) == observed


def test_a_subnet_that_cannot_be() -> None:
    problems = Problems()
    describe_subnet("2001:db8::/65", ["::x"], problems)
    with pytest.raises(PlanError) as caught:
        problems.raise_if_any()
    assert [violation.path for violation in caught.value.violations] == ["subnet", "taken[0]"]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"names": {"a": "subnet-x"}, "subnets": [{"id": "subnet-1"}]}, ["subnet-x", "subnet-1", "subnet-1"]),
        ({"subnets": [{"id": "subnet-1"}, {"id": "subnet-2"}]}, ["new:a", "subnet-2", "new:c:ipv6-only"]),
        ({"subnets": [{"id": "preview"}]}, ["preview", "preview", "preview"]),
        ({}, ["new:a", "subnet-2", "new:c:ipv6-only"]),
    ],
)
def test_which_subnets_an_inventory_means(raw: dict[str, Any], found: list[str]) -> None:
    problems = Problems()
    declared = [{"name": "a"}, {"name": "b", "id": "subnet-2"}, {"name": "c", "ipv6_only": True}]
    assert list(subnet_names(raw, declared, problems).values()) == found
    assert not problems


def test_subnets_without_a_name() -> None:
    problems = Problems()
    subnet_names({}, [{"name": "a"}, {"id": "subnet-1"}, 7], problems)
    with pytest.raises(PlanError) as caught:
        problems.raise_if_any()
    assert [violation.path for violation in caught.value.violations] == ["vpc_subnets[1].name", "vpc_subnets[2]"]
