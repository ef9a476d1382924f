# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters around the judge, as playbooks use them: data in, data or lines out, one kind of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.filter import topology_svg, verdict
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import table
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._verify import world

FILTERS: dict[str, Callable[..., Any]] = {**verdict.FilterModule().filters(), **topology_svg.FilterModule().filters()}


@pytest.fixture
def facts() -> dict[str, Any]:
    return world.good()


def test_a_verdict_becomes_a_table_and_a_picture(facts: dict[str, Any]) -> None:
    report = FILTERS["verdict"](facts)
    lines = FILTERS["verdict_table"](report)
    assert lines[-1] == "174 of 174 checks hold on 4 hosts"
    assert ElementTree.fromstring(FILTERS["topology_svg"](report)).tag.endswith("svg")


def test_the_table_says_what_was_left_out_and_counts_one_host_as_one(facts: dict[str, Any]) -> None:
    facts.update(allocation={"instance-4": facts["allocation"]["instance-4"]}, vantage=[], internet_target="")
    lines = FILTERS["verdict_table"](FILTERS["verdict"](facts))
    left_out = [line for line in lines if line.startswith("left out: ")]
    assert left_out == [
        "left out: *.container between containers: there is one alone",
        "left out: port.*, dns.aaaa: no host outside tries ports and names (inventory group vantage)",
        "left out: *.internet, dns.container: no target is pinged (verify_internet_target)",
    ]
    assert lines[-1].endswith(" checks hold on 1 host")


def test_the_table_tells_addresses_of_several_subnets_apart(facts: dict[str, Any]) -> None:
    """What all subnets have in common is left out, and no more; what lies elsewhere is whole."""
    facts["allocation"]["instance-4"].update(
        subnet_cidr="2600:1f18:47b:ca04::/64",
        host_address="2600:1f18:47b:ca04::9",
        container_prefix="2600:1f18:47b:ca04:b::/80",
    )
    report = FILTERS["verdict"](facts)
    lines = FILTERS["verdict_table"](report)
    assert "(… stands for 2600:1f18:47b)" in lines
    assert any(line.startswith("ping.container") and "…:ca03::a to …:ca03::e" in line for line in lines)
    report["hosts"]["instance-4"]["subnet"] = "2001:db8:0:1::/64"
    lines = FILTERS["verdict_table"](report)
    assert not any("…" in line for line in lines)
    assert table.shorten("2001:db8::1 12001:db8::1 2001:db8f::1", ["2001:db8::/64"]) == "…::1 12001:db8::1 2001:db8f::1"


def test_the_table_says_what_was_waited_for(facts: dict[str, Any]) -> None:
    facts["observed"]["instance-1"]["waited"] = {"seconds": 1.2, "containers": {"container-1": "has no address yet"}}
    report = FILTERS["verdict"](facts)
    assert "waited: 1.2 s on instance-1 for container-1, which has no address yet" in FILTERS["verdict_table"](report)
    said = {check["id"]: check["evidence"] for check in report["checks"]}
    assert said["container.running/instance-1/container-1"].endswith("(it has no address yet at first; waited 1.2 s)")


def test_the_table_says_what_to_do_and_fits(facts: dict[str, Any]) -> None:
    facts["security_groups"][0]["ip_permissions"] = []
    lines = FILTERS["verdict_table"](FILTERS["verdict"](facts))
    assert any(line.startswith("group.icmpv6") and "0/4 NO" in line for line in lines)
    assert "the security group lacks ICMPv6 from itself" in " ".join(" ".join(lines).split())
    assert max(len(line) for text in lines for line in text.splitlines()) <= 110


def test_many_failures_of_one_cause_are_not_all_told(facts: dict[str, Any]) -> None:
    """A fleet without ICMPv6 would fill the terminal; the report has them all."""
    facts["captures"].update({f"instance-{number}": {"flows": []} for number in range(1, 5)})
    report = FILTERS["verdict"](facts)
    lines = FILTERS["verdict_table"](report)
    told = [line for line in lines if line.startswith("capture.container/")]
    assert len(told) == table.MOST_SHOWN
    assert lines[-1] == "capture.container: 4 more like these, on instance-3, instance-4"


def test_every_container_pings_every_other_one(facts: dict[str, Any]) -> None:
    facts.update(probes={}, captures={})
    plan = FILTERS["probe_plan"](facts)["instance-1"]
    assert [ping["target"] for ping in plan["pings"]] == [
        "2600:1f18:47b:ca03::e",
        "2600:1f18:47b:ca03:a::2",
        "2600:1f18:47b:ca03:b::2",
        "internet.lab.test",
    ]
    assert {ping["container"] for ping in plan["pings"]} == {"container-1"}
    assert plan["mtus"] == plan["pings"]
    assert plan["names"] == [{"container": "container-1", "target": "internet.lab.test"}]
    assert plan["connects"] == [
        {"container": "container-1", "target": "2600:1f18:47b:ca03::a", "port": 8080},
        {"target": "registry.lab.test", "port": 443},
    ]


def test_the_vantage_host_tries_every_port(facts: dict[str, Any]) -> None:
    """Declared ports, and those to be closed unless they are declared."""
    facts["declared"]["instance-2"]["containers"][0]["ports"] = ["80/tcp", "8080", "53/udp", "9000-9002/tcp"]
    plan = FILTERS["probe_plan"](facts)["internet"]
    tried = [(connect["target"], connect["port"]) for connect in plan["connects"]]
    assert [port for target, port in tried if target == "2600:1f18:47b:ca03::e"] == [80, 8080, 9000, 9002]
    assert [port for target, port in tried if target == "2600:1f18:47b:ca03::a"] == [80, 8080]
    assert plan["pings"] == [{"target": "internet.lab.test"}]
    names = ["container-3.instance-3.containers.example", "container-4.instance-4.containers.example"]
    assert plan["names"] == [{"target": name} for name in names]


def test_a_stopped_container_is_neither_asked_nor_target(facts: dict[str, Any]) -> None:
    facts["observed"]["instance-2"]["containers"]["container-2"] = {"pid": None, "status": "exited"}
    assert FILTERS["probe_plan"](facts)["instance-2"]["pings"] == []
    targets = [ping["target"] for ping in FILTERS["probe_plan"](facts)["instance-1"]["pings"]]
    assert "2600:1f18:47b:ca03::e" not in targets


def test_a_host_that_did_not_answer_stops_nobody(facts: dict[str, Any]) -> None:
    """The others are still probed, and the verdict names it."""
    facts["observed"]["instance-1"] = {}
    assert FILTERS["probe_plan"](facts)["instance-2"]["pings"]
    failed = [check["id"] for check in FILTERS["verdict"](facts)["checks"] if not check["holds"]]
    assert "host.observed/instance-1" in failed


@pytest.mark.parametrize("name", ["verdict", "probe_plan"])
def test_bad_input_is_an_error_of_the_filter(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"verify: allocation\.a\.subnet_cidr: must be an IPv6 prefix"):
        FILTERS[name]({"allocation": {"a": {"subnet_cidr": "10.0.0.0/8"}}})
