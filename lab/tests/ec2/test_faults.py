# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults at work: what a client sees of each, what the endpoint has done by then, and that they can be switched."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto.core.request import Request

from vpclab.ec2 import Server, history
from vpclab.ec2.middleware import Answer, AnswerLost, Call, FaultLine, through
from vpclab.ec2.refusal import Refusal
from vpclab.faults import Bucket, Faults

SUBNET = "2600:1f18:47b:ca03"
Switch = Callable[..., Any]


def ask(url: str, method: str = "GET", body: Any = None) -> Any:
    """What a route of the lab answers."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method)) as answer:
        return json.load(answer)


@pytest.fixture
def switch(server: Server) -> Switch:
    """Puts faults in force."""
    return lambda **faults: ask(f"{server.url}/_lab/faults", "PUT", faults)


def code(call: Callable[[], Any]) -> str:
    """The error code of a refused call, "" when it went through."""
    try:
        call()
    except ClientError as refusal:
        return str(refusal.response["Error"]["Code"])
    return ""


# The routes -----------------------------------------------------------------------------------------------------------


def test_put_replaces_and_get_shows(server: Server, switch: Switch) -> None:
    """What the second one does not name is off again."""
    url = f"{server.url}/_lab/faults"
    assert ask(url)["throttle"] == 0
    switch(throttle=1, lose=0.5)
    assert (ask(url)["throttle"], ask(url)["lose"]) == (1, 0.5)
    assert switch(lag=2) == ask(url)
    assert (ask(url)["throttle"], ask(url)["lag"]) == (0, 2)


def test_bad_faults_are_refused_whole(server: Server, switch: Switch) -> None:
    """With the path, the rule and the value of each, and those in force stay."""
    switch(lag=3)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        switch(throttle=2, explode=1)
    with refusal.value as answer:
        assert answer.status == 400
        errors = json.load(answer)["errors"]
    assert errors[0] == {"path": "throttle", "rule": "must be a number from 0 to 1", "value": 2}
    assert errors[1]["path"] == "explode"
    assert ask(f"{server.url}/_lab/faults")["lag"] == 3


# Throttling -----------------------------------------------------------------------------------------------------------


def test_a_throttled_call_has_no_effect(server: Server, ec2: Any, net: Any, switch: Switch) -> None:
    """All of them, at a share of 1; with EC2's code and the status by which clients know it."""
    before = server.topology()
    switch(throttle=1)
    with pytest.raises(ClientError) as refusal:
        net.eni(":a")
    assert refusal.value.response["Error"]["Code"] == "RequestLimitExceeded"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert code(ec2.describe_subnets) == "RequestLimitExceeded"
    assert server.topology() == before


def test_a_share_of_the_calls_is_throttled_by_the_seed(server: Server, ec2: Any, switch: Switch) -> None:
    """The same seed hits the same calls, another one others; the call log counts all."""

    def run(seed: int) -> list[str]:
        switch(throttle=0.3, seed=seed)
        return [code(ec2.describe_vpcs) for _ in range(60)]

    first, again, other = run(1), run(1), run(2)
    assert first == again != other
    hit = first.count("RequestLimitExceeded")
    assert 6 <= hit <= 30
    assert first.count("") == 60 - hit
    run(1)
    assert ask(f"{server.url}/_lab/faults/hits") == {"throttle": hit}
    assert server.endpoint.calls.counts() == {"DescribeVpcs": 240}


def test_other_services_are_not_throttled(connect: Any, switch: Switch) -> None:
    """Faults are EC2's."""
    switch(throttle=1)
    assert connect("sts").get_caller_identity()["Account"]


def _call(action: str, region: str = "us-east-1") -> Call:
    return Call("ec2", action, region, Request({}))


def _line(now: list[float], **faults: Any) -> Callable[[Call], Answer]:
    line = FaultLine(Faults(**faults), clock=lambda: now[0])
    return through(line.middlewares(), lambda call: Answer(200, call.action))


