#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module container_info: which containers a host has, with their IPv6 addresses on one network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: Get a host's containers and their IPv6 addresses
version_added: 0.1.0
description:
  - Asks the Docker engine over its socket. A host without Docker has no containers, and no engine.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.observing
options:
  network:
    description: The Docker network whose addresses to tell.
    type: str
    default: bridge
"""

EXAMPLES = r"""
- name: See which containers are there
  ipv6.aws_containers.container_info:
    network: pub6
  register: there
"""

RETURN = r"""
engine:
  description: The engine's version; null without Docker.
  returned: always
  type: str
  sample: 28.5.2
guarded:
  description: Whether the host has the table of M(ipv6.aws_containers.guard).
  returned: always
  type: bool
containers:
  description: All containers by name, stopped ones too.
  returned: always
  type: dict
  sample: {web: {address: "2600:1f18:47b:ca03::a", attached: true, ours: true, image: "nginx:stable"}}
  contains:
    address:
      description:
        - The address asked for when it was made, else the one that it has now; null without one.
        - That from before, if it was disconnected while its network was made anew, and is not connected again.
      type: str
    attached:
      description: Whether it is in the network.
      type: bool
    ours:
      description: Whether the role containers made it.
      type: bool
    image:
      description: Its image's name; the image's id when the name is another image's by now.
      type: str
opened:
  description: >-
    Addresses for which M(ipv6.aws_containers.guard) has ports from others than the role containers, each with
    for whom, and by whom they are declared.
  returned: always
  type: dict
  sample: {"2600:1f18:47b:ca03::b": "db by the role docker"}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers, keeper, members, ports
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker


def main() -> None:
    """Ask, translate, tell."""
    module = AnsibleModule(
        argument_spec={"network": {"type": "str", "default": "bridge"}},
        supports_check_mode=True,
    )
    guarded = os.path.exists(ports.TABLE_FILE)
    try:
        opened = containers.opened_by_others(keeper.current_rules())
    except (OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"{ports.RULES_FILE}: must be as the module guard wrote it: {error!r}")
    if not os.path.exists(docker.SOCKET):
        module.exit_json(changed=False, engine=None, guarded=guarded, containers={}, opened=opened)
    try:
        engine = docker.version()
        found = docker.get("/containers/json?all=1") or []
        recorded = members.read_text(files.read(members.STORE), module.params["network"])
    except docker.EngineError as error:
        module.fail_json(msg=f"Docker does not answer: {error}")
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    there = containers.observed(found, module.params["network"])
    for name in set(there) & set(recorded):
        # It was disconnected while its network was made anew by a run that was cut short.
        if not there[name]["attached"] and recorded[name].address:
            there[name]["address"] = str(recorded[name].address)
    module.exit_json(changed=False, engine=engine, guarded=guarded, containers=there, opened=opened)


if __name__ == "__main__":
    main()
