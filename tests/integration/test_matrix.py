# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is translated, and nothing is open but what is declared: every engine, both modes, both networks.

Seen by the collection's own verify, and by a judge that shares nothing with it; after all that happens to a host.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "matrix"))

from judge import CONTAINERS, HOST, INTERNET, LAB, Judge, NotThere, Place, Seen, flows

INVENTORY = ("-i", str(HERE / "matrix/inventory"))
HOSTS = tuple(f"{suite}-{mode}" for suite in ("bookworm", "trixie", "forky") for mode in ("block", "prefix"))
NETWORKS = ("routed", "default_bridge")
SSH_FAILED = 255
OUTPUT = HERE.parents[1] / "build/matrix.json"
# How long declared ports may take to be open again, on a machine that is busy with other things.
PATIENCE_SECONDS = 180
GUARD, KEEPER = "ip6 ipv6_aws_containers", "ipv6-aws-containers-guard-keeper"

# In this order: what the next one finds is what the one before has left.
EVENTS = {
    "netplan apply": "netplan apply",
    "systemctl restart docker": "systemctl restart docker",
    "systemctl restart nftables": "systemctl restart nftables",
    "systemctl reload nftables": "systemctl reload nftables",
    "nft flush ruleset": "nft flush ruleset",
    "keeper killed, table deleted": f"systemctl kill --signal=KILL {KEEPER}; nft delete table {GUARD}",
    "systemctl restart docker, after a flush": "systemctl restart docker",
}


def as_root(host: str, script: str) -> None:
    """Run a script on a host; once more where ssh does not come through, or loses its connection by the script."""
    command = [LAB, "ssh", host, "--", "sudo", "sh", "-ec", f"'{script}'"]
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        if done.returncode != SSH_FAILED or time.monotonic() > end:
            break
        time.sleep(1)
    assert done.returncode == 0, f"{host}: {script}: exit status {done.returncode}\n{done.stderr}"


def on_all(script: str) -> None:
    """The same on all hosts, at once."""
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        list(pool.map(lambda host: as_root(host, script), HOSTS))


def watch(booted_after: dict[str, str] | None = None) -> tuple[Seen, float]:
    """Look until all that is declared is open, and say how long that took.

    At no look may anything be translated, nor open that is not declared.
    ``booted_after``: how the hosts were known before they had to boot.
    """
    began = time.monotonic()
    last: object = ""
    while time.monotonic() < began + PATIENCE_SECONDS:
        try:
            with Judge(HOSTS) as judge:
                if late := [host for host in HOSTS if judge.boots[host] == (booted_after or {}).get(host)]:
                    raise NotThere(f"not booted yet: {', '.join(late)}")
                last = seen = judge.look()
        except NotThere as error:
            last = error
            time.sleep(1)
            continue
        assert not seen.translated, str(seen)
        assert not seen.stray, str(seen)
        assert not seen.opened, str(seen)
        if not seen.shut and not seen.blind:
            return seen, time.monotonic() - began
    raise AssertionError(f"not all that is declared is open after {PATIENCE_SECONDS} s; last seen:\n{last}")


@pytest.fixture(scope="module")
def record():
    """Takes down what was seen after what: build/matrix.json."""
    rows: list[dict[str, object]] = []

    def note(network: str, event: str, seen: Seen, seconds: float) -> None:
        hosts = {host: {"open": seen.open[host], "closed": seen.closed[host]} for host in HOSTS}
        rows.append({"network": network, "after": event, "seconds": round(seconds, 1), "hosts": hosts})
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(json.dumps(rows, indent=2) + "\n")

    return note


@pytest.fixture(scope="module")
def fleet(playbook):
    """The hosts, as provisioned; they are gone in the end."""
    run = playbook(*INVENTORY, "playbooks/provision.yml")
    assert run.status == 0, run.output
    yield
    run = playbook(*INVENTORY, "playbooks/teardown.yml")
    assert run.status == 0, run.output


@pytest.fixture(scope="module", params=NETWORKS)
def network(request, fleet, playbook):
    """The containers' network; the second one is changed to in place."""
    run = playbook(*INVENTORY, "playbooks/configure.yml", "-e", f"container_network={request.param}")
    assert run.status == 0, run.output
    return request.param