def test_a_bucket_empties_and_fills_up() -> None:
    """A burst, then as many as have been refilled, never more than the burst; each action has its own."""
    now = [100.0]
    way = _line(now, mutating=Bucket(3, 2), reads=Bucket(1, 1))

    def served(action: str, tries: int) -> int:
        done = 0
        for _ in range(tries):
            try:
                done += way(_call(action)).status == 200
            except Refusal as refusal:
                assert (refusal.code, refusal.status) == ("RequestLimitExceeded", 503)
        return done

    assert served("CreateVpc", 5) == 3
    assert served("CreateSubnet", 5) == 3
    assert served("DescribeVpcs", 5) == 1
    now[0] += 1
    assert (served("CreateVpc", 5), served("DescribeVpcs", 5)) == (2, 1)
    now[0] += 60
    assert served("CreateVpc", 5) == 3


# Lost answers ---------------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_no_lost_call(ec2: Any, net: Any, switch: Switch) -> None:
    """The interface is there, though the client saw the connection close; reads are answered."""
    switch(lose=1)
    with pytest.raises(ConnectionClosedError):
        net.eni(":a", ClientToken="token")
    (made,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
    switch()
    assert net.eni(":a", ClientToken="token") == made["NetworkInterfaceId"]


def test_a_refused_call_may_be_lost_as_well() -> None:
    """The network knows nothing of success; but what never reached the endpoint is not counted as lost."""
    line = FaultLine(Faults(lose=1, throttle=1))
    with pytest.raises(Refusal):
        through(line.middlewares(), lambda _: Answer(200, ""))(_call("CreateVpc"))
    assert "lose" not in line.hits()
    line.set(Faults(lose=1))
    with pytest.raises(AnswerLost):
        through(line.middlewares(), lambda _: Answer(400, ""))(_call("CreateVpc"))
    assert line.hits()["lose"] == 1


# Delay ----------------------------------------------------------------------------------------------------------------


def test_delayed_calls_wait_side_by_side(net: Any) -> None:
    """Eight calls are all on their way at once: none holds the endpoint while it waits."""
    together = threading.Barrier(8, timeout=20)
    line = FaultLine(Faults(delay=1), sleep=lambda _: together.wait() and None)
    with Server(middlewares=line.middlewares()) as server, ThreadPoolExecutor(8) as pool:
        body = b"Action=DescribeVpcs&Version=2016-11-15"

        def one(_: int) -> int:
            with urllib.request.urlopen(server.url, data=body) as answer:
                return int(answer.status)

        assert list(pool.map(one, range(8))) == [200] * 8


# Late reads -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The endpoint's clock, which moves when told to."""
    now = [1000.0]
    monkeypatch.setattr("vpclab.ec2.endpoint._now", lambda: now[0])
    yield now


def held(ec2: Any, net: Any) -> set[str]:
    enis = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [net.subnet]}])
    return {item["Ipv6Address"] for eni in enis["NetworkInterfaces"] for item in eni["Ipv6Addresses"]}


def test_a_read_shows_what_was_true_then(ec2: Any, net: Any, switch: Switch, clock: list[float]) -> None:
    """An interface appears, gains and loses addresses and goes away, each two seconds late; writes see the present."""
    net.eni(":a")
    switch(lag=2)
    eni = net.eni(":b")
    assert held(ec2, net) == {f"{SUBNET}::a"}
    by_id = lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])  # noqa: E731
    assert code(by_id) == "InvalidNetworkInterfaceID.NotFound"
    assert code(lambda: net.eni(":b")) == "InvalidIPAddress.InUse"
    clock[0] += 1
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::c"])
    clock[0] += 1
    assert held(ec2, net) == {f"{SUBNET}::a", f"{SUBNET}::b"}
    clock[0] += 1
    assert held(ec2, net) == {f"{SUBNET}::a", f"{SUBNET}::b", f"{SUBNET}::c"}
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    assert code(by_id) == ""
    assert code(lambda: ec2.delete_network_interface(NetworkInterfaceId=eni)) == "InvalidNetworkInterfaceID.NotFound"
    net.eni(":b")
    clock[0] += 2
    assert code(by_id) == "InvalidNetworkInterfaceID.NotFound"
    assert held(ec2, net) == {f"{SUBNET}::a", f"{SUBNET}::b"}


