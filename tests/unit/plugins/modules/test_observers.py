# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that observe, run as Ansible runs them: what they ask for, what they say when it can't be had."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker
from ansible_collections.ipv6.aws_containers.plugins.modules import container_probe, host_observe, packet_capture

Run = Callable[..., dict[str, Any]]
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="raw sockets need root")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module; the document that it prints."""
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)

    def call(module: Any, **parameters: Any) -> dict[str, Any]:
        with patch_module_args(parameters), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A Docker engine: answers by path; paths that are missing answer 404."""
    answers: dict[str, Any] = {
        "/version": {"Version": "20.10.24+dfsg1"},
        "/networks/pub6": {
            "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}, {"Subnet": "2001:db8::8/126", "Gateway": "2001:db8::9"}]},
            "Options": {"com.docker.network.bridge.name": "br-pub6"},
        },
        "/containers/web/json": {
            "Image": "sha256:1",
            "State": {"Status": "exited", "Running": False, "Pid": 0},
            "Config": {"Image": "registry.lab.test/demo/web:1"},
            "NetworkSettings": {
                "Networks": {"pub6": {"GlobalIPv6Address": "2001:db8::a", "IPv6Gateway": "2001:db8::9"}}
            },
        },
        "/images/sha256%3A1/json": {"RepoDigests": ["registry.lab.test/demo/web@sha256:2"]},
    }
    monkeypatch.setattr(docker, "get", lambda path: answers.get(path))
    return answers


@ROOT_ONLY
def test_probes_answer_in_the_order_asked(run: Run, listener: int) -> None:
    said = run(
        container_probe,
        pings=[{"target": "::1"}, {"target": "no-such-name.invalid"}],
        connects=[{"target": "::1", "port": listener}],
        count=1,
        timeout=1,
    )
    assert [(ping["target"], ping["received"]) for ping in said["pings"]] == [("::1", 1), ("no-such-name.invalid", 0)]
    assert said["pings"][1]["error"] == "the name has no IPv6 address"
    assert [connect["outcome"] for connect in said["connects"]] == ["open"]
    assert said["changed"] is False


@pytest.mark.parametrize(("name", "says"), [("web", "container web: exited"), ("other", "no such container")])
def test_a_container_that_does_not_run_is_an_answer(run: Run, engine: dict[str, Any], name: str, says: str) -> None:
    said = run(container_probe, pings=[{"container": name, "target": "::1"}], connects=[], count=1)
    assert (said["pings"][0]["sent"], said["pings"][0]["received"]) == (0, 0)
    assert says in said["pings"][0]["error"]


def test_all_of_a_containers_probes_ask_the_engine_once(
    run: Run, engine: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(docker, "get", lambda path: (asked.append(path), engine.get(path))[1])
    one = {"container": "web", "target": "::1"}
    said = run(container_probe, pings=[one], mtus=[one], names=[one], connects=[{**one, "port": 9}], count=1)
    assert asked.count("/containers/web/json") == 1
    troubles = [said[kind][0]["error"] for kind in ("pings", "mtus", "names")] + [said["connects"][0]["outcome"]]
    assert troubles == ["container web: exited"] * 3 + ["unreachable (container web: exited)"]


def test_what_the_engine_says(run: Run, engine: dict[str, Any]) -> None:
    said = run(
        host_observe,
        mac_address="00:00:00:00:00:00",
        containers=["web", "other"],
        network="pub6",
        metadata=False,
        netplan_record="/nonexistent",
    )
    assert said["docker"]["version"] == "20.10.24"
    assert said["docker"]["network"]["subnet"] == "2001:db8::8/126"
    assert said["containers"]["web"]["status"] == "exited"
    assert said["containers"]["web"]["digests"] == ["registry.lab.test/demo/web@sha256:2"]
    assert "other" not in said["containers"]
    assert said["netplan"]["before"] is None
    assert said["interface"] == "lo"
    assert "metadata" not in said


def test_a_containers_interface_is_known_by_its_mac(monkeypatch: pytest.MonkeyPatch, run: Run, engine: Any) -> None:
    """It is eth0 at first, and another once the container was connected again while it ran."""
    web = engine["/containers/web/json"]
    web["State"] = {"Status": "running", "Running": True, "Pid": 1}
    web["NetworkSettings"]["Networks"]["pub6"]["MacAddress"] = "02:42:0A:00:00:02"
    answer = [
        {"ifname": "eth1", "address": "02:42:0a:00:00:09", "addr_info": []},
        {"ifname": "eth2", "address": "02:42:0a:00:00:02", "addr_info": []},
    ]
    monkeypatch.setattr(host_observe.netns, "inside", lambda pid, function: function())
    monkeypatch.setattr(host_observe.links, "ask_ip", lambda *asked: answer if asked == ("addr",) else [])
    monkeypatch.setattr(host_observe.links, "sysctl", lambda name: 0)
    said = run(host_observe, mac_address="02:00:00:00:00:01", containers=["web"], network="pub6", metadata=False)
    assert said["containers"]["web"]["interface"] == "eth2"
    assert said["containers"]["web"]["disable_ipv6"] == {"eth2": 0, "lo": 0}


def test_an_engine_that_does_not_answer_is_an_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> Any:
        raise docker.EngineError(f"GET {path}: nobody there")

    monkeypatch.setattr(docker, "get", refuse)
    said = run(host_observe, mac_address="02:00:00:00:00:01", containers=["web"], metadata=False)
    assert said["docker"]["version"] == ""
    assert "nobody there" in said["docker"]["error"]
    assert "nobody there" in said["containers"]["web"]["error"]
    assert said["interface"] == ""


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"state": "collected", "name": "nobody-began-it"}, "no capture 'nobody-began-it' is running"),
        ({"state": "started", "networks": ["10.0.0.0/8"]}, "networks[0]: must be an IPv6 network"),
        ({"state": "started", "name": "../x"}, "name: must be"),
    ],
)
def test_what_a_capture_refuses(run: Run, parameters: dict[str, Any], says: str) -> None:
    said = run(packet_capture, **parameters)
    assert said["failed"]
    assert says in said["msg"]
