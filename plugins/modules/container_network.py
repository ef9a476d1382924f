#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module container_network: a Docker network with a prefix, in which containers keep their addresses."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_network
short_description: Bring about a Docker network with an IPv6 prefix, in which containers keep addresses
version_added: 0.1.0
description:
  - Makes a bridge network. One that is there and differs is made anew, as Docker can change none. Running containers
    are disconnected, and connected again each at the address it had. They run on meanwhile, without a network, for
    seconds.
  - In a prefix of /112 or shorter Docker deals the addresses of containers that ask for none from X::8000 to X::ffff, X
    being the prefix. A network that was made without that is not made anew for its sake.
  - A container whose address is not in the new prefix is left without one when the role containers made it, which
    then makes it anew; another's gets the lowest of those that nobody has.
  - Who has which address is on the host's disk from before the first is disconnected until the last is connected, so
    that a run that was cut short is taken up by the next.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  name:
    description: The network's name.
    type: str
    required: true
  prefix:
    description: Its IPv6 prefix.
    type: str
    required: true
  gateway:
    description: The bridge's own address in it.
    type: str
    required: true
  driver_options:
    description: Options of Docker's bridge driver, that it has to have at least.
    type: dict
    default: {}
  ipv4:
    description: Whether it has IPv4 as well. Docker can do without from 28 on, and does not look at it before.
    type: bool
    default: true
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows what differs, and each container's address.
    support: full
  platform:
    description: Any Linux with Python 3.9 and Docker.
    platforms: linux
    support: full
"""

EXAMPLES = r"""
- name: Bring about the containers' network
  ipv6.aws_containers.container_network:
    name: pub6
    prefix: 2600:1f18:47b:ca03::8/126
    gateway: 2600:1f18:47b:ca03::9
"""

RETURN = r"""
differences:
  description: What was not as asked for; empty when the network stayed.
  returned: always
  type: list
  elements: str
  sample: ["it has 2600:1f18:47b:ca03::8/125 by 2600:1f18:47b:ca03::9"]
connected:
  description: Containers that were connected again, with their addresses; in check mode those that would be.
  returned: always
  type: dict
  sample: {web: "2600:1f18:47b:ca03::a"}
"""

import ipaddress
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import members
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker


def everybody() -> list:
    """All containers, as Docker lists them. Raises EngineError."""
    return docker.get("/containers/json?all=1") or []


def in_full(network: str, listed: list) -> list:
    """The same, with all that Docker knows of each one's place in the network: its list leaves aliases out."""
    found = []
    for one in listed:
        whole = docker.get("/containers/{}/json".format(quote(one["Names"][0].lstrip("/"))))
        endpoint = ((whole or {}).get("NetworkSettings", {}).get("Networks") or {}).get(network)
        found.append({**one, "NetworkSettings": {"Networks": {network: endpoint}}} if endpoint else one)
    return found


def take_away(name: str, found: dict) -> None:
    """Disconnect the network's containers, and delete it. Raises EngineError."""
    path = f"/networks/{quote(name)}"
    for one in (found.get("Containers") or {}).values():
        docker.send("POST", path + "/disconnect", {"Container": one["Name"], "Force": True})
    docker.send("DELETE", path)


def bring_about(wanted: members.Wanted, check: bool) -> dict:
    """Observe, compare, and change unless in check mode. Raises EngineError, OSError, ValueError."""
    found = docker.get(f"/networks/{quote(wanted.name)}")
    differences = wanted.differences(found)
    recorded = members.read_text(files.read(members.STORE), wanted.name)
    if not differences and not recorded:
        return {"changed": False, "differences": [], "connected": {}}
    before = everybody()
    # What holds its address at the moment knows better than a record from before.
    known = {**recorded, **members.attached(in_full(wanted.name, before), wanted.name, running=True)}
    if differences and not check:
        files.write(files.change(members.STORE, members.to_text(wanted.name, known), 0o600))
        if found is not None:
            take_away(wanted.name, found)
        docker.send("POST", "/networks/create", wanted.body())
    now = before if check else everybody()
    there = members.attached(now, wanted.name, running=False)
    if check and differences:
        there = {name: one for name, one in there.items() if name not in known}
    names = [one["Names"][0].lstrip("/") for one in now]
    connected = members.joins(known, there, names, wanted.prefix)
    if not check:
        for join in connected:
            docker.send("POST", f"/networks/{quote(wanted.name)}/connect", join.body())
        files.write(files.change(members.STORE, None))
    return {
        "changed": True,
        "differences": differences,
        "connected": {one.name: str(one.address) for one in connected},
        "diff": {
            "before": "".join(f"{line}\n" for line in differences),
            "after": f"it has {wanted.prefix} by {wanted.gateway}\n"
            + "".join(f"{one.name} keeps, or gets, {one.address}\n" for one in connected),
        },
    }


def main() -> None:
    """Read what is asked for, bring it about, tell."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "gateway": {"type": "str", "required": True},
            "driver_options": {"type": "dict", "default": {}},
            "ipv4": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        wanted = members.Wanted(
            params["name"],
            ipaddress.IPv6Network(params["prefix"]),
            ipaddress.IPv6Address(params["gateway"]),
            {key: str(value) for key, value in params["driver_options"].items()},
            params["ipv4"],
        )
        result = bring_about(wanted, module.check_mode)
    except (docker.EngineError, OSError, ValueError) as error:
        module.fail_json(msg=f"Docker's network {params['name']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