def test_tags_lag(ec2: Any, net: Any, switch: Switch, clock: list[float]) -> None:
    """In the interface, in filters and in DescribeTags; set, changed and taken away."""
    eni = net.eni(":a")
    switch(lag=2)

    def shown() -> list[dict[str, str]]:
        return net.shown(eni)["TagSet"]

    def found(value: str) -> int:
        answer = ec2.describe_network_interfaces(Filters=[{"Name": "tag:role", "Values": [value]}])
        return len(answer["NetworkInterfaces"])

    ec2.create_tags(Resources=[eni], Tags=[{"Key": "role", "Value": "web"}])
    assert (shown(), found("web")) == ([], 0)
    clock[0] += 2
    ec2.create_tags(Resources=[eni], Tags=[{"Key": "role", "Value": "db"}])
    assert (shown(), found("web"), found("db")) == ([{"Key": "role", "Value": "web"}], 1, 0)
    clock[0] += 2
    ec2.delete_tags(Resources=[eni], Tags=[{"Key": "role"}])
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [eni]}])["Tags"]
    assert [(tag["Key"], tag["Value"]) for tag in tags] == [("role", "db")]
    clock[0] += 2
    assert shown() == []


def test_reservations_and_subnets_lag(ec2: Any, net: Any, switch: Switch, clock: list[float]) -> None:
    """Made and deleted, and how many addresses are free."""
    switch(lag=2)

    def reserved() -> int:
        answer = ec2.get_subnet_cidr_reservations(SubnetId=net.subnet)
        return len(answer["SubnetIpv6CidrReservations"])

    def free() -> int:
        return int(ec2.describe_subnets(SubnetIds=[net.subnet])["Subnets"][0]["AvailableIpAddressCount"])

    made = ec2.create_subnet_cidr_reservation(SubnetId=net.subnet, Cidr=f"{SUBNET}:1::/80", ReservationType="explicit")
    net.eni()
    other = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.4.0/24")["Subnet"]["SubnetId"]
    assert (reserved(), free()) == (0, 251)
    assert code(lambda: ec2.describe_subnets(SubnetIds=[other])) == "InvalidSubnetID.NotFound"
    clock[0] += 2
    identity = made["SubnetCidrReservation"]["SubnetCidrReservationId"]
    ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=identity)
    assert (reserved(), free()) == (1, 250)
    assert code(lambda: ec2.describe_subnets(SubnetIds=[other])) == ""
    clock[0] += 2
    assert reserved() == 0


def test_instances_lag(ec2: Any, net: Any, switch: Switch, clock: list[float]) -> None:
    """Launch, attachment, state and termination, and what becomes of the interface."""
    eni = net.eni(":a")
    switch(lag=2)
    instance = net.launch(eni)

    def state() -> str:
        answer = ec2.describe_instances(InstanceIds=[instance])
        return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])

    assert code(state) == "InvalidInstanceID.NotFound"
    assert net.shown(eni)["Status"] == "available"
    clock[0] += 2
    assert (state(), net.shown(eni)["Status"]) == ("running", "in-use")
    ec2.terminate_instances(InstanceIds=[instance])
    assert (state(), net.shown(eni)["Attachment"]["InstanceId"]) == ("running", instance)
    net.launch(eni)
    clock[0] += 2
    assert state() == "terminated"


def test_when_reads_stop_to_lag_all_is_seen_at_once(ec2: Any, net: Any, switch: Switch) -> None:
    """And nothing of the past is left in what they showed."""
    switch(lag=600)
    eni = net.eni(":a")
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::b"])
    assert held(ec2, net) == set()
    switch()
    assert held(ec2, net) == {f"{SUBNET}::a", f"{SUBNET}::b"}


def test_frames_share_what_did_not_change(server: Server, net: Any, switch: Switch, clock: list[float]) -> None:
    """One more interface costs one more record, and what is longer ago than the lag is forgotten."""
    for _ in range(5):
        net.eni()
    switch(lag=2)
    for _ in range(10):
        clock[0] += 1
        net.eni()
    (frames,) = server.endpoint._history._frames.values()
    assert len(frames) == 3
    first, last = frames[0].objects, frames[-1].objects
    assert [values is last[thing] for thing, values in first.items()].count(False) == 1  # the subnet: fewer are free
    assert isinstance(server.endpoint._history, history.History)
