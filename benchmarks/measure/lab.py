# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of the benchmarks' own with real hosts: up, filled by the collection's own playbook, and away again.

Standard library alone: what it has is asked for before there is more.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import process
from .place import BENCHMARKS, ROOT, VENV

NAME = os.environ.get("LAB_NAME") or "benchmark"
CALLBACK = "touched"
# The hosts' images by release, and the containers' one.
IMAGES = {"bookworm": "debian-12-lab", "trixie": "debian-13-lab", "forky": "debian-14-lab"}
WEB = "registry.lab.test/demo/web:1"
# The smallest type whose interface takes the five addresses of a host with a /126, and a prefix.
INSTANCE_TYPE = "t3.medium"


@dataclass(frozen=True)
class Machine:
    """A host that runs: ``pid`` is its init's, as this machine numbers it, ``block`` its containers' prefix."""

    name: str
    instance_id: str
    pid: int
    address: ipaddress.IPv6Address
    block: ipaddress.IPv6Network
    host_key: str


def as_root(*command: str) -> list[str]:
    """The command, by sudo where this isn't root."""
    return [*([] if os.geteuid() == 0 else ["sudo", "--preserve-env=LAB_NAME"]), *command]


class Lab:
    """The lab LAB_NAME (benchmark); one that was up before is used, and left up.

    ``directory`` is for the files of the run. It goes, too.
    """

    def __init__(self) -> None:
        self._mine = False

    def __enter__(self) -> Lab:
        self.directory = Path(tempfile.mkdtemp(prefix="benchmark-"))
        try:
            if not Path("/run/vpclab", NAME, "endpoint").exists():
                self._mine = True
                self._lab("up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._mine:
            self._lab("down")
        shutil.rmtree(self.directory)

    def inventory(
        self, name: str, hosts: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any] | None = None
    ) -> Path:
        """An inventory of the lab with these ``container_hosts``, with the connection of the demonstration's.

        ``variables`` come after the demonstration's own.
        """
        folder = self.directory / name
        common = folder / "group_vars" / "all"
        common.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "inventory" / "lab" / "group_vars" / "all.yml", common / "1.yml")
        (common / "2.json").write_text(json.dumps(variables or {}), encoding="utf-8")
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        content = {"all": {"hosts": {"localhost": local}, "children": {"container_hosts": {"hosts": hosts}}}}
        (folder / "hosts.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        return folder

    def play(self, inventory: Path, playbook: Path) -> dict[str, Any]:
        """Run a playbook; what the callback ``touched`` wrote.

        :raises RunError: it failed.
        """
        said = self.directory / "touched.json"
        said.unlink(missing_ok=True)
        environment = {
            **process.clean_environment(),
            "LAB_NAME": NAME,
            "ANSIBLE_CALLBACK_PLUGINS": str(BENCHMARKS / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": CALLBACK,
            "TOUCHED_FILE": str(said),
        }
        process.run([str(VENV / "bin" / "ansible-playbook"), "-i", str(inventory), str(playbook)], ROOT, environment)
        return json.loads(said.read_text(encoding="utf-8"))

    def machines(self) -> dict[str, Machine]:
        """The instances that run, by name."""
        status = json.loads(self._lab("status", "--json"))
        return {
            host["name"]: machine_of(host)
            for host in status["hosts"]
            if host["id"] != "internet" and host["state"] == "running"
        }

    def known_hosts(self, machines: Mapping[str, Machine]) -> Path:
        """A file with the machines' ssh host keys, each by its instance's id."""
        path = self.directory / "known_hosts"
        path.write_text(
            "".join(f"{each.instance_id} {each.host_key}\n" for each in machines.values()), encoding="utf-8"
        )
        return path

    def _lab(self, *arguments: str) -> str:
        command = as_root(str(VENV / "bin" / "lab"), "--lab", NAME, *arguments)
        return process.run(command, ROOT, {**process.clean_environment(), "LAB_NAME": NAME})


def machine_of(host: Mapping[str, Any]) -> Machine:
    """A host out of `lab status --json`: an address of its own, and a /80 or all addresses of a block."""
    address, block = split(host["addresses"])
    key = " ".join(host["host_key"].split()[:2])
    return Machine(host["name"], host["id"], host["pid"], address, block, key)


def split(addresses: Sequence[str]) -> tuple[ipaddress.IPv6Address, ipaddress.IPv6Network]:
    """The host's address and the containers' prefix, of an interface's addresses and prefixes."""
    prefixes = [ipaddress.IPv6Network(text) for text in addresses if "/" in text]
    single = [ipaddress.IPv6Address(text) for text in addresses if "/" not in text]
    if not prefixes:
        runs = ipaddress.collapse_addresses(map(ipaddress.IPv6Network, single))
        prefixes = [run for run in runs if run.prefixlen < run.max_prefixlen]
    if len(prefixes) != 1:
        raise ValueError(f"addresses: must be a host's and one prefix of its containers, got {list(addresses)}")
    own = [address for address in single if address not in prefixes[0]]
    if len(own) != 1:
        raise ValueError(f"addresses: must have one outside of {prefixes[0]}, got {list(addresses)}")
    return own[0], prefixes[0]
