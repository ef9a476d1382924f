# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 refuses of interfaces and instances, the lab refuses with EC2's code; a refused call changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpclab.ec2 import Server

SUBNET = "2600:1f18:47b:ca03"
Case = Callable[[Any, Any], Any]


def create(**params: Any) -> Case:
    """CreateNetworkInterface in the subnet."""
    return lambda ec2, net: ec2.create_network_interface(SubnetId=net.subnet, **params)


def addresses(*texts: str) -> Case:
    """CreateNetworkInterface with these addresses."""
    return create(Ipv6Addresses=[{"Ipv6Address": text} for text in texts])


def prefixes(*texts: str) -> Case:
    """CreateNetworkInterface with these prefixes."""
    return create(Ipv6Prefixes=[{"Ipv6Prefix": text} for text in texts])


def then(first: Case, second: Case) -> Case:
    """One call that goes through, and the one that is refused."""

    def run(ec2: Any, net: Any) -> None:
        first(ec2, net)
        second(ec2, net)

    return run


def subnet(**params: Any) -> Case:
    """CreateSubnet in the VPC."""
    return lambda ec2, net: ec2.create_subnet(VpcId=net.vpc, **params)


def assign(instance_type: str | None, held: int, **params: Any) -> Case:
    """AssignIpv6Addresses to an interface with ``held`` addresses, attached to such an instance."""

    def run(ec2: Any, net: Any) -> None:
        eni = net.eni(**({"Ipv6AddressCount": held} if held else {}))
        if instance_type:
            net.launch(eni, instance_type)
        ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, **params)

    return run


def launched(instance_type: str, **params: Any) -> Case:
    """RunInstances with an interface made just so."""

    def run(ec2: Any, net: Any) -> None:
        eni = net.eni(**{key: value for key, value in params.items() if key != "KeyName"})
        net.launch(eni, instance_type, **({"KeyName": params["KeyName"]} if "KeyName" in params else {}))

    return run


def launch_with_both(ec2: Any, net: Any) -> None:
    spec = {"DeviceIndex": 0, "SubnetId": net.subnet, "Ipv6AddressCount": 1}
    spec["Ipv6Addresses"] = [{"Ipv6Address": f"{SUBNET}::a"}]
    ec2.run_instances(ImageId=net.image, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[spec])


def second_launch(ec2: Any, net: Any) -> None:
    eni = net.eni()
    net.launch(eni)
    net.launch(eni)


def attach(index: int, **params: Any) -> Case:
    def run(ec2: Any, net: Any) -> None:
        instance = net.launch(net.eni(), params.get("type", "t3.micro"))
        for number in range(1, params.get("others", 0) + 1):
            ec2.attach_network_interface(NetworkInterfaceId=net.eni(), InstanceId=instance, DeviceIndex=number)
        ec2.attach_network_interface(NetworkInterfaceId=net.eni(), InstanceId=instance, DeviceIndex=index)

    return run


def attach_in_use(ec2: Any, net: Any) -> None:
    eni = net.eni()
    net.launch(eni)
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=net.launch(net.eni()), DeviceIndex=1)


def attach_in_other_zone(ec2: Any, net: Any) -> None:
    other = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.4.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    eni = ec2.create_network_interface(SubnetId=other["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    instance = net.launch(net.eni())
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)


def launch_in_other_zone(ec2: Any, net: Any) -> None:
    net.launch(net.eni(), Placement={"AvailabilityZone": "us-east-1b"})


def group_of_other_vpc(ec2: Any, net: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    ec2.create_network_interface(SubnetId=net.subnet, Groups=[group])


def delete_attached(ec2: Any, net: Any) -> None:
    eni = net.eni()
    net.launch(eni)
    ec2.delete_network_interface(NetworkInterfaceId=eni)


def detach_first(ec2: Any, net: Any) -> None:
    eni = net.eni()
    net.launch(eni)
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    ec2.detach_network_interface(AttachmentId=shown["Attachment"]["AttachmentId"])


def token_with_other_parameters(ec2: Any, net: Any) -> None:
    net.eni(":1:1", ClientToken="one")
    net.eni(":1:2", ClientToken="one")


def tags(kind: str, *keys: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": "x"} for key in keys]}]


def token_with_other_tags(ec2: Any, net: Any) -> None:
    net.eni(ClientToken="one", TagSpecifications=tags("network-interface", "a"))
    net.eni(ClientToken="one", TagSpecifications=tags("network-interface", "b"))


def launch_token_with_other_parameters(ec2: Any, net: Any) -> None:
    eni = net.eni()
    net.launch(eni, ClientToken="one")
    net.launch(eni, "t3.large", ClientToken="one")


def assign_twice(ec2: Any, net: Any) -> None:
    eni = net.eni()
    for _ in range(2):
        ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::a"])


def unassign_of_another(ec2: Any, net: Any) -> None:
    net.eni(":a")
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=net.eni(), Ipv6Addresses=[f"{SUBNET}::a"])


def unassign_primary(ec2: Any, net: Any) -> None:
    eni = net.eni(":a", EnablePrimaryIpv6=True)
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{SUBNET}::a"])


def undo_primary(ec2: Any, net: Any) -> None:
    eni = net.eni(":a", EnablePrimaryIpv6=True)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, EnablePrimaryIpv6=False)


def prefix_beside_primary(ec2: Any, net: Any) -> None:
    eni = net.eni(":a", EnablePrimaryIpv6=True)
    ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Prefixes=[f"{SUBNET}:1::/80"])


