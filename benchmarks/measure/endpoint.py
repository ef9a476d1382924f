# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's EC2 endpoint without hosts: as a process of its own, and what a benchmark wants of it.

``python -m measure.endpoint`` serves until it is terminated, and prints its URL first.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import boto3
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import FLEET

from .place import BENCHMARKS, ROOT

REGION = "us-east-1"
ACCESS_KEY = "benchmark-access-key"
SECRET_KEY = "benchmark-secret-key"
IMAGE = "ami-0deb0000000000013"

_START_SECONDS = 60


@dataclass(frozen=True)
class Network:
    """What is there before a fleet: ids, and the subnet's IPv6 network as text."""

    subnet_id: str
    group_id: str
    key_name: str
    cidr: str


class Endpoint:
    """The endpoint's process. A context manager: it ends with the block, whatever happens in it."""

    def __init__(self) -> None:
        path = os.pathsep.join((str(BENCHMARKS), str(ROOT / "lab" / "src"), str(ROOT / "collections")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Endpoint:
        assert self._process.stdout is not None
        try:
            self.url = self._process.stdout.readline().strip()
        except BaseException:  # the block that would end it has not begun
            self._end()
            raise
        if not self.url:
            raise RuntimeError(f"the endpoint did not start: exit status {self._process.wait(_START_SECONDS)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def forget_calls(self) -> None:
        """Begin to count calls anew."""
        self._lab("POST", "calls/reset")

    def calls(self) -> dict[str, int]:
        """Calls by EC2's name since then."""
        return self._lab("GET", "calls")

    def client(self) -> Any:
        """A boto3 client of it."""
        return boto3.client(
            "ec2",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def prepare(self) -> Network:
        """A VPC with a subnet, a security group and a key pair: what a fleet finds there."""
        ec2 = self.client()
        vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        block = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
        cidr = block.replace("/56", "/64")
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.0.0/20", Ipv6CidrBlock=cidr)["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="fleet", Description="fleet", VpcId=vpc)["GroupId"]
        key = ec2.create_key_pair(KeyName="fleet")["KeyName"]
        return Network(subnet, group, key, cidr)

    def fleet_size(self, fleet: str) -> tuple[int, int]:
        """How many ENIs and running instances carry the fleet's tag."""
        ec2 = self.client()
        tagged = [{"Name": f"tag:{FLEET}", "Values": [fleet]}]
        running = [*tagged, {"Name": "instance-state-name", "Values": ["running"]}]
        enis = ec2.get_paginator("describe_network_interfaces").paginate(Filters=tagged)
        found = ec2.get_paginator("describe_instances").paginate(Filters=running)
        return (
            sum(len(page["NetworkInterfaces"]) for page in enis),
            sum(len(entry["Instances"]) for page in found for entry in page["Reservations"]),
        )

    def _lab(self, method: str, route: str) -> dict[str, int]:
        request = urllib.request.Request(f"{self.url}/_lab/{route}", method=method)
        with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
            return json.load(answer)


def console(instance_id: str) -> str:
    """What cloud-init prints on a console: an ed25519 host key, another for every instance."""
    key = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + hashlib.sha256(instance_id.encode()).digest()).decode()
    return f"-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 {key} root@host\n-----END SSH HOST KEY KEYS-----\n"


def main() -> None:
    """Serve until terminated."""
    from vpclab.ec2.endpoint import NullMachines
    from vpclab.ec2.server import Server

    class Printing(NullMachines):
        """Machines that run at once and have printed their keys."""

        def console_output(self, instance_id: str) -> str:
            """The key, at once."""
            return console(instance_id)

    server = Server(machines=Printing())
    print(server.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main()
