# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real lab with two hosts, for tests that see packets; needs root, and about 30 s once its images are there."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

LAB = f"test-{os.getpid()}"
SUBNET = "2600:1f18:47b:ca03::"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without root these tests can't run; say so rather than fail."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.system)
            if os.geteuid():
                item.add_marker(pytest.mark.skip(reason="boots real hosts in network namespaces: run as root"))


def command(*words: str, lab: str = LAB) -> subprocess.CompletedProcess[str]:
    """Run ``lab``."""
    return subprocess.run(
        [sys.executable, "-m", "vpclab.cli", "--lab", lab, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def until(holds: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something holds and return it; a wait that times out says what was last seen."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        last = holds()
        if last:
            return last
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s, last seen: {last!r}")


@dataclass
class Running:
    """A lab that is up, and its EC2."""

    name: str
    ec2: Any
    vpc: str
    image: str
    subnet: str
    group: str
    instances: dict[str, str] = field(default_factory=dict)
    enis: dict[str, str] = field(default_factory=dict)

    def launch(self, host: str, subnet: str, addresses: list[str], prefixes: list[str], **options: str) -> None:
        """Launch a host in a subnet, with these addresses and prefixes."""
        eni = self.ec2.create_network_interface(
            SubnetId=subnet, Groups=[self.group], Ipv6Addresses=[{"Ipv6Address": one} for one in addresses]
        )["NetworkInterface"]["NetworkInterfaceId"]
        if prefixes:
            self.ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Prefixes=prefixes)
        instance = self.ec2.run_instances(
            ImageId=self.image,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.medium",
            KeyName="lab",
            NetworkInterfaces=[{"NetworkInterfaceId": eni, "DeviceIndex": 0}],
            MetadataOptions={"HttpTokens": "required", **options},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": host}]}],
        )["Instances"][0]["InstanceId"]
        self.enis[host], self.instances[host] = eni, instance

    def booted(self, host: str) -> None:
        """Wait until a host shows the end of its first boot."""
        until(lambda: "END SSH HOST KEY KEYS" in self.console(host), f"{host}: host keys on its console")

    def ssh(self, host: str, script: str, check: bool = True) -> str:
        """What a shell on a host prints."""
        done = command("ssh", host, "--", script, lab=self.name)
        if check and done.returncode:
            raise AssertionError(f"{host}: {script}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def status(self, host: str) -> dict[str, Any]:
        """What the lab says of a host."""
        hosts = json.loads(command("status", "--json", lab=self.name).stdout)["hosts"]
        return next(one for one in hosts if host in (one["id"], one["name"]))

    def state(self, host: str) -> str:
        """What EC2 says of an instance's state."""
        found = self.ec2.describe_instances(InstanceIds=[self.instances[host]])
        return found["Reservations"][0]["Instances"][0]["State"]["Name"]

    def console(self, host: str) -> str:
        """GetConsoleOutput, decoded."""
        said = self.ec2.get_console_output(InstanceId=self.instances[host], Latest=True).get("Output", "")
        try:
            return base64.b64decode(said, validate=True).decode()
        except ValueError:
            return said


@pytest.fixture(scope="session")
def lab() -> Iterator[Running]:
    """A lab with the tutorial's subnet and two trixie hosts: ``one`` with a block, ``two`` with a /80."""
    up = command("up", "--image", "trixie")
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        yield _populate()
    finally:
        down = command("down")
        assert down.returncode == 0, down.stdout + down.stderr


def _populate() -> Running:
    run = Path("/run/vpclab") / LAB
    session = {
        "endpoint_url": (run / "endpoint").read_text().strip(),
        "region_name": "us-east-1",
        "aws_access_key_id": "lab",
        "aws_secret_access_key": "lab",
    }
    ec2, ssm = boto3.client("ec2", **session), boto3.client("ssm", **session)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.3.0/24", Ipv6CidrBlock=f"{SUBNET}/64")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="lab", Description="lab", VpcId=vpc)["GroupId"]
    itself = {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[itself, tcp(22)])
    ec2.import_key_pair(KeyName="lab", PublicKeyMaterial=(run / "id_ed25519.pub").read_bytes())
    image = ssm.get_parameter(Name="/aws/service/debian/release/13/latest/amd64")["Parameter"]["Value"]
    made = Running(LAB, ec2, vpc, image, subnet, group)
    made.launch("one", subnet, [SUBNET + one for one in ("1:1", "8", "9")], [])
    made.launch("two", subnet, [SUBNET + "2:2"], ["2600:1f18:47b:ca03:5::/80"])
    for host in made.instances:
        made.booted(host)
    return made


def tcp(port: int) -> dict[str, Any]:
    """A permission: one TCP port, from everywhere over IPv6."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def container(lab, host: str, address: str, gateway: str) -> None:
    """A namespace on a host behind a link of its own, as a container is: the host forwards, and answers for nothing."""
    lab.ssh(
        host,
        "sudo sh -ec '"
        "ip netns add c; ip link add v0 type veth peer name eth0 netns c; ip link set v0 up;"
        f"ip addr add {gateway}/126 dev v0 nodad;"
        f"ip -n c addr add {address}/126 dev eth0 nodad; ip -n c link set eth0 up; ip -n c link set lo up;"
        f"ip -n c route add default via {gateway}; sysctl -qw net.ipv6.conf.all.forwarding=1'",
    )


def taken_away(lab, host: str) -> None:
    """Take it away again. The link by name: a connection that is still closing keeps the namespace, and so its end."""
    lab.ssh(host, "sudo ip link del v0; sudo ip netns del c")


def ping(lab, host: str, target: str, source: str = "", inside: bool = True) -> str:
    where = "ip netns exec c " if inside else ""
    return lab.ssh(host, f"sudo {where}ping -n -c2 -i0.2 -W1 {f'-I {source}' if source else ''} {target}", check=False)
