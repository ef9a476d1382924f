# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's verbs: pages, filters' limits, errors; every request is checked against botocore's model by its own client."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import RETRIES, Ec2Api, Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.waiters import WaitTimeout, wait_for
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import Hours
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.stub import Stubber


@pytest.fixture
def client():
    return boto3.client(
        "ec2",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(**RETRIES),
    )


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_every_page_is_read(client, stub):
    filters = [{"Name": "subnet-id", "Values": ["subnet-1"]}]
    first = {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}], "NextToken": "more"}
    second = {"NetworkInterfaces": [{"NetworkInterfaceId": "eni-2"}]}
    stub.add_response("describe_network_interfaces", first, {"Filters": filters, "MaxResults": 1000})
    wanted = {"Filters": filters, "MaxResults": 1000, "NextToken": "more"}
    stub.add_response("describe_network_interfaces", second, wanted)
    api = Ec2Api(client)
    found = api.interfaces_in(["subnet-1"])
    assert [item["NetworkInterfaceId"] for item in found] == ["eni-1", "eni-2"]
    assert api.calls == {"DescribeNetworkInterfaces": 2}


def test_several_subnets_are_one_list(client, stub):
    filters = [{"Name": "subnet-id", "Values": ["subnet-1", "subnet-2"]}]
    wanted = {"Filters": filters, "MaxResults": 1000}
    stub.add_response("describe_network_interfaces", {"NetworkInterfaces": []}, wanted)
    assert Ec2Api(client).interfaces_in(["subnet-2", "subnet-1", "subnet-2"]) == []


def test_a_fleets_things_are_listed_by_tag(client, stub):
    tagged = {"Name": "tag:fleet", "Values": ["f"]}
    inside = {"Name": "subnet-id", "Values": ["subnet-1"]}
    answer = {"Reservations": [{"Instances": [{"InstanceId": "i-1"}]}, {"Instances": [{"InstanceId": "i-2"}]}]}
    stub.add_response("describe_instances", answer, {"Filters": [tagged], "MaxResults": 1000})
    wanted = {"Filters": [tagged, inside], "MaxResults": 1000}
    stub.add_response("describe_network_interfaces", {"NetworkInterfaces": []}, wanted)
    assert [item["InstanceId"] for item in Ec2Api(client).instances_tagged("fleet", "f")] == ["i-1", "i-2"]
    assert Ec2Api(client).interfaces_tagged("fleet", "f", "subnet-1") == []


def test_every_page_of_reservations_is_read(client, stub):
    first = {"SubnetIpv6CidrReservations": [{"SubnetCidrReservationId": "scr-1"}], "NextToken": "more"}
    stub.add_response("get_subnet_cidr_reservations", first, {"SubnetId": "subnet-1"})
    second = {"SubnetIpv6CidrReservations": [{"SubnetCidrReservationId": "scr-2"}]}
    stub.add_response("get_subnet_cidr_reservations", second, {"SubnetId": "subnet-1", "NextToken": "more"})
    assert len(Ec2Api(client).reservations("subnet-1")) == 2


def test_a_filter_takes_two_hundred_values(client, stub):
    ids = [f"eni-{number:03d}" for number in range(401)]
    for start in (0, 200, 400):
        filters = [{"Name": "network-interface-id", "Values": ids[start : start + 200]}]
        stub.add_response(
            "describe_network_interfaces", {"NetworkInterfaces": []}, {"Filters": filters, "MaxResults": 1000}
        )
    assert Ec2Api(client).interfaces_by_id(reversed(ids)) == []


def test_nothing_asked_is_no_call(client, stub):
    api = Ec2Api(client)
    assert (api.instances([]), api.security_groups([]), api.instance_types([])) == ([], [], [])
    assert not api.calls


def test_instance_types_come_in_pages_of_a_hundred(client, stub):
    filters = [{"Name": "instance-type", "Values": ["t3.micro"]}]
    stub.add_response("describe_instance_types", {"InstanceTypes": []}, {"Filters": filters, "MaxResults": 100})
    assert Ec2Api(client).instance_types(["t3.micro", "t3.micro"]) == []


