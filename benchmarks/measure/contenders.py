# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who brings the fleet about: each as the commands of one run, and the files these read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import process
from .endpoint import ACCESS_KEY, IMAGE, REGION, SECRET_KEY, Network
from .lab import INSTANCE_TYPE
from .place import BENCHMARKS, ROOT, VENV

FLEET = "benchmark"
BLOCK, PREFIX = "block", "prefix"

ENI, WHOLE, LOOP, TERRAFORM = "eni alone", "provision.yml", "loop over amazon.aws", "Terraform"


@dataclass(frozen=True)
class Fleet:
    """One fleet to bring about: ``hosts`` of one mode behind an endpoint; ``directory`` is its own, for files."""

    hosts: int
    mode: str
    url: str
    network: Network
    directory: Path


# Makes what a run reads, and returns the command to run and run again.
Contender = Callable[[Fleet], Sequence[str]]


def eni_alone(fleet: Fleet) -> Sequence[str]:
    """The module ``eni`` and nothing else."""
    hosts = [{"name": name, "instance_type": INSTANCE_TYPE, **asked} for name, asked in _hosts(fleet).items()]
    return _play(BENCHMARKS / "eni.yml", "-i", "localhost,", "-e", _variables(fleet, hosts))


def whole(fleet: Fleet) -> Sequence[str]:
    """The collection's own playbook, from an inventory, with a subnet, a group and a key pair that are there."""
    content = {
        "all": {
            "hosts": {"localhost": {"ansible_connection": "local"}},
            "vars": {
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "aws_containers_fleet": FLEET,
                "aws_containers_aws": _connection(fleet),
                "vpc_subnets": [{"name": "a", "id": fleet.network.subnet_id}],
                "vpc_security_group_ids": [fleet.network.group_id],
                "instances_key_name": fleet.network.key_name,
                "instances_image": IMAGE,
                "instances_type": INSTANCE_TYPE,
                "instances_wait_delay": 1,
            },
            "children": {"container_hosts": {"hosts": _hosts(fleet)}},
        }
    }
    inventory = _write(fleet, "hosts.json", content)
    return _play(ROOT / "playbooks" / "provision.yml", "-i", inventory)


def loop(fleet: Fleet) -> Sequence[str]:
    """amazon.aws's modules, once a host; without IPv6, which they don't know on interfaces."""
    hosts = [{"name": name, "instance_type": INSTANCE_TYPE} for name in _hosts(fleet)]
    return _play(BENCHMARKS / "loop.yml", "-i", "localhost,", "-e", _variables(fleet, hosts))


def terraform_program() -> str | None:
    """Terraform or OpenTofu, where one is installed."""
    return shutil.which("terraform") or shutil.which("tofu")


def terraform(program: str, plugins: str | None) -> Contender:
    """Terraform; ``plugins`` is a directory with its providers, without one they come from the registry."""

    def contender(fleet: Fleet) -> Sequence[str]:
        shutil.copy(BENCHMARKS / "main.tf", fleet.directory)
        _write(
            fleet,
            "terraform.tfvars.json",
            {
                "endpoint": fleet.url,
                "region": REGION,
                "hosts": fleet.hosts,
                "mode": fleet.mode,
                "subnet_id": fleet.network.subnet_id,
                "subnet_cidr": fleet.network.cidr,
                "security_group_id": fleet.network.group_id,
                "key_name": fleet.network.key_name,
                "image_id": IMAGE,
                "instance_type": INSTANCE_TYPE,
            },
        )
        run([program, "init", "-input=false", *([f"-plugin-dir={plugins}"] if plugins else [])], fleet)
        return [program, "apply", "-input=false", "-auto-approve", "-no-color"]

    return contender


def run(command: Sequence[str], fleet: Fleet) -> str:
    """Run one of the contenders' commands where it belongs; what it printed.

    :raises RunError: its exit status isn't 0.
    """
    directory = ROOT if command[0].startswith(str(VENV)) else fleet.directory
    return process.run(command, directory, _environment())


def _environment() -> Mapping[str, str]:
    kept = process.clean_environment()
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "/")).exists():
        del kept["TF_CLI_CONFIG_FILE"]
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
    }


def _hosts(fleet: Fleet) -> dict[str, dict[str, Any]]:
    asked = {"container_mode": BLOCK, "container_count": 2} if fleet.mode == BLOCK else {"container_mode": PREFIX}
    return {f"host-{index:05}": dict(asked) for index in range(fleet.hosts)}


def _connection(fleet: Fleet) -> dict[str, str]:
    return {"endpoint_url": fleet.url, "region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


def _variables(fleet: Fleet, hosts: Sequence[Mapping[str, Any]]) -> str:
    content = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "endpoint": _connection(fleet),
        "subnet_id": fleet.network.subnet_id,
        "security_group_id": fleet.network.group_id,
        "key_name": fleet.network.key_name,
        "image_id": IMAGE,
        "fleet": hosts,
    }
    return f"@{_write(fleet, 'variables.json', content)}"


def _write(fleet: Fleet, name: str, content: Mapping[str, Any]) -> str:
    path = fleet.directory / name
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return str(path)


def _play(playbook: Path, *arguments: str) -> Sequence[str]:
    return [str(VENV / "bin" / "ansible-playbook"), *arguments, str(playbook)]
