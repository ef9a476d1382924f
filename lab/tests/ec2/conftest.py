# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fresh endpoint per test, the how-to's subnet in it, and a client that retries nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from vpclab.ec2 import Server

REGION = "us-east-1"
CREDENTIALS = {"aws_access_key_id": "AKIDLAB0000000000000", "aws_secret_access_key": "lab-secret-access-key"}
KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqD5lV3CFdwQ0k4m0kJv3u8nVxYtXv6Jq2pQnVgLr2f lab"


def client(url: str, service: str = "ec2", region: str = REGION) -> Any:
    """A client of the endpoint."""
    return boto3.client(
        service, endpoint_url=url, region_name=region, config=Config(retries={"max_attempts": 0}), **CREDENTIALS
    )


@pytest.fixture
def server() -> Iterator[Server]:
    """An endpoint without hosts."""
    with Server() as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Callable[..., Any]:
    """Makes clients of any service and region, of this endpoint or another."""
    return lambda service="ec2", region=REGION, url=server.url: client(url, service, region)


@pytest.fixture
def ec2(server: Server) -> Any:
    """A client of it."""
    return client(server.url)


@dataclass(frozen=True)
class Net:
    """A VPC with the how-to's subnet, a group of its own and a key pair, and short ways to fill it."""

    ec2: Any
    vpc: str
    subnet: str
    group: str
    image: str = "ami-0deb0000000000013"

    def eni(self, *addresses: str, **more: Any) -> str:
        """An interface in the subnet; addresses are what follows ``2600:1f18:47b:ca03:``."""
        texts = [{"Ipv6Address": f"2600:1f18:47b:ca03:{address}"} for address in addresses]
        more |= {"Ipv6Addresses": texts} if texts else {}
        answer = self.ec2.create_network_interface(SubnetId=self.subnet, **more)
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    def launch(self, eni: str, instance_type: str = "t3.medium", **more: Any) -> str:
        """An instance with this interface as device 0."""
        nics = [{"DeviceIndex": 0, "NetworkInterfaceId": eni}]
        answer = self.ec2.run_instances(
            ImageId=self.image, InstanceType=instance_type, MinCount=1, MaxCount=1, NetworkInterfaces=nics, **more
        )
        return answer["Instances"][0]["InstanceId"]

    def shown(self, eni: str) -> dict[str, Any]:
        """The interface as a describe shows it."""
        return self.ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]


@pytest.fixture
def net(ec2: Any) -> Net:
    """The how-to's network."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.3.0/24", Ipv6CidrBlock="2600:1f18:47b:ca03::/64", AvailabilityZone="us-east-1a"
    )["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="fleet", Description="fleet", VpcId=vpc)["GroupId"]
    ec2.import_key_pair(KeyName="fleet", PublicKeyMaterial=KEY)
    return Net(ec2, vpc, subnet, group)
