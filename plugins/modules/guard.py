#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module guard: an nftables table that closes containers' undeclared ports where Docker does not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guard
short_description: Close containers' undeclared IPv6 ports by a table of our own
version_added: 0.1.0
description:
  - Brings about the table C(ip6 ipv6_aws_containers), which lets in to the containers' prefixes what containers
    declare, answers, and ICMPv6 that IPv6 needs, and counts and drops the rest; all is let out.
  - A unit of its own loads it before C(docker.service), which does not start without it. The table is replaced in one
    transaction, when its files change or when what the kernel has is not what was loaded.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description: V(absent) removes table, unit and files.
    type: str
    choices: [present, absent]
    default: present
  prefixes:
    description: The containers' prefixes. With O(bridges), brings the table about; without it, the table is as it is.
    type: list
    elements: str
  bridges:
    description: Interfaces of the containers' networks, each open within itself.
    type: list
    elements: str
  follower:
    description:
      - Text of the program that keeps declared ports at containers' addresses, for C(docker0), where Docker gives
        these as it likes. Looked at with O(prefixes); without it, there is no such program.
    type: str
  containers:
    description: All containers that declare ports; brings the declared ports about. Without it, these are as they are.
    type: list
    elements: dict
    suboptions:
      name:
        description: The container's name.
        type: str
        required: true
      address:
        description: Its address; without one, Docker is asked for it.
        type: str
      ports:
        description: Ports such as C(80/tcp) or C(5000-5010/udp).
        type: list
        elements: str
        required: true
  network:
    description: Docker's name of the network that containers without an address are in.
    type: str
    default: bridge
attributes:
  check_mode:
    description: Says what it would change; a container that is not there yet has no ports.
    support: full
  diff_mode:
    description: Shows the files before and after.
    support: full
  platform:
    description: Debian and Ubuntu with nftables 0.9.7 or later.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Close the containers' ports
  ipv6.aws_containers.guard:
    prefixes: [2600:1f18:47b:ca03::8/126]
    bridges: [docker0]

- name: Open what a container declares
  ipv6.aws_containers.guard:
    containers:
      - {name: web, ports: [80/tcp]}
"""

RETURN = r"""
declared:
  description: The declared ports, as elements of the table's set.
  returned: when O(containers) is given
  type: list
  elements: str
  sample: ["2600:1f18:47b:ca03::a . tcp . 80"]
"""

import ipaddress
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import guard
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.inventory import InventoryError, parse_port

FOLLOWER_SECONDS = 10.0
LIST = ["nft", "-s", "list", "table", "ip6", guard.TABLE]


class NoAddress(Exception):
    """A container that should be reachable has no IPv6 address in the containers' prefixes."""


def prefixes_in_force(given: list | None) -> list[ipaddress.IPv6Network]:
    """The prefixes given, else those in the table's file."""
    if given is not None:
        return [ipaddress.IPv6Network(prefix) for prefix in given]
    match = re.search(r"set prefixes \{.*?elements = \{([^}]*)\}", files.read(guard.TABLE_FILE) or "", re.DOTALL)
    return [ipaddress.IPv6Network(prefix.strip()) for prefix in match.group(1).split(",")] if match else []


def address_of(name: str, network: str) -> ipaddress.IPv6Address | None:
    """What Docker gave a container, None when it is not there."""
    found = docker.container(name) if os.path.exists(docker.SOCKET) else None
    text = ((found or {}).get("networks", {}).get(network) or {}).get("address")
    return ipaddress.IPv6Address(text) if text else None


def declared_ports(params: dict, check_mode: bool) -> list[guard.Declared]:
    """Each declared port with its container's address. Raises NoAddress, InventoryError."""
    prefixes = prefixes_in_force(params["prefixes"])
    found = []
    for container in params["containers"]:
        name, given = container["name"], container["address"]
        address = ipaddress.IPv6Address(given) if given else address_of(name, params["network"])
        if address is None:
            if check_mode:
                continue
            raise NoAddress(
                f"containers[{name}]: must have an IPv6 address on the network {params['network']}, got none"
            )
        if prefixes and not any(address in prefix for prefix in prefixes):
            inside = ", ".join(map(str, prefixes))
            raise NoAddress(
                f"containers[{name}].address: must lie in the host's container prefix {inside}, got {address}"
            )
        for port in container["ports"]:
            found.append(guard.Declared(address, *parse_port(port, f"containers[{name}].ports")))
    return found


