# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers send to which: all of a small fleet, and of a large one so few that each still has its part."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import judge, pairs, parse, probes


def facts(hosts: int, containers: int, asked: Any) -> dict[str, Any]:
    """A fleet that was declared and not seen; every container has a pinned address."""
    names = [f"host-{at}" for at in range(hosts)]
    return {
        "pairs": asked,
        "allocation": {
            name: {
                "subnet_cidr": "2001:db8::/64",
                "container_mode": "prefix",
                "host_address": f"2001:db8::{at + 1:x}",
                "container_prefix": f"2001:db8:0:0:{at + 1:x}::/80",
            }
            for at, name in enumerate(names)
        },
        "declared": {
            name: {
                "containers": [
                    {"name": f"c-{n}", "image": "web", "address": f"2001:db8:0:0:{at + 1:x}::{n + 2:x}"}
                    for n in range(containers)
                ]
            }
            for at, name in enumerate(names)
        },
    }


def chosen(hosts: int, containers: int, asked: Any) -> dict[tuple[str, str], list[tuple[str, str]]]:
    found = pairs.choose(parse.fleet(facts(hosts, containers, asked)))
    return {key: [other.key for other in others] for key, others in found.items()}


@pytest.mark.parametrize(("hosts", "asked"), [(4, "all"), (32, "auto"), (4, 7), (4, 99)])
def test_all_to_all(hosts: int, asked: Any) -> None:
    for key, others in chosen(hosts, 2, asked).items():
        assert set(others) | {key} == {(f"host-{host}", f"c-{n}") for host in range(hosts) for n in range(2)}
        assert len(others) == 2 * hosts - 1


@pytest.mark.parametrize(("asked", "others"), [("ring", 1), (1, 1), ("auto", 8), ("5", 5), (20, 20)])
@pytest.mark.parametrize("hosts", [33, 100, 401])
def test_each_container_asks_and_is_asked_by_as_many(hosts: int, asked: Any, others: int) -> None:
    """On other hosts, and by the next one on its own besides."""
    found = chosen(hosts, 2, asked)
    far = {key: [other for other in targets if other[0] != key[0]] for key, targets in found.items()}
    near = {key: [other for other in targets if other[0] == key[0]] for key, targets in found.items()}
    asked_by = Counter(other for targets in found.values() for other in targets)
    assert all(len(targets) in (others - 1, others) for targets in far.values())
    assert all(len(targets) == 1 for targets in near.values())
    assert max(asked_by.values()) - min(asked_by.values()) <= 1
    assert not any(key in targets for key, targets in found.items())


def test_a_ring_leads_by_all_containers() -> None:
    """So that every host is reached from another one, and nobody is left aside."""
    found = chosen(5, 1, "ring")
    at, seen = ("host-0", "c-0"), []
    for _turn in range(5):
        seen.append(at)
        (at,) = found[at]
    assert at == ("host-0", "c-0")
    assert len(set(seen)) == 5


def test_hosts_with_different_numbers_of_containers() -> None:
    given = facts(3, 1, "ring")
    given["declared"]["host-1"]["containers"] = []
    given["declared"]["host-2"]["containers"] += [
        {"name": f"d-{n}", "image": "web", "address": f"2001:db8:0:0:3::{n:x}"} for n in range(16, 20)
    ]
    found = pairs.choose(parse.fleet(given))
    assert {host for host, _container in found} == {"host-0", "host-2"}
    assert all(others for others in found.values())


def test_what_is_not_tried_is_neither_judged_nor_kept_quiet() -> None:
    fleet = parse.fleet(facts(40, 2, "auto"))
    left_out = pairs.described(pairs.choose(fleet))
    assert left_out == "640 of 6320 pairs of containers are tried (verify_pairs)"
    assert judge.report(fleet)["left_out"][0] == f"*.container: {left_out}"


def test_the_probes_are_those_that_are_judged() -> None:
    given = facts(10, 2, 3)
    interface = {"interface": "eth0", "addresses": []}
    seen = {"addresses": [], "routes": [], "containers": {f"c-{n}": interface for n in range(2)}}
    given["observed"] = dict.fromkeys(given["allocation"], seen)
    for name, declared in given["declared"].items():
        address = declared["containers"][0]["address"]
        own = {**interface, "addresses": [{"interface": "eth0", "address": address}]}
        given["observed"][name] = {**seen, "containers": {"c-0": own}}
    fleet = parse.fleet(given)
    for name, planned in probes.plan(fleet).items():
        wanted = [other.address for other in pairs.choose(fleet)[name, "c-0"]]
        assert [ping["target"] for ping in planned["pings"]] == wanted
