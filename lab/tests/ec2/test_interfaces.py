# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network interfaces through boto3: what is asked for is there, once, and shown as EC2 shows it."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server

SUBNET = "2600:1f18:47b:ca03"


def test_host_address_and_prefix_take_two_calls(ec2: Any, net: Any) -> None:
    """Create with the address, assign the /80: the answers name what is new, the describe both."""
    eni = net.eni(":1:1", Groups=[net.group], Description="fleet/instance-1")
    answer = ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Prefixes=[f"{SUBNET}:1::/80"])
    assert answer["AssignedIpv6Prefixes"] == [f"{SUBNET}:1::/80"]
    assert answer["AssignedIpv6Addresses"] == []
    shown = net.shown(eni)
    assert shown["Ipv6Addresses"] == [{"Ipv6Address": f"{SUBNET}::1:1", "IsPrimaryIpv6": False}]
    assert shown["Ipv6Prefixes"] == [{"Ipv6Prefix": f"{SUBNET}:1::/80"}]
    assert shown["Groups"] == [{"GroupId": net.group, "GroupName": "fleet"}]
    assert shown["Status"] == "available"


def test_create_may_answer_pending(ec2: Any, net: Any) -> None:
    """As EC2's answer does; the describe says available."""
    made = ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]
    assert made["Status"] == "pending"
    assert net.shown(made["NetworkInterfaceId"])["Status"] == "available"


def test_unassign_gives_addresses_and_prefixes_back(ec2: Any, net: Any) -> None:
    """What one interface gives up, another may take."""
    eni = net.eni(":a", ":b")
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Prefixes=[f"{SUBNET}:1::/80"])
    answer = ec2.unassign_ipv6_addresses(
        NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::a"], Ipv6Prefixes=[f"{SUBNET}:1::/80"]
    )
    assert answer["UnassignedIpv6Addresses"] == [f"{SUBNET}::a"]
    assert answer["UnassignedIpv6Prefixes"] == [f"{SUBNET}:1::/80"]
    other = net.eni(":a", "1::a")
    assert {item["Ipv6Address"] for item in net.shown(other)["Ipv6Addresses"]} == {f"{SUBNET}::a", f"{SUBNET}:1::a"}


def test_unassign_is_all_or_nothing(ec2: Any, net: Any) -> None:
    """One address of another interface among the own ones: all are kept. An address named twice is taken once."""
    eni = net.eni(":a", ":b")
    net.eni(":c")
    with pytest.raises(ClientError, match="Some of the specified addresses are not assigned to interface"):
        ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::a", f"{SUBNET}::c"])
    assert len(net.shown(eni)["Ipv6Addresses"]) == 2
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::a", f"{SUBNET}:0:0:0:a"])
    assert [item["Ipv6Address"] for item in net.shown(eni)["Ipv6Addresses"]] == [f"{SUBNET}::b"]


def test_a_second_interface_comes_and_goes(ec2: Any, net: Any) -> None:
    """Attached at a free index, shown by both, detached again with all that it holds, and free for another."""
    first, second = net.eni(":a"), net.eni(":b")
    instance = net.launch(first)
    attached = ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=instance, DeviceIndex=2)
    shown = net.shown(second)
    assert (shown["Status"], shown["Attachment"]["DeviceIndex"]) == ("in-use", 2)
    described = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert [nic["NetworkInterfaceId"] for nic in described["NetworkInterfaces"]] == [first, second]
    ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
    shown = net.shown(second)
    assert (shown["Status"], "Attachment" in shown) == ("available", False)
    assert [item["Ipv6Address"] for item in shown["Ipv6Addresses"]] == [f"{SUBNET}::b"]
    assert net.launch(second)


def test_deleting_frees_everything(ec2: Any, net: Any) -> None:
    """The same addresses can be had again, IPv4 too."""
    for _ in range(2):
        eni = net.eni(":a", PrivateIpAddress="10.0.3.10")
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_subnet(SubnetId=net.subnet)


def test_one_client_token_makes_one_interface(ec2: Any, net: Any) -> None:
    """A repeated call answers with the same interface, until it is deleted."""
    first = net.eni(":a", ClientToken="token")
    assert net.eni(":a", ClientToken="token") == first
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
    ec2.delete_network_interface(NetworkInterfaceId=first)
    assert net.eni(":a", ClientToken="token") != first


def test_primary_address(ec2: Any, net: Any) -> None:
    """Enabled at creation or later, it marks the first address."""
    eni = net.eni(":a")
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, EnablePrimaryIpv6=True)
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::b"])
    marks = {item["Ipv6Address"]: item["IsPrimaryIpv6"] for item in net.shown(eni)["Ipv6Addresses"]}
    assert marks == {f"{SUBNET}::a": True, f"{SUBNET}::b": False}


