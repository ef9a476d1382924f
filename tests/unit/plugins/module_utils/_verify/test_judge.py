# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge holds a good fleet good, and finds each fault that a case puts into it, with the hint that helps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import hints, judge, parse
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._verify import world

CASES = sorted(Path(__file__).parents[4].joinpath("cases/verify").glob("*.yml"))


@pytest.fixture
def facts() -> dict[str, Any]:
    """Facts of a good fleet, to be spoiled by a test."""
    return world.good()


def cases() -> list[Any]:
    """Every case of every file: `name`, `spoil` (path, value), `fails` (check id), `hint` (name), perhaps `also`."""
    loaded = [(path.stem, case) for path in CASES for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in loaded]


def spoil(facts: dict[str, Any], path: list[Any], value: Any) -> None:
    """Put a value where the path leads; a step that is a dictionary picks the list's entries that have its items."""
    places: list[Any] = [facts]
    for step in path[:-1]:
        places = [found for place in places for found in _step(place, step)]
    assert places, f"the case's path {path} leads nowhere"
    for place in places:
        place[path[-1]] = copy.deepcopy(value)


def _step(place: Any, step: Any) -> list[Any]:
    if isinstance(step, dict):
        return [entry for entry in place if all(entry.get(key) == value for key, value in step.items())]
    return [place[step]]


def report(facts: dict[str, Any]) -> dict[str, Any]:
    return judge.report(parse.fleet(facts))


def test_everything_holds_on_a_good_fleet(facts: dict[str, Any]) -> None:
    """And every check says what it saw."""
    made = report(facts)
    assert [each for each in made["checks"] if not each["holds"]] == []
    assert made["holds"]
    assert all(each["evidence"] and not each["hint"] for each in made["checks"])


def test_a_route_that_is_there_twice_is_no_fault(facts: dict[str, Any]) -> None:
    """Docker 26 adds a second one to docker0 when it starts again."""
    routes = facts["observed"]["instance-1"]["routes"]
    routes.append(copy.deepcopy(next(route for route in routes if route["dev"] == "docker0")))
    assert [each for each in report(facts)["checks"] if not each["holds"]] == []


def test_an_owners_other_interface_is_the_owners_unless_it_takes_the_subnets_traffic(facts: dict[str, Any]) -> None:
    routes = facts["observed"]["instance-1"]["routes"]
    routes += [{**routes[0], "to": to, "dev": "ens9"} for to in ("2001:db8:9::/64", "2001:db8:9::7")]
    assert report(facts)["holds"]
    for taken in ("2600:1f18:47b:ca03::8", "2600:1f18::/32", "default", "::/1"):
        routes.append({**routes[0], "to": taken, "dev": "ens9"})
        failed = {each["id"] for each in report(facts)["checks"] if not each["holds"]}
        assert "host.routes/instance-1" in failed, taken
        routes.pop()


def test_a_port_for_others_has_to_be_closed_to_the_host_outside(facts: dict[str, Any]) -> None:
    """And where a port is for anybody too, or lies in a declared range, it is no undeclared one."""
    ports = [{"port": "80/tcp", "from": ["2001:db8:77::/48"]}, "8000-8090/tcp", "53/udp"]
    facts["declared"]["instance-1"]["containers"][0]["ports"] = ports
    for entry in facts["probes"]["internet"]["connects"]:
        if entry["target"] == "2600:1f18:47b:ca03::a" and entry["port"] == 80:
            entry["outcome"] = "timeout"
    found = {check["id"]: check for check in report(facts)["checks"] if check["subject"].startswith("container-1 port")}
    shut = found["port.undeclared/instance-1/container-1 port 80 from internet"]
    assert shut["holds"]
    assert "declared for 2001:db8:77::/48" in shut["evidence"]
    assert set(found) - {shut["id"]} == {
        f"port.declared/instance-1/container-1 port {port} from internet" for port in (8000, 8090)
    }


def test_a_host_that_is_left_alone_is_not_tried_and_that_is_said(facts: dict[str, Any]) -> None:
    facts["declared"]["instance-1"]["host_closed"] = False
    facts["observed"]["instance-1"]["guard"]["host"] = False
    made = report(facts)
    assert made["holds"]
    assert not any(check["id"].startswith("port.host/instance-1/") for check in made["checks"])
    assert any(text.startswith("port.host: instance-1 leave") for text in made["left_out"])


