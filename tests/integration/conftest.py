# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab, as an operator and as EC2 see it. `script/test integration` brings it up and takes it down."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import yaml

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


@pytest.fixture
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


@pytest.fixture
def inventory(tmp_path: pathlib.Path) -> Callable[..., str]:
    """Writes an inventory with the lab's connection and the given hosts and variables; returns its path."""
    lab = yaml.safe_load((ROOT / "inventory/lab/group_vars/all.yml").read_text())

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