def test_nothing_is_translated_or_open_that_is_not_declared(network, record):
    record(network, "configure", *watch())


def test_verify_says_so_of_every_pair(network, playbook, tmp_path):
    verify(network, playbook, tmp_path)


def verify(network: str, playbook, folder: pathlib.Path) -> None:
    """By the collection's own means. What the judge listens at is what is declared."""
    with Judge(HOSTS):
        output = f"verify_output={folder}/verify.json container_network={network}"
        run = playbook(*INVENTORY, "playbooks/verify.yml", "-e", output)
    assert run.status == 0, run.output
    report = json.loads((folder / "verify.json").read_text())
    assert report["left_out"] == []
    held = {(check["kind"], check["host"], check["subject"]) for check in report["checks"] if check["holds"]}
    assert len(held) == len(report["checks"])
    places = list(itertools.product(HOSTS, CONTAINERS))
    expected = {
        (kind, host, f"{name} to {far}/{peer}")
        for (host, name), (far, peer) in itertools.permutations(places, 2)
        for kind in ("ping.container", "capture.container")
        if far != host or kind == "ping.container"
    }
    expected |= {("capture.internet", host, name) for host, name in places}
    ports = {"first": ((80, 7001), (7002, 8080)), "second": ((7003,), (7001, 80, 8080))}
    expected |= {
        (kind, host, f"{name} port {port} from internet")
        for host, name in places
        for kind, chosen in zip(("port.declared", "port.undeclared"), ports[name], strict=True)
        for port in chosen
    }
    assert expected - held == set()


def test_the_judge_sees_what_is_not_as_it_ought_to_be(network):
    """Else nothing that it says would mean anything."""
    away, masked, redirected = "bookworm-block", "trixie-prefix", "forky-block"
    nat = "add table ip6 judged; add chain ip6 judged nat { type nat hook %s priority %s; }; add rule ip6 judged nat %s"
    with Judge(HOSTS) as judge:
        first, second = (judge.addresses[Place(redirected, name)] for name in CONTAINERS)
        own = judge.addresses[Place(masked, HOST)]
        redirect = f"iifname ens5 ip6 daddr {first} tcp dport 7001 dnat to {second}"
        try:
            as_root(away, f"systemctl stop {KEEPER}; nft delete table {GUARD}")
            as_root(masked, f'nft "{nat % ("postrouting", "100", "oifname ens5 masquerade")}"')
            as_root(redirected, f'nft "{nat % ("prerouting", "-100", redirect)}"')
            seen = judge.look()
        finally:
            as_root(away, f"systemctl start {KEEPER}")
            for host in (masked, redirected):
                as_root(host, "nft delete table ip6 judged")
    everything = set(flows(HOSTS))
    closed = {flow for flow in everything if flow.target.host == away and not flow.open}
    assert set(seen.opened) == closed
    # Of a handshake that nobody answers nothing is known but that it was not sent so.
    rewritten = {flow for flow in everything if flow.source.host == masked and flow.across}
    rewritten = {flow for flow in rewritten if flow.protocol != "tcp" or flow.open or flow in closed}
    elsewhere = {flow for flow in everything if flow.target == Place(redirected, "first") and flow.across}
    elsewhere = {flow for flow in elsewhere if flow.protocol == "tcp" and flow.port == 7001}
    assert set(seen.translated) == rewritten | {flow for flow in elsewhere if flow.source.host != INTERNET}
    assert {one.split(" > ")[0] for one in seen.stray} == {own}


@pytest.mark.parametrize("event", EVENTS)
def test_so_it_stays_after(event, network, record):
    on_all(EVENTS[event])
    record(network, event, *watch())


def test_so_it_stays_after_a_reboot(ec2, network, record):
    with Judge(HOSTS) as judge:
        before = judge.boots
    mine = [{"Name": "tag:ipv6.aws_containers:fleet", "Values": ["matrix"]}]
    found = ec2.describe_instances(Filters=[*mine, {"Name": "instance-state-name", "Values": ["running"]}])
    ec2.reboot_instances(
        InstanceIds=[one["InstanceId"] for reservation in found["Reservations"] for one in reservation["Instances"]]
    )
    record(network, "reboot", *watch(before))


def test_verify_still_says_so_of_every_pair(network, playbook, tmp_path):
    verify(network, playbook, tmp_path)