def test_a_hosts_declared_port_is_not_tried_as_an_undeclared_one(facts: dict[str, Any]) -> None:
    facts["declared"]["instance-1"]["host_ports"] = ["22/tcp", {"port": 8080, "from": ["2001:db8:77::/48"]}]
    assert not any(check["id"].startswith("port.host/instance-1/") for check in report(facts)["checks"])


def test_ids_are_unique(facts: dict[str, Any]) -> None:
    ids = [each["id"] for each in report(facts)["checks"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("case", cases())
def test_a_fault_is_found(facts: dict[str, Any], case: dict[str, Any]) -> None:
    for path, value in case["spoil"]:
        spoil(facts, path, value)
    made = report(facts)
    failed = {each["id"]: each for each in made["checks"] if not each["holds"]}
    assert not made["holds"]
    assert case["fails"] in failed, f"failed instead: {sorted(failed)}"
    assert failed[case["fails"]]["hint"] == getattr(hints, case["hint"])
    assert all(each["hint"] for each in failed.values())
    if not case.get("others"):
        assert set(failed) == {case["fails"], *case.get("also", [])}


def test_every_hint_is_given_by_some_case() -> None:
    """A hint that no failure gives is no help, or belongs to a failure that nobody tried."""
    written = {name for name in vars(hints) if name.isupper()}
    assert written == {parameter.values[0]["hint"] for parameter in cases()}


def test_a_path_that_says_what_fits_is_no_fault(facts: dict[str, Any]) -> None:
    """That a packet is too large is no failure where the sender is told: path MTU discovery works."""
    way = facts["probes"]["instance-1"]["mtus"][-1]
    way.update(arrives=1400, told=[{"by": "2001:db8::9", "mtu": 1400}])
    found = {check["id"]: check for check in report(facts)["checks"]}["mtu.internet/instance-1/container-1"]
    assert found["holds"]
    assert "2001:db8::9 says too big, 1400 go on; packets of 1400 octets come back" in found["evidence"]


def test_containers_that_share_a_name_are_all_at_it(facts: dict[str, Any]) -> None:
    """Where not all hosts are judged, others may be at it too."""
    for number in (3, 4):
        facts["declared"][f"instance-{number}"]["containers"][0]["dns"] = ["web"]
    entry = facts["probes"]["internet"]["names"][0]
    entry.update(target="web.containers.example", addresses=["2600:1f18:47b:ca03:b::2", "2600:1f18:47b:ca03:a::2"])
    assert report(facts)["holds"]
    entry["addresses"].append("2600:1f18:47b:ca03:c::2")
    failed = [each["id"] for each in report(facts)["checks"] if not each["holds"]]
    assert failed == [
        f"dns.aaaa/instance-{number}/container-{number} web.containers.example from internet" for number in (3, 4)
    ]
    assert report({**facts, "partial": True})["holds"]


@pytest.mark.parametrize("zone", ["", "Z0123456789ABC"])
def test_names_are_asked_for_where_the_zones_name_is_known(facts: dict[str, Any], zone: str) -> None:
    facts["dns"]["zone"] = zone
    assert not any(each["kind"] == "dns.aaaa" for each in report(facts)["checks"])


def test_sizes_are_not_judged_where_no_ping_comes_back(facts: dict[str, Any]) -> None:
    """One cause, one failure."""
    facts["probes"]["instance-1"]["pings"][0].update(received=0, hop_limits=[])
    failed = [each["kind"] for each in report(facts)["checks"] if not each["holds"]]
    assert failed == ["ping.container"]


def test_an_empty_fleet_proves_nothing() -> None:
    assert not report({"allocation": {}})["holds"]


def test_every_kind_of_check_is_made_to_fail_by_some_case(facts: dict[str, Any]) -> None:
    """A check that no case can make fail might be one that can't fail."""
    kinds = {each["kind"] for each in report(facts)["checks"]}
    tried = {parameter.values[0]["fails"].partition("/")[0] for parameter in cases()}
    assert kinds - tried == set()


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            ["allocation", "instance-1", "container_mode"],
            "blok",
            "allocation.instance-1.container_mode: must be one of",
        ),
        (
            ["allocation", "instance-1", "host_address"],
            "::1:1/64",
            "allocation.instance-1.host_address: must be an IPv6",
        ),
        (["declared", "instance-1", "network"], "nat", "declared.instance-1.network: must be one of"),
        (["declared", "instance-1", "containers", 0, "ports"], ["http"], "containers[0].ports[0]: must be a port"),
        (
            ["declared", "instance-1", "containers", 0, "address"],
            "::x",
            "containers[0].address: must be an IPv6 address",
        ),
        (["declared", "instance-1", "containers", 0, "name"], "", "containers[0].name: must be given"),
        (["pairs"], "some", "pairs: must be auto, all, ring or a number of targets a container, got 'some'"),
        (["pairs"], 0, "pairs: must be auto, all, ring or a number"),
        (
            ["declared", "instance-3", "containers", 0, "dns"],
            ["a_b"],
            "containers[container-3].dns[0]: must be made of",
        ),
        (["closed_ports"], [70000], "closed_ports[0]: must be a TCP port"),
        (["declared", "instance-1", "host_ports"], ["x"], "declared.instance-1.host_ports[0]: must be a port like"),
    ],
)
def test_bad_input_is_refused_with_its_path(facts: dict[str, Any], path: list[Any], value: Any, says: str) -> None:
    spoil(facts, path, value)
    with pytest.raises(ValueError, match="must be") as caught:
        parse.fleet(facts)
    assert says in str(caught.value)