def console_of_old_type(ec2: Any, net: Any) -> None:
    ec2.get_console_output(InstanceId=net.launch(net.eni(), "m4.large"), Latest=True)


WRONG = "InvalidParameterValue"
REFUSALS: dict[str, tuple[Case, str]] = {
    "address in use": (then(addresses(f"{SUBNET}::a"), addresses(f"{SUBNET}::a")), "InvalidIPAddress.InUse"),
    "the same address twice": (addresses(f"{SUBNET}::a", f"{SUBNET}:0:0:0:a"), WRONG),
    "first reserved address": (addresses(f"{SUBNET}::"), WRONG),
    "fourth reserved address": (addresses(f"{SUBNET}::3"), WRONG),
    "last address": (addresses(f"{SUBNET}:ffff:ffff:ffff:ffff"), WRONG),
    "outside the subnet": (addresses("2600:1f18:47b:ca04::a"), WRONG),
    "malformed address": (addresses("2600:1f18:47b:ca03::g"), WRONG),
    "IPv4 for IPv6": (addresses("10.0.3.10"), WRONG),
    "IPv4 in use": (
        then(create(PrivateIpAddress="10.0.3.9"), create(PrivateIpAddress="10.0.3.9")),
        "InvalidIPAddress.InUse",
    ),
    "IPv4 reserved": (create(PrivateIpAddress="10.0.3.3"), WRONG),
    "addresses and a count": (create(Ipv6Addresses=[{"Ipv6Address": f"{SUBNET}::a"}], Ipv6AddressCount=1), WRONG),
    "addresses and prefixes": (
        create(Ipv6Addresses=[{"Ipv6Address": f"{SUBNET}::a"}], Ipv6Prefixes=[{"Ipv6Prefix": f"{SUBNET}:1::/80"}]),
        WRONG,
    ),
    "a count and a prefix count": (create(Ipv6AddressCount=1, Ipv6PrefixCount=1), WRONG),
    "a /64 as a prefix": (prefixes(f"{SUBNET}::/64"), WRONG),
    "a /124 as a prefix": (prefixes(f"{SUBNET}:1::/124"), WRONG),
    "a prefix with host bits": (prefixes(f"{SUBNET}:1::1/80"), WRONG),
    "a prefix on reserved addresses": (prefixes(f"{SUBNET}::/80"), WRONG),
    "a prefix in use": (then(prefixes(f"{SUBNET}:1::/80"), prefixes(f"{SUBNET}:1::/80")), WRONG),
    "a prefix around an address": (then(addresses(f"{SUBNET}:1::a"), prefixes(f"{SUBNET}:1::/80")), WRONG),
    "an address in a prefix": (then(prefixes(f"{SUBNET}:1::/80"), addresses(f"{SUBNET}:1::a")), WRONG),
    "primary with prefixes": (create(EnablePrimaryIpv6=True, Ipv6PrefixCount=1), WRONG),
    "primary without an address": (create(EnablePrimaryIpv6=True), WRONG),
    "undo primary": (undo_primary, WRONG),
    "unassign primary": (unassign_primary, WRONG),
    "prefix beside primary": (prefix_beside_primary, WRONG),
    "one more than t3.micro": (assign("t3.micro", 2, Ipv6AddressCount=1), "PrivateIpAddressLimitExceeded"),
    "one more than t3.medium": (assign("t3.medium", 6, Ipv6AddressCount=1), "PrivateIpAddressLimitExceeded"),
    "one more than r5d.large": (assign("r5d.large", 10, Ipv6AddressCount=1), "PrivateIpAddressLimitExceeded"),
    "one more than m6i.4xlarge": (assign("m6i.4xlarge", 30, Ipv6AddressCount=1), "PrivateIpAddressLimitExceeded"),
    "a prefix counts as one": (assign("t3.micro", 2, Ipv6PrefixCount=1), "PrivateIpAddressLimitExceeded"),
    "launch over the limit": (launched("t3.micro", Ipv6AddressCount=3), "PrivateIpAddressLimitExceeded"),
    "prefix on a type without Nitro": (launched("m4.large", Ipv6PrefixCount=1), WRONG),
    "assign a prefix on a type without Nitro": (assign("m4.large", 1, Ipv6PrefixCount=1), WRONG),
    "assign nothing": (assign(None, 0), "MissingParameter"),
    "assign addresses and a count": (
        assign(None, 0, Ipv6AddressCount=1, Ipv6Addresses=[f"{SUBNET}::a"]),
        "InvalidParameterCombination",
    ),
    "assign what it has": (assign_twice, "InvalidIPAddress.InUse"),
    "unassign what it has not": (unassign_of_another, WRONG),
    "launch with addresses and a count": (launch_with_both, "InvalidParameterCombination"),
    "unknown instance type": (launched("t3.nano2"), WRONG),
    "type of another architecture": (launched("t4g.micro"), WRONG),
    "unknown key pair": (launched("t3.micro", KeyName="nobody"), "InvalidKeyPair.NotFound"),
    "unknown image": (
        lambda ec2, net: ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=net.subnet),
        "InvalidAMIID.NotFound",
    ),
    "launch with an interface in use": (second_launch, "InvalidNetworkInterface.InUse"),
    "launch in another zone": (launch_in_other_zone, "InvalidParameterCombination"),
    "attach an interface in use": (attach_in_use, "InvalidNetworkInterface.InUse"),
    "attach in another zone": (attach_in_other_zone, "InvalidParameterCombination"),
    "attach at an index in use": (attach(0), WRONG),
    "attach one too many": (attach(2, others=1), "AttachmentLimitExceeded"),
    "delete an attached interface": (delete_attached, WRONG),
    "detach the first interface": (detach_first, "OperationNotPermitted"),
    "delete an unknown interface": (
        lambda ec2, net: ec2.delete_network_interface(NetworkInterfaceId="eni-12345678"),
        "InvalidNetworkInterfaceID.NotFound",
    ),
    "unknown subnet": (
        lambda ec2, net: ec2.create_network_interface(SubnetId="subnet-12345678"),
        "InvalidSubnetID.NotFound",
    ),
    "unknown group": (create(Groups=["sg-12345678"]), "InvalidGroup.NotFound"),
    "group of another VPC": (group_of_other_vpc, "InvalidParameter"),
    "six groups": (create(Groups=["sg-1"] * 6), "SecurityGroupsPerInterfaceLimitExceeded"),
    "token with other parameters": (token_with_other_parameters, "IdempotentParameterMismatch"),
    "launch token with other parameters": (launch_token_with_other_parameters, "IdempotentParameterMismatch"),
    "detach an unknown attachment": (
        lambda ec2, net: ec2.detach_network_interface(AttachmentId="eni-attach-12345678"),
        "InvalidAttachmentID.NotFound",
    ),
    "token with other tags": (token_with_other_tags, "IdempotentParameterMismatch"),
    "tags of another resource": (create(TagSpecifications=tags("instance", "a")), WRONG),
    "a tag twice": (create(TagSpecifications=tags("network-interface", "a", "a")), WRONG),
    "unassign a prefix that it has not": (
        lambda ec2, net: ec2.unassign_ipv6_addresses(NetworkInterfaceId=net.eni(), Ipv6Prefixes=[f"{SUBNET}:1::/80"]),
        WRONG,
    ),
    "unassign nothing": (
        lambda ec2, net: ec2.unassign_ipv6_addresses(NetworkInterfaceId=net.eni()),
        "MissingParameter",
    ),
    "IPv6 on a type without it": (launched("m3.medium", Ipv6AddressCount=1), "UnsupportedOperation"),
    "attach at a second index in use": (attach(1, others=1, type="t3.medium"), WRONG),
    "latest console of a type without Nitro": (console_of_old_type, "UnsupportedOperation"),
}


