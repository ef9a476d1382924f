# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances: their states come from the machines, their interfaces outlive or follow them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from vpclab.ec2 import Server
from vpclab.topology import InstanceState, Topology


class SlowMachines:
    """Machines that reach nothing until the test says so."""

    def __init__(self) -> None:
        self.seen: list[Topology] = []
        self.states: dict[str, InstanceState] = {}

    def apply(self, topology: Topology) -> None:
        self.seen.append(topology)

    def state(self, instance_id: str) -> InstanceState:
        return self.states.get(instance_id, "pending")

    def console_output(self, instance_id: str) -> str:
        return f"{'x' * 70000}\nconsole of {instance_id}\n"


@pytest.fixture
def machines() -> SlowMachines:
    return SlowMachines()


@pytest.fixture
def server(machines: SlowMachines) -> Iterator[Server]:
    with Server(machines=machines) as running:
        yield running


def state(ec2: Any, instance: str) -> str:
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_states_follow_the_machine(ec2: Any, net: Any, machines: SlowMachines) -> None:
    """Pending until it runs, stopping until it has stopped, shutting-down until it is gone."""
    instance = net.launch(net.eni())
    assert state(ec2, instance) == "pending"
    machines.states[instance] = "running"
    assert state(ec2, instance) == "running"
    ec2.stop_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "stopping"
    machines.states[instance] = "stopped"
    assert state(ec2, instance) == "stopped"
    ec2.start_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "pending"
    assert machines.seen[-1].instances[0].boots == 2
    machines.states[instance] = "running"
    ec2.reboot_instances(InstanceIds=[instance])
    assert machines.seen[-1].instances[0].boots == 3
    ec2.terminate_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "shutting-down"
    assert machines.seen[-1].instances[0].state == "terminated"
    machines.states[instance] = "terminated"
    assert state(ec2, instance) == "terminated"
    assert machines.seen[-1].instances == ()


def test_a_machine_shut_down_from_the_inside_is_stopped(ec2: Any, net: Any, machines: SlowMachines) -> None:
    """And can be started again."""
    instance = net.launch(net.eni())
    machines.states[instance] = "stopped"
    assert state(ec2, instance) == "pending"
    machines.states[instance] = "running"
    assert state(ec2, instance) == "running"
    machines.states[instance] = "stopped"
    assert state(ec2, instance) == "stopped"
    ec2.start_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "pending"
    assert machines.seen[-1].instances[0].boots == 2