def test_automatic_choice_by_count(ec2: Any, net: Any) -> None:
    """Counts give addresses of the subnet and aligned /80s."""
    shown = net.shown(net.eni(Ipv6AddressCount=3))
    addresses = {IPv6Address(item["Ipv6Address"]) for item in shown["Ipv6Addresses"]}
    assert len(addresses) == 3
    assert all(address in IPv6Network(f"{SUBNET}::/64") for address in addresses)
    (prefix,) = net.shown(net.eni(Ipv6PrefixCount=1))["Ipv6Prefixes"]
    assert IPv6Network(prefix["Ipv6Prefix"]).prefixlen == 80


def test_subnet_may_assign_on_creation(ec2: Any, net: Any) -> None:
    """With the subnet's attribute, an interface that asks for nothing gets one address."""
    ec2.modify_subnet_attribute(SubnetId=net.subnet, AssignIpv6AddressOnCreation={"Value": True})
    assert len(net.shown(net.eni())["Ipv6Addresses"]) == 1
    assert len(net.shown(net.eni(":a"))["Ipv6Addresses"]) == 1


def test_the_order_of_addresses_means_nothing(net: Any) -> None:
    """The first one shown is not the first one asked for, so nobody may rely on it."""
    asked = [f":{number:x}" for number in range(0x10, 0x18)]
    shown = [item["Ipv6Address"] for item in net.shown(net.eni(*asked))["Ipv6Addresses"]]
    assert sorted(shown) == [f"{SUBNET}:{text}" for text in asked]
    assert shown != sorted(shown)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tag:role", "web"),
        ("tag:role", "w*"),
        ("tag-key", "role"),
        ("description", "fleet/*"),
        ("status", "in-use"),
        ("ipv6-addresses.ipv6-address", f"{SUBNET}::a"),
        ("addresses.private-ip-address", "10.0.3.10"),
        ("attachment.instance-id", "INSTANCE"),
        ("attachment.device-index", "0"),
        ("network-interface-id", "ENI"),
        ("group-id", "GROUP"),
        ("subnet-id", "SUBNET"),
        ("vpc-id", "VPC"),
        ("mac-address", "MAC"),
    ],
)
def test_filters(ec2: Any, net: Any, name: str, value: str) -> None:
    """Each filter finds the one interface; with another value it finds none, with two values either will do."""
    tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "role", "Value": "web"}]}]
    eni = net.eni(":a", PrivateIpAddress="10.0.3.10", Groups=[net.group], Description="fleet/1", TagSpecifications=tags)
    known = {"INSTANCE": net.launch(eni), "ENI": eni, "GROUP": net.group, "SUBNET": net.subnet, "VPC": net.vpc}
    wanted = (known | {"MAC": net.shown(eni)["MacAddress"]}).get(value, value)

    def found(*values: str) -> list[str]:
        answer = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": list(values)}])
        return [item["NetworkInterfaceId"] for item in answer["NetworkInterfaces"]]

    assert found(wanted) == [eni]
    assert found("nothing", wanted) == [eni]
    assert found("nothing") == []


def test_pages(ec2: Any, net: Any) -> None:
    """Twelve interfaces in pages of five: each once, though one is deleted between two pages."""
    enis = {net.eni() for _ in range(12)}
    first = ec2.describe_network_interfaces(MaxResults=5)
    seen = [item["NetworkInterfaceId"] for item in first["NetworkInterfaces"]]
    assert len(seen) == 5
    ec2.delete_network_interface(NetworkInterfaceId=seen[-1])
    rest = ec2.get_paginator("describe_network_interfaces").paginate(
        PaginationConfig={"StartingToken": first["NextToken"], "PageSize": 5}
    )
    seen += [item["NetworkInterfaceId"] for page in rest for item in page["NetworkInterfaces"]]
    assert sorted(seen) == sorted(enis)


def test_the_snapshot_tells_what_the_interface_holds(server: Server, ec2: Any, net: Any) -> None:
    """In values, in the order of assignment, with its attachment."""
    eni = net.eni(":1:1", ":a", Groups=[net.group])
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Prefixes=[f"{SUBNET}:1::/80"])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    instance = net.launch(eni)
    (told,) = server.topology().enis
    assert told.addresses == (IPv6Address(f"{SUBNET}::1:1"), IPv6Address(f"{SUBNET}::a"))
    assert told.prefixes == (IPv6Network(f"{SUBNET}:1::/80"),)
    assert (told.instance_id, told.device_index) == (instance, 0)
    assert told.groups == (net.group,)
    assert told.source_dest_check is False