@pytest.mark.parametrize(("case", "code"), REFUSALS.values(), ids=REFUSALS)
def test_refused_with_ec2s_code(ec2: Any, net: Any, case: Case, code: str) -> None:
    """Each of these is refused, and the code is EC2's (or InvalidParameterValue where EC2's is not recorded)."""
    with pytest.raises(ClientError) as refusal:
        case(ec2, net)
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_refused_call_changes_nothing(server: Server, ec2: Any, net: Any) -> None:
    """One bad address among good ones: no interface, no address taken."""
    before = server.topology()
    with pytest.raises(ClientError):
        addresses(f"{SUBNET}::a", f"{SUBNET}::b", f"{SUBNET}::3")(ec2, net)
    assert server.topology() == before
    addresses(f"{SUBNET}::a", f"{SUBNET}::b")(ec2, net)


def test_a_refused_launch_leaves_no_interface(server: Server, ec2: Any, net: Any) -> None:
    """Two interfaces to be made, the second over the limit: neither is left, and no instance."""
    spec = {"SubnetId": net.subnet, "Groups": [net.group]}
    before = server.topology()
    with pytest.raises(ClientError, match="PrivateIpAddressLimitExceeded"):
        ec2.run_instances(
            ImageId=net.image,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, **spec}, {"DeviceIndex": 1, "Ipv6AddressCount": 3, **spec}],
        )
    assert server.topology() == before


def test_what_the_lab_does_not_offer_is_no_silence(ec2: Any, net: Any) -> None:
    """A parameter or filter that the lab would have to ignore is answered with 501, which no client retries."""
    calls: list[Callable[[], Any]] = [
        lambda: ec2.create_network_interface(SubnetId=net.subnet, Ipv4PrefixCount=1),
        lambda: (
            ec2.describe_network_interfaces(Filters=[{"Name": "no-such-filter", "Values": ["x"]}])
            if net.eni()
            else None
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refusal:
            call()
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