def test_writes_are_what_ec2_takes(client, stub):
    made = {"NetworkInterface": {"NetworkInterfaceId": "eni-1"}}
    stub.add_response("create_network_interface", made, {"SubnetId": "subnet-1"})
    stub.add_response("assign_ipv6_addresses", {}, {"NetworkInterfaceId": "eni-1", "Ipv6Addresses": ["2001:db8::4"]})
    stub.add_response("modify_network_interface_attribute", {}, {"NetworkInterfaceId": "eni-1", "Groups": ["sg-1"]})
    tags = [{"Key": "a", "Value": "b"}]
    stub.add_response("create_tags", {}, {"Resources": ["eni-1"], "Tags": tags})
    stub.add_response("delete_network_interface", {}, {"NetworkInterfaceId": "eni-1"})
    prefixes = {"NetworkInterfaceId": "eni-1", "Ipv6Prefixes": ["2001:db8:0:0:1::/80"]}
    stub.add_response("unassign_ipv6_addresses", {}, prefixes)
    attachment = {"NetworkInterfaceId": "eni-1", "InstanceId": "i-1", "DeviceIndex": 1}
    stub.add_response("attach_network_interface", {}, attachment)
    range_ = {"SubnetId": "subnet-1", "Cidr": "2001:db8:0:0:0:1::/96", "ReservationType": "explicit"}
    reserved = {"SubnetCidrReservation": {"SubnetCidrReservationId": "scr-1"}}
    stub.add_response("create_subnet_cidr_reservation", reserved, range_)
    stub.add_response("delete_subnet_cidr_reservation", {}, {"SubnetCidrReservationId": "scr-1"})
    api = Ec2Api(client)
    assert api.create_interface("it", {"SubnetId": "subnet-1"})["NetworkInterfaceId"] == "eni-1"
    api.assign("it", {"NetworkInterfaceId": "eni-1", "Ipv6Addresses": ["2001:db8::4"]})
    api.set_groups("it", "eni-1", ["sg-1"])
    api.set_tags("it", "eni-1", tags)
    api.delete_interface("it", "eni-1")
    api.unassign("it", prefixes)
    api.attach_interface("it", "eni-1", "i-1", 1)
    assert api.create_reservation("it", range_) == {"SubnetCidrReservationId": "scr-1"}
    api.delete_reservation("it", "scr-1")
    assert sum(api.calls.values()) == 9


def test_the_console_is_decoded(client, stub):
    wanted = {"InstanceId": "i-1", "Latest": True}
    stub.add_response("get_console_output", {"InstanceId": "i-1", "Output": "aGVsbG8="}, wanted)
    stub.add_response("get_console_output", {"InstanceId": "i-1"}, wanted)
    api = Ec2Api(client)
    assert api.console("i-1") == "hello"
    assert api.console("i-1") == ""


def test_an_error_names_the_action_and_the_code(client, stub):
    stub.add_client_error("delete_network_interface", "InvalidNetworkInterface.InUse", "eni-1 is in use")
    with pytest.raises(Ec2Error) as caught:
        Ec2Api(client).delete_interface("eni-1 of a", "eni-1")
    assert str(caught.value) == "Could not delete eni-1 of a: InvalidNetworkInterface.InUse: eni-1 is in use"
    assert caught.value.code == "InvalidNetworkInterface.InUse"


def test_no_answer_at_all_is_an_error_too():
    class Dead:
        def create_tags(self, **request):
            raise EndpointConnectionError(endpoint_url="http://nowhere")

    with pytest.raises(Ec2Error, match="Could not tag eni-1: Could not connect") as caught:
        Ec2Api(Dead()).set_tags("eni-1", "eni-1", [])
    assert caught.value.code is None


def throttled():
    return ClientError({"Error": {"Code": "RequestLimitExceeded", "Message": "slow down"}}, "DeleteNetworkInterface")


@pytest.mark.parametrize("error", [throttled(), ConnectionClosedError(endpoint_url="http://ec2")], ids=type)
def test_a_call_is_made_again_though_botocore_gave_up(error):
    answers = [error, error, {}]

    class Busy:
        def delete_network_interface(self, **request):
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    hours = Hours()
    api = Ec2Api(Busy(), hours.clock())
    api.delete_interface("it", "eni-1")
    assert api.calls == {"DeleteNetworkInterface": 3}
    assert hours.now > 0


def test_throttling_without_end_ends_in_an_error():
    class Busy:
        def delete_network_interface(self, **request):
            raise throttled()

    hours = Hours()
    with pytest.raises(Ec2Error, match="Could not delete it: RequestLimitExceeded: slow down"):
        Ec2Api(Busy(), hours.clock()).delete_interface("it", "eni-1")
    assert 300 <= hours.now < 310


def test_a_wait_reports_each_new_sight_once_and_ends_with_the_last():
    hours, said, pauses = Hours(), [], []
    clock = replace(hours.clock(), sleep=lambda seconds: (pauses.append(seconds), hours.sleep(seconds)))
    sights = iter(["a", "a", "b", *"b" * 50])
    with pytest.raises(WaitTimeout, match=r"Timed out after 20 s waiting for it; last seen: b"):
        wait_for("it", lambda: (None, next(sights)), 20, said.append, clock)
    assert said == ["waiting for it: a", "waiting for it: b"]
    assert sum(pauses) == pytest.approx(20)
    assert max(pauses) <= 5 * 1.25


def test_a_wait_returns_what_it_was_waiting_for():
    sights = iter([(None, "not yet"), ("done", "")])
    assert wait_for("it", lambda: next(sights), 5, lambda text: None, Hours().clock()) == "done"
