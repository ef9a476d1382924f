# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network is made anew, at an engine that gives the lowest free address: each container has the one that it had."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers, keeper, members
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.ports import RULES_FILE, Declared, Rules
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker
from ansible_collections.ipv6.aws_containers.plugins.modules import container_info, container_network

SMALL, LARGE, ELSEWHERE = "2001:db8::/125", "2001:db8::/124", "2001:db8::80/124"
OURS = {containers.LABEL: containers.LABEL_VALUE}
BEFORE = {"web-2": "2001:db8::3", "web-1": "2001:db8::2", "theirs": "2001:db8::5", "web-3": "2001:db8::4"}


class Engine:
    """Docker, as far as networks go. ``breaks``: the call that changes something, from 0 on, before which it ends."""

    def __init__(self) -> None:
        self.networks: dict[str, dict[str, Any]] = {}
        self.containers: dict[str, dict[str, Any]] = {}
        self.sent: list[str] = []
        self.breaks: int | None = None

    def run(self, name: str, address: str, **more: Any) -> None:
        endpoint = {"IPAMConfig": None, "GlobalIPv6Address": address, **more}
        labels = {} if name == "theirs" else OURS
        self.containers[name] = {"Labels": labels, "NetworkSettings": {"Networks": {"pub6": endpoint}}}

    def addresses(self) -> dict[str, str]:
        ends = {name: one["NetworkSettings"]["Networks"].get("pub6") for name, one in self.containers.items()}
        return {name: end["GlobalIPv6Address"] for name, end in ends.items() if end and end["GlobalIPv6Address"]}

    def listed(self, one: dict[str, Any]) -> dict[str, Any]:
        """Docker's list leaves out what a container is called in its networks."""
        ends = one["NetworkSettings"]["Networks"]
        return {**one, "NetworkSettings": {"Networks": {key: {**end, "Aliases": None} for key, end in ends.items()}}}

    def get(self, path: str) -> Any:
        if path == "/version":
            return {"Version": "28.5.2"}
        if path.startswith("/containers/json"):
            return [{"Names": ["/" + name], **self.listed(one)} for name, one in self.containers.items()]
        if path.startswith("/containers/"):
            return self.containers[path.split("/")[2]]
        network = self.networks.get(path.removeprefix("/networks/"))
        return network and {**network, "Containers": {name: {"Name": name} for name in self.addresses()}}

    def send(self, method: str, path: str, data: Any = None) -> None:
        if self.breaks is not None and len(self.sent) >= self.breaks:
            raise docker.EngineError("cut short")
        self.sent.append(f"{method} {path}")
        if path == "/networks/create":
            self.networks[data["Name"]] = data
        elif method == "DELETE":
            assert not self.addresses(), "Docker deletes no network that has containers"
            del self.networks["pub6"]
        elif path.endswith("/disconnect"):
            del self.containers[data["Container"]]["NetworkSettings"]["Networks"]["pub6"]
        else:
            asked = data["EndpointConfig"]
            address = asked["IPAMConfig"]["IPv6Address"]
            assert address not in self.addresses().values()
            prefix = self.networks["pub6"]["IPAM"]["Config"][0]["Subnet"]
            assert IPv6Address(address) in IPv6Network(prefix)
            endpoints = self.containers[data["Container"]]["NetworkSettings"]["Networks"]
            endpoints["pub6"] = {**asked, "GlobalIPv6Address": address}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    made = Engine()
    monkeypatch.setattr(docker, "get", made.get)
    monkeypatch.setattr(docker, "send", made.send)
    monkeypatch.setattr(docker, "SOCKET", str(tmp_path))
    monkeypatch.setattr(members, "STORE", str(tmp_path / "members.json"))
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    made.send("POST", "/networks/create", wanted(SMALL).body())
    for name, address in BEFORE.items():
        made.run(name, address)
    made.sent.clear()
    return made