@pytest.mark.parametrize(("hop_limit", "holds"), [(64, True), (62, False)])
def test_two_containers_of_one_host_meet_on_its_bridge(facts: dict[str, Any], hop_limit: int, holds: bool) -> None:
    """No router lies between them, and no capture on the interface could see them."""
    one = facts["observed"]["instance-3"]["containers"]["container-3"]
    other = copy.deepcopy(one)
    other["addresses"][0]["address"] = "2600:1f18:47b:ca03:a::3"
    facts["observed"]["instance-3"]["containers"]["second"] = other
    declared = facts["declared"]["instance-3"]["containers"]
    declared.append(dict(declared[0], name="second"))
    ping = dict(facts["probes"]["instance-3"]["pings"][0], target="2600:1f18:47b:ca03:a::3", hop_limits=[hop_limit])
    facts["probes"]["instance-3"]["pings"].append(ping)
    subject = "container-3 to instance-3/second"
    found = {check["kind"]: check["holds"] for check in report(facts)["checks"] if check["subject"] == subject}
    assert found.pop("ping.container") is holds
    assert "capture.container" not in found


def test_only_what_containers_can_hold_is_expected_where_only_that_is_assigned(facts: dict[str, Any]) -> None:
    """Without the block's network and bridge addresses, and nothing beyond the last container's."""
    eni = facts["allocation"]["instance-1"]
    held = ["2600:1f18:47b:ca03::1:1", "2600:1f18:47b:ca03::a", "2600:1f18:47b:ca03::b"]
    eni.update(assign="containers", container_count=2, addresses=held)
    facts["observed"]["instance-1"]["metadata"]["addresses"] = held
    assert [each["id"] for each in report(facts)["checks"] if not each["holds"]] == []
    eni["addresses"] = [*held, "2600:1f18:47b:ca03::8"]
    assert [each["id"] for each in report(facts)["checks"] if not each["holds"]] == [
        "eni.addresses/instance-1",
        "metadata.addresses/instance-1",
    ]


def test_a_block_that_grew_after_the_first_boot_is_no_fault(facts: dict[str, Any]) -> None:
    """The record of the time before netplan is of the first boot, and stays; the host's own address was there."""
    record = facts["observed"]["instance-1"]["netplan"]["before"]
    own = facts["allocation"]["instance-1"]["host_address"]
    record[:] = [entry for entry in record if entry["address"] == own]
    assert report(facts)["holds"]
    record[0]["address"] = "2600:1f18:47b:ca03::9:9"
    assert [each["id"] for each in report(facts)["checks"] if not each["holds"]] == ["netplan.before/instance-1"]


def test_what_is_left_out_is_said(facts: dict[str, Any]) -> None:
    """Checks that nobody could make must not pass for checks that hold."""
    assert report(facts)["left_out"] == []
    facts["probes"]["internet"]["pings"] = []
    assert [text.partition(":")[0] for text in report(facts)["left_out"]] == ["capture.internet"]
    facts.update(vantage=[], internet_target="")
    facts["observed"]["instance-1"]["metadata"] = None
    facts["observed"]["instance-2"]["apt"]["update"] = None
    kinds = [text.partition(":")[0] for text in report(facts)["left_out"]]
    assert kinds == ["port.*, dns.aaaa", "*.internet, dns.container", "metadata.*, instance.*", "apt.ipv6"]
    facts["internet_target"] = "2001:db8:53::1"
    assert "dns.container" in [text.partition(":")[0] for text in report(facts)["left_out"]]
