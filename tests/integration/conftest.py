# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab, as an operator and as EC2 see it. `script/test integration` brings it up and takes it down."""

from __future__ import annotations

import ipaddress
import os
import pathlib
import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).parents[2]
RUN = pathlib.Path("/run/vpclab", os.environ.get("LAB_NAME", "default"))


@pytest.fixture(scope="session")
def ec2() -> Any:
    """A client of the lab's EC2 endpoint."""
    endpoint = (RUN / "endpoint").read_text().strip()
    return boto3.client(
        "ec2",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )


@pytest.fixture
def world(ec2: Any) -> Callable[[], dict[str, set[str]]]:
    """Everything in the account that a provisioning run could make or delete, by kind, as ids."""

    def observe() -> dict[str, set[str]]:
        return {
            "vpc": {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]},
            "subnet": {subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]},
            "group": {group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]},
            "gateway": {igw["InternetGatewayId"] for igw in ec2.describe_internet_gateways()["InternetGateways"]},
            "table": {table["RouteTableId"] for table in ec2.describe_route_tables()["RouteTables"]},
            "eni": {eni["NetworkInterfaceId"] for eni in ec2.describe_network_interfaces()["NetworkInterfaces"]},
            "key": {key["KeyPairId"] for key in ec2.describe_key_pairs()["KeyPairs"]},
            "instance": {
                instance["InstanceId"]
                for reservation in ec2.describe_instances()["Reservations"]
                for instance in reservation["Instances"]
                if instance["State"]["Name"] != "terminated"
            },
        }

    return observe


class Play:
    """What one run of ansible-playbook said: its exit status, its output, and per host what changed."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.output = done.stdout
        self.changed = {
            host: int(changed) for host, changed in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.M)
        }


@pytest.fixture(scope="session")
def playbook() -> Callable[..., Play]:
    """Runs ansible-playbook from the clone, as its README does."""

    def run(*arguments: str) -> Play:
        done = subprocess.run(
            ["ansible-playbook", *arguments],
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=540,
            check=False,
        )
        return Play(done)

    return run


class Neighbour:
    """Somebody else in the account: what it makes is there before ours, and has to be there after it, too.

    An address or a prefix is given by its distance from the network's first: ``9`` is ``…::9``.
    """

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2
        self._undo: list[Callable[[], Any]] = []

    def vpc(self, cidr: str) -> tuple[str, ipaddress.IPv6Network]:
        """A VPC and its IPv6 block."""
        vpc = self._ec2.create_vpc(CidrBlock=cidr, AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        self._undo.append(lambda: self._ec2.delete_vpc(VpcId=vpc))
        associated = self._ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
        return vpc, ipaddress.IPv6Network(associated[0]["Ipv6CidrBlock"])

    def subnet(self, cidr: str) -> tuple[str, str, ipaddress.IPv6Network]:
        """A VPC with one subnet: both ids, and the subnet's IPv6 network."""
        vpc, block = self.vpc(cidr)
        network = next(block.subnets(new_prefix=64))
        made = self._ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, Ipv6CidrBlock=str(network))["Subnet"]["SubnetId"]
        self._undo.append(lambda: self._ec2.delete_subnet(SubnetId=made))
        return vpc, made, network

    def group(self, vpc: str) -> str:
        """A security group's id."""
        group = self._ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)["GroupId"]
        self._undo.append(lambda: self._ec2.delete_security_group(GroupId=group))
        return group

    def key(self) -> str:
        """A key pair's name."""
        public = (RUN / "id_ed25519.pub").read_bytes()
        name = self._ec2.import_key_pair(KeyName="theirs", PublicKeyMaterial=public)["KeyName"]
        self._undo.append(lambda: self._ec2.delete_key_pair(KeyName=name))
        return name

    def eni(
        self, subnet: str, network: ipaddress.IPv6Network, values: list[int], tags: dict[str, str] | None = None
    ) -> str:
        """An ENI with these addresses, in no group of anybody's; its id."""
        addresses = [{"Ipv6Address": str(network[value])} for value in values]
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        tagged = {"TagSpecifications": [{"ResourceType": "network-interface", "Tags": listed}]} if listed else {}
        made = self._ec2.create_network_interface(SubnetId=subnet, Ipv6Addresses=addresses, **tagged)
        eni = made["NetworkInterface"]["NetworkInterfaceId"]
        self._undo.append(lambda: self._delete(eni))
        return eni

    def _delete(self, eni: str) -> None:
        mine = [{"Name": "network-interface-id", "Values": [eni]}]
        if self._ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]:  # a sweep may have deleted it
            self._ec2.delete_network_interface(NetworkInterfaceId=eni)

    def reservation(self, subnet: str, network: str) -> str:
        """A range that is reserved; its id."""
        made = self._ec2.create_subnet_cidr_reservation(SubnetId=subnet, Cidr=network, ReservationType="explicit")
        found = made["SubnetCidrReservation"]["SubnetCidrReservationId"]
        self._undo.append(lambda: self._ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=found))
        return found

    def instance(self, eni: str) -> str:
        """A running instance on the ENI; its id."""
        image = self._ec2.describe_images(Filters=[{"Name": "name", "Values": ["debian-13-lab"]}])["Images"][0]
        made = self._ec2.run_instances(
            ImageId=image["ImageId"],
            InstanceType="t3.medium",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[{"NetworkInterfaceId": eni, "DeviceIndex": 0}],
        )["Instances"][0]["InstanceId"]

        def end() -> None:
            self._ec2.terminate_instances(InstanceIds=[made])
            self._ec2.get_waiter("instance_terminated").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})

        self._undo.append(end)
        self._ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig={"Delay": 1})
        return made

    def leave(self) -> None:
        """Take away all that was made, the last first; what can't be taken away keeps nothing else."""
        errors = []
        while self._undo:
            try:
                self._undo.pop()()
            except ClientError as error:
                errors.append(error)
        if errors:
            raise errors[0]


@pytest.fixture
def neighbour(ec2: Any) -> Iterator[Neighbour]:
    """Somebody else, who takes away what is theirs when the test has ended."""
    made = Neighbour(ec2)
    yield made
    made.leave()


@pytest.fixture
def inventory(tmp_path: pathlib.Path) -> Callable[..., str]:
    """Writes an inventory with the lab's connection and the given hosts and variables; returns its path.

    An endpoint alone (`python -m vpclab.ec2`, its URL in the lab's run directory) has no consoles with host keys.
    """
    lab = yaml.safe_load((ROOT / "inventory/lab/group_vars/all.yml").read_text())
    lab["aws_containers_pin_host_keys"] = (RUN / "daemon.log").exists()

    def write(hosts: dict[str, Any], **variables: Any) -> str:
        path = tmp_path / "hosts.yml"
        local = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        content = {
            "all": {
                "vars": lab | variables,
                "hosts": {"localhost": local},
                "children": {"container_hosts": {"hosts": hosts}},
            }
        }
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return str(path)

    return write