def test_a_terminated_instance_is_shown_for_a_while(
    ec2: Any, net: Any, machines: SlowMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then its id is unknown."""
    instance = net.launch(net.eni())
    machines.states[instance] = "terminated"
    ec2.terminate_instances(InstanceIds=[instance])
    assert state(ec2, instance) == "terminated"
    monkeypatch.setattr("vpclab.ec2.instances.TERMINATED_SECONDS", -1)
    assert ec2.describe_instances()["Reservations"] == []


def test_the_source_destination_check_is_its_interfaces(ec2: Any, net: Any) -> None:
    """Switched at the instance, seen at the interface."""
    eni = net.eni()
    instance = net.launch(eni)
    ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
    assert net.shown(eni)["SourceDestCheck"] is False


def test_a_premade_interface_survives_and_another_goes(ec2: Any, net: Any, machines: SlowMachines) -> None:
    """In use until the machine is gone; then available, or deleted when the launch made it."""
    premade = net.eni(":a")
    first = net.launch(premade)
    answer = ec2.run_instances(
        ImageId=net.image,
        InstanceType="t3.medium",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": net.subnet,
                "Groups": [net.group],
                "Ipv6Addresses": [{"Ipv6Address": "2600:1f18:47b:ca03::b"}],
            }
        ],
    )["Instances"][0]
    assert answer["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"] == "2600:1f18:47b:ca03::b"
    second = answer["InstanceId"]
    machines.states |= {first: "running", second: "running"}
    ec2.terminate_instances(InstanceIds=[first, second])
    assert net.shown(premade)["Status"] == "in-use"
    machines.states |= {first: "terminated", second: "terminated"}
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [(eni["NetworkInterfaceId"], eni["Status"]) for eni in left] == [(premade, "available")]
    assert net.launch(premade) != first


def test_one_client_token_launches_once(ec2: Any, net: Any) -> None:
    """A repeated launch answers with the same instance."""
    eni = net.eni()
    first = net.launch(eni, ClientToken="token")
    assert net.launch(eni, ClientToken="token") == first


def test_console_output_is_the_machines_last_64_kib(ec2: Any, net: Any) -> None:
    """With and without Latest."""
    instance = net.launch(net.eni())
    output = ec2.get_console_output(InstanceId=instance, Latest=True)["Output"]
    assert output.endswith(f"console of {instance}\n")
    assert len(output) == 64 * 1024


def test_the_snapshot_tells_how_to_boot(ec2: Any, net: Any, machines: SlowMachines) -> None:
    """Suite, key, user data, metadata options and tags are the launch's."""
    net.launch(
        net.eni(),
        KeyName="fleet",
        UserData="#cloud-config\n",
        MetadataOptions={"HttpTokens": "required", "HttpProtocolIpv6": "enabled", "HttpPutResponseHopLimit": 2},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "instance-1"}]}],
    )
    (told,) = machines.seen[-1].instances
    assert (told.name, told.image, told.type) == ("instance-1", "trixie", "t3.medium")
    assert told.key is not None
    assert told.key.startswith("ssh-ed25519 ")
    assert told.user_data == b"#cloud-config\n"
    assert (told.http_tokens, told.hop_limit, told.imds_ipv6) == ("required", 2, True)


def test_metadata_options_change_one_at_a_time(ec2: Any, net: Any) -> None:
    """What a modification does not name stays as it was."""
    instance = net.launch(net.eni(), MetadataOptions={"HttpTokens": "required"})
    ec2.modify_instance_metadata_options(InstanceId=instance, HttpProtocolIpv6="enabled")
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["MetadataOptions"]
    assert (shown["HttpTokens"], shown["HttpProtocolIpv6"]) == ("required", "enabled")


def test_filters_and_pages(ec2: Any, net: Any) -> None:
    """Describe finds by interface, group, tag and state, in pages."""
    enis = [net.eni(Groups=[net.group]) for _ in range(7)]
    instances = [net.launch(eni) for eni in enis]
    for name, value in [
        ("network-interface.network-interface-id", enis[3]),
        ("network-interface.addresses.private-ip-address", net.shown(enis[3])["PrivateIpAddress"]),
    ]:
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert [item["Instances"][0]["InstanceId"] for item in found] == [instances[3]]
    filters = [
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
        {"Name": "instance.group-id", "Values": [net.group]},
    ]
    pages = list(ec2.get_paginator("describe_instances").paginate(Filters=filters, PaginationConfig={"PageSize": 5}))
    assert [len(page["Reservations"]) for page in pages] == [5, 2]


def test_user_data_comes_back(ec2: Any, net: Any) -> None:
    """DescribeInstanceAttribute gives what the launch gave."""
    instance = net.launch(net.eni(), UserData="#cloud-config\n")
    shown = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(shown) == b"#cloud-config\n"


@pytest.mark.parametrize(
    ("kind", "addresses", "interfaces"),
    [("t3.micro", 2, 2), ("t3.medium", 6, 3), ("r5d.large", 10, 3), ("m6i.4xlarge", 30, 8)],
)
def test_limits_of_types(ec2: Any, kind: str, addresses: int, interfaces: int) -> None:
    """As EC2 gives them."""
    shown = ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"][0]["NetworkInfo"]
    assert (shown["Ipv6AddressesPerInterface"], shown["MaximumNetworkInterfaces"]) == (addresses, interfaces)


def test_types_come_in_pages_unasked(ec2: Any) -> None:
    """Whoever reads only the first page misses most types."""
    first = ec2.describe_instance_types()
    assert len(first["InstanceTypes"]) == 100
    assert first["NextToken"]