def wanted(prefix: str, **options: str) -> members.Wanted:
    return members.Wanted("pub6", IPv6Network(prefix), IPv6Network(prefix)[1], options)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run the module for a prefix; the document that it prints."""

    def call(prefix: str, **more: Any) -> dict[str, Any]:
        asked = {"name": "pub6", "prefix": prefix, "gateway": str(IPv6Network(prefix)[1]), **more}
        with patch_module_args(asked), pytest.raises(SystemExit):
            container_network.main()
        return json.loads(capsys.readouterr().out)

    return call


Run = Callable[..., dict[str, Any]]


def test_a_network_as_asked_for_stays(engine: Engine, run: Run) -> None:
    assert run(SMALL)["changed"] is False
    assert engine.sent == []


def test_one_that_is_not_there_is_made(engine: Engine, run: Run) -> None:
    engine.networks.clear()
    engine.containers.clear()
    assert run(SMALL, driver_options={"o": "1"})["changed"] is True
    assert engine.networks["pub6"]["Options"] == {"o": "1"}
    assert run(SMALL, driver_options={"o": "1"})["changed"] is False


def test_without_ipv4_it_is_made_anew_and_containers_keep_their_ipv6(engine: Engine, run: Run) -> None:
    assert run(SMALL, ipv4=False)["differences"] == ["it has IPv4"]
    assert engine.networks["pub6"]["EnableIPv4"] is False
    assert engine.addresses() == BEFORE
    assert run(SMALL, ipv4=False)["changed"] is False
    assert run(SMALL)["differences"] == ["it has no IPv4"]
    assert "EnableIPv4" not in engine.networks["pub6"], "engines before 28 refuse nothing that they don't know"


@pytest.mark.parametrize("options", [{}, {"o": "1"}])
def test_each_container_keeps_its_address_in_a_larger_prefix(engine: Engine, run: Run, options: dict) -> None:
    assert run(LARGE, driver_options=options)["connected"] == BEFORE
    assert engine.addresses() == BEFORE
    assert run(LARGE, driver_options=options)["changed"] is False


def test_in_a_large_prefix_docker_deals_from_a_part_of_it(engine: Engine, run: Run) -> None:
    run("2001:db8::/80")
    dealt = {"Subnet": "2001:db8::/80", "Gateway": "2001:db8::1", "IPRange": "2001:db8::8000/113"}
    assert engine.networks["pub6"]["IPAM"]["Config"] == [dealt]
    assert run("2001:db8::/80")["changed"] is False
    run(SMALL)
    assert "IPRange" not in engine.networks["pub6"]["IPAM"]["Config"][0]


def test_a_network_without_such_a_part_is_not_made_anew_for_it(engine: Engine, run: Run) -> None:
    run("2001:db8::/80")
    del engine.networks["pub6"]["IPAM"]["Config"][0]["IPRange"]
    assert run("2001:db8::/80")["changed"] is False


def test_another_ones_container_gets_none_from_outside_that_part(engine: Engine, run: Run) -> None:
    run("2001:db8:0:0:1::/80")
    assert engine.addresses() == {"theirs": "2001:db8::1:0:0:8000"}


def test_in_a_smaller_one_too_if_it_is_inside(engine: Engine, run: Run) -> None:
    engine.containers.clear()
    run(LARGE)
    for name, address in {"web-1": "2001:db8::9", "web-2": "2001:db8::3"}.items():
        engine.run(name, address)
    run(SMALL)
    assert engine.addresses() == {"web-2": "2001:db8::3"}, "the role containers makes the other anew"


def test_elsewhere_another_ones_container_gets_what_nobody_has(engine: Engine, run: Run) -> None:
    run(ELSEWHERE)
    assert engine.addresses() == {"theirs": "2001:db8::82"}


def test_a_stopped_container_is_left_to_docker_and_its_address_to_it(engine: Engine, run: Run) -> None:
    engine.run("web-1", "", IPAMConfig={"IPv6Address": "2001:db8::82"})
    run(ELSEWHERE)
    assert engine.addresses() == {"theirs": "2001:db8::83"}


def test_what_a_container_is_called_in_its_network_stays(engine: Engine, run: Run) -> None:
    engine.run("theirs", "2001:db8::5", Aliases=["db"])
    run(LARGE)
    assert engine.containers["theirs"]["NetworkSettings"]["Networks"]["pub6"]["Aliases"] == ["db"]


@pytest.mark.parametrize("breaks", range(10))
def test_a_run_that_was_cut_short_is_taken_up(engine: Engine, run: Run, breaks: int) -> None:
    engine.breaks = breaks
    assert "cut short" in run(LARGE)["msg"]
    engine.breaks = None
    assert run(LARGE)["changed"] is True
    assert engine.addresses() == BEFORE
    assert run(LARGE)["changed"] is False


@pytest.mark.parametrize("breaks", range(10))
def test_meanwhile_the_role_containers_knows_the_addresses(
    engine: Engine, run: Run, capsys: pytest.CaptureFixture[str], breaks: int
) -> None:
    engine.breaks = breaks
    run(LARGE)
    with patch_module_args({"network": "pub6"}), pytest.raises(SystemExit):
        container_info.main()
    there = json.loads(capsys.readouterr().out)["containers"]
    assert {name: one["address"] for name, one in there.items()} == BEFORE


def test_the_role_containers_is_told_where_others_have_ports(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = ("tcp", 5432, 5432, IPv6Network("::/0"))
    rules = Rules(declared={"docker": (Declared("db", "pub6", IPv6Address("2001:db8::f"), (port,)),)})
    monkeypatch.setattr(keeper, "read", lambda path: json.dumps(rules.to_dict()) if path == RULES_FILE else None)
    with patch_module_args({"network": "pub6"}), pytest.raises(SystemExit):
        container_info.main()
    assert json.loads(capsys.readouterr().out)["opened"] == {"2001:db8::f": "db by the role docker"}
    monkeypatch.setattr(keeper, "read", lambda path: "{}")
    with patch_module_args({"network": "pub6"}), pytest.raises(SystemExit):
        container_info.main()
    assert "rules.json: must be as the module guard wrote it" in json.loads(capsys.readouterr().out)["msg"]


def test_check_mode_says_so_and_does_nothing(engine: Engine, run: Run) -> None:
    said = run(LARGE, _ansible_check_mode=True)
    assert (said["changed"], said["connected"]) == (True, BEFORE)
    assert said["differences"] == ["it has 2001:db8::/125 by 2001:db8::1"]
    assert (engine.sent, engine.addresses()) == ([], BEFORE)


def test_a_record_that_is_none_is_refused(engine: Engine, run: Run) -> None:
    Path(members.STORE).write_text("{}")
    assert "must be the record of a network's containers" in run(SMALL)["msg"]
