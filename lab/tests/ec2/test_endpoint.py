# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint itself: any region, loopback only, a call log, one call at a time, and middlewares around it."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server
from vpclab.ec2.middleware import Answer, Call, Way


def calls(server: Server) -> dict[str, int]:
    with urllib.request.urlopen(f"{server.url}/_lab/calls") as answer:
        return json.load(answer)


def test_calls_are_counted_by_action(server: Server, ec2: Any) -> None:
    """And from zero after a reset."""
    ec2.describe_vpcs()
    ec2.describe_vpcs()
    ec2.describe_subnets()
    assert calls(server) == {"DescribeSubnets": 1, "DescribeVpcs": 2}
    urllib.request.urlopen(urllib.request.Request(f"{server.url}/_lab/calls/reset", method="POST")).close()
    assert calls(server) == {}


def test_it_listens_on_the_loopback_address_alone(server: Server) -> None:
    """Whatever the machine's other addresses are."""
    assert server.url.startswith("http://127.0.0.1:")


def test_regions_are_apart(ec2: Any, net: Any, connect: Any) -> None:
    """A region that nobody has used is empty, even one that does not exist."""
    assert connect(region="eu-central-1").describe_subnets()["Subnets"] == []
    assert connect(region="lab-north-7").describe_vpcs()["Vpcs"] == []


def test_parameters_name_the_images(ec2: Any, connect: Any) -> None:
    """Debian's paths, each to an image that can be described by id; no other path."""
    ssm = connect("ssm")
    names = {
        "/aws/service/debian/release/12/latest/amd64": "debian-12-lab",
        "/aws/service/debian/release/13/latest/amd64": "debian-13-lab",
        "/aws/service/debian/daily/forky/latest/amd64": "debian-14-lab",
    }
    for path, name in names.items():
        image = ssm.get_parameter(Name=path)["Parameter"]["Value"]
        assert ec2.describe_images(ImageIds=[image])["Images"][0]["Name"] == name
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name="/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id")


def test_who_is_asking(connect: Any) -> None:
    """Always the one account."""
    assert connect("sts").get_caller_identity()["Account"] == "123456789012"


def test_an_unknown_action_is_refused(server: Server) -> None:
    """With EC2's code and in its form, not with a stack trace."""
    request = urllib.request.Request(server.url, data=b"Action=FlyToTheMoon&Version=2016-11-15")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    with refusal.value as answer:
        assert answer.status == 400
        assert b"<Code>InvalidAction</Code>" in answer.read()


def test_a_connection_serves_many_calls(server: Server) -> None:
    """As EC2's do: a new connection for each would cost as much as the call."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    for _ in range(3):
        connection.request("POST", "/", b"Action=DescribeVpcs&Version=2016-11-15")
        used = connection.sock
        with connection.getresponse() as answer:
            assert answer.status == 200
            assert b"DescribeVpcsResponse" in answer.read()
        assert connection.sock is used
    connection.close()


def test_texts_come_back_as_they_went(ec2: Any, net: Any) -> None:
    """Whatever XML makes of such characters."""
    text = 'a<b & "c" > d\''
    tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "k<&>", "Value": text}]}]
    shown = net.shown(net.eni(Description=text, TagSpecifications=tags))
    assert shown["Description"] == text
    assert shown["TagSet"] == [{"Key": "k<&>", "Value": text}]


def test_many_clients_never_get_one_address_twice(server: Server, net: Any, connect: Any) -> None:
    """Sixteen ask for the same address at once: one gets it."""

    def ask(_: int) -> str:
        try:
            connect().create_network_interface(
                SubnetId=net.subnet, Ipv6Addresses=[{"Ipv6Address": "2600:1f18:47b:ca03::a"}]
            )
        except ClientError as refusal:
            return refusal.response["Error"]["Code"]
        return "made"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(16)))
    assert answers == ["InvalidIPAddress.InUse"] * 15 + ["made"]
    assert len(server.topology().enis) == 1


def test_a_middleware_stands_between_client_and_endpoint(connect: Any) -> None:
    """It sees the action before anything happens, and may answer itself; the call is counted all the same."""

    def throttle(call: Call, way: Way) -> Answer:
        if call.action == "CreateVpc":
            error = "<Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error>"
            return Answer(503, f"<Response><Errors>{error}</Errors></Response>")
        return way(call)

    with Server(middlewares=(throttle,)) as server:
        ec2 = connect(url=server.url)
        with pytest.raises(ClientError, match="RequestLimitExceeded"):
            ec2.create_vpc(CidrBlock="10.0.0.0/16")
        assert ec2.describe_vpcs()["Vpcs"] == []
        assert calls(server) == {"CreateVpc": 1, "DescribeVpcs": 1}