def planned(params: dict, declared: list[guard.Declared]) -> list[files.Change]:
    """The files' changes."""
    if params["state"] == "absent":
        paths = (guard.FOLLOWER_UNIT_FILE, guard.FOLLOWER, guard.UNIT_FILE, guard.TABLE_FILE, guard.DECLARED_FILE)
        return files.needed(files.change(path, None) for path in paths)
    changes = []
    if params["prefixes"] is not None:
        prefixes = prefixes_in_force(params["prefixes"])
        changes.append(files.change(guard.TABLE_FILE, guard.table(prefixes, params["bridges"])))
        changes.append(files.change(guard.UNIT_FILE, guard.unit()))
        follower = params["follower"]
        changes.append(files.change(guard.FOLLOWER, follower))
        changes.append(files.change(guard.FOLLOWER_UNIT_FILE, guard.follower_unit() if follower else None))
    if params["containers"] is not None and not os.path.exists(guard.FOLLOWER):
        changes.append(files.change(guard.DECLARED_FILE, guard.declared(declared)))
    return files.needed(changes)


def in_force() -> bool:
    """Whether the kernel has the table exactly as it was loaded."""
    try:
        return run(LIST) == files.read(guard.LOADED_FILE)
    except CommandError:
        return False


def load(changes: list[files.Change]) -> None:
    """Write the files, have nft check them, and load them by the unit. The old files are back when nft refuses."""
    paths = {one.path: one for one in changes}
    if guard.FOLLOWER_UNIT_FILE in paths and paths[guard.FOLLOWER_UNIT_FILE].after is None:
        run(["systemctl", "disable", "--quiet", "--now", guard.FOLLOWER_UNIT])
    for one in changes:
        files.write(one)
    try:
        run(["nft", "--check", "--file", guard.TABLE_FILE])
    except CommandError:
        for one in changes:
            files.write(files.Change(one.path, one.after, one.before, one.mode))
        raise
    if guard.UNIT_FILE in paths or guard.FOLLOWER_UNIT_FILE in paths:
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--quiet", guard.UNIT])
    run(["nft", "--file", guard.TABLE_FILE])
    files.write(files.Change(guard.LOADED_FILE, None, run(LIST)))
    run(["systemctl", "start", guard.UNIT])
    if any(path in paths and paths[path].after for path in (guard.FOLLOWER, guard.FOLLOWER_UNIT_FILE)):
        run(["systemctl", "enable", "--quiet", guard.FOLLOWER_UNIT])
        run(["systemctl", "restart", guard.FOLLOWER_UNIT])


def wait_for_follower(declared: list[guard.Declared]) -> None:
    """Where the follower runs, it alone writes declared ports. Raises NoAddress when it does not come to the same."""
    end = time.monotonic() + FOLLOWER_SECONDS
    wanted = {one.element() for one in declared}
    while True:
        elements = {line.strip(" ,") for line in (files.read(guard.DECLARED_FILE) or "").splitlines() if " . " in line}
        if elements == wanted:
            return
        if time.monotonic() > end:
            raise NoAddress(f"{guard.FOLLOWER_UNIT} must open {sorted(wanted)}, got {sorted(elements)}")
        time.sleep(0.1)


def unload(changes: list[files.Change]) -> None:
    """Take the table away. The units go first, so that Docker does not need them any more."""
    if any(one.path == guard.FOLLOWER_UNIT_FILE for one in changes):
        run(["systemctl", "disable", "--quiet", "--now", guard.FOLLOWER_UNIT])
    run(["systemctl", "disable", "--quiet", guard.UNIT])
    for one in changes:
        files.write(one)
    run(["systemctl", "daemon-reload"])
    run(["nft", "--file", "-"], stdin=f"table ip6 {guard.TABLE} {{}}\ndelete table ip6 {guard.TABLE}\n")


def main() -> None:
    """Observe, compare, and load unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "prefixes": {"type": "list", "elements": "str"},
            "bridges": {"type": "list", "elements": "str"},
            "follower": {"type": "str"},
            "containers": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "address": {"type": "str"},
                    "ports": {"type": "list", "elements": "str", "required": True},
                },
            },
            "network": {"type": "str", "default": "bridge"},
        },
        required_together=[("prefixes", "bridges")],
        supports_check_mode=True,
    )
    params = module.params
    present = params["state"] == "present"
    try:
        declared = declared_ports(params, module.check_mode) if present and params["containers"] is not None else []
        followed = present and params["containers"] is not None and os.path.exists(guard.FOLLOWER)
        if followed and not module.check_mode:
            wait_for_follower(declared)
        changes = planned(params, declared)
        changed = bool(changes) or (present and not followed and not in_force())
        if changed and not module.check_mode:
            if present:
                load(changes)
            else:
                unload(changes)
    except (InventoryError, NoAddress, CommandError, docker.EngineError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=changed,
        declared=[one.element() for one in sorted(set(declared))],
        diff=[one.diff() for one in changes],
    )


if __name__ == "__main__":
    main()
