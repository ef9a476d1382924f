#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module host_observe: what a host and its containers say about themselves, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_observe
short_description: Gather what a host and its containers say about their IPv6 addresses, routes and services
version_added: 0.1.0
description:
  - Asks the kernel, the Docker engine, apt and the instance metadata service, once each; returns the answers as data.
  - A question that can't be answered is answered with C(error) or an empty value; the module does not fail for it.
  - Needs root, Python 3.9 and iproute2 on the host. Changes nothing but apt's own lists, if O(apt_update) is set.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.observing
options:
  mac_address:
    description: MAC address of the interface that the containers' addresses belong to.
    type: str
    required: true
  containers:
    description: Names of the containers to ask about.
    type: list
    elements: str
    default: []
  wait:
    description:
      - Seconds to wait for each of the containers to run and have an address on the network. One that has just been
        started has none for a moment; whoever is not ready in time is described as it is.
    type: float
    default: 0
  network:
    description: Name of the Docker network that the containers are in.
    type: str
    default: bridge
  images:
    description: Images whose registries' names to resolve.
    type: list
    elements: str
    default: []
  apt_update:
    description: Whether to run C(apt-get update) with IPv6 forced. Refreshes apt's lists.
    type: bool
    default: false
  metadata:
    description: Whether to ask the instance metadata service.
    type: bool
    default: true
  netplan_record:
    description: Where the netplan role keeps what it found before its first change.
    type: path
    default: /var/lib/ipv6.aws_containers/netplan/before.json
attributes:
  check_mode:
    description: Runs the same in check mode, except that it leaves C(apt-get update) out.
  platform:
    description: Debian and Ubuntu.
    platforms: debian
"""

EXAMPLES = r"""
- name: See what the host says
  ipv6.aws_containers.host_observe:
    mac_address: 02:11:22:33:44:55
    containers: [web]
    network: pub6
  register: seen
"""

RETURN = r"""
interface:
  description: Name of the interface with that MAC address; empty if there is none.
  returned: always
  type: str
  sample: ens5
addresses:
  description: Global addresses of the host, link-local ones left out.
  returned: always
  type: list
  elements: dict
  sample: [{interface: ens5, mac: "02:11:22:33:44:55", address: "2600:1f18:47b:ca03::1:1", length: 64, dynamic: false,
    tentative: false}]
routes:
  description: The host's IPv6 routes, link-local ones left out.
  returned: always
  type: list
  elements: dict
  sample: [{to: default, via: "fe80::1066:30ff:feb8:c008", dev: ens5, proto: static}]
mtus:
  description: The MTU of each of the host's interfaces, by name.
  returned: always
  type: dict
  sample: {ens5: 9001, br-pub6: 1500}
forwarding:
  description: The kernel's forwarding switches, by name.
  returned: always
  type: dict
  sample: {all: 1, default: 1}
ssh:
  description: Addresses of the ssh connection that the module came by; empty when it came another way.
  returned: always
  type: dict
  sample: {client: "2001:db8:53::1", server: "2600:1f18:47b:ca03::1:1"}
login:
  description: The user who logged in, and that user's groups.
  returned: always
  type: dict
  sample: {user: admin, groups: [admin, docker]}
apt:
  description: Mirrors that apt is configured with, their addresses, and how the update ended.
  returned: always
  type: dict
netplan:
  description: Files that switch DHCPv6 on, and the addresses from before the netplan role (null without a record).
  returned: always
  type: dict
metadata:
  description: What the instance metadata service says, or C(error).
  returned: when asked for
  type: dict
docker:
  description: The engine's version, its C(daemon.json), and the network asked for.
  returned: always
  type: dict
guard:
  description: >-
    The table that closes undeclared ports. Whether the kernel has it as it was loaded (C(in_force)), whether it closes
    those of C(containers) and of the C(host), and the state of the service that keeps it (C(keeper)).
  returned: always
  type: dict
  sample:
    unit: ipv6-aws-containers-guard-keeper.service
    keeper: active
    table: ip6 ipv6_aws_containers
    in_force: true
    containers: true
    host: true
containers:
  description: Per container that exists, what the engine and the container's own namespace say.
  returned: always
  type: dict
waited:
  description: The seconds waited for containers, and what each that was not ready at first lacked.
  returned: always
  type: dict
  sample: {seconds: 1.2, containers: {web: "has no address yet"}}
registries:
  description: Per registry of the images asked for, its addresses by family.
  returned: always
  type: dict
"""

import json
import subprocess
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._observe import apt, docker, guard, images, imds, links, login, names, netns, netplan, ready

DAEMON_FILE = "/etc/docker/daemon.json"
PAUSE = 0.2  # seconds between two looks at a container that is not ready


def _network(mac: str) -> dict:
    document = links.ask_ip("addr")
    return {
        "interface": _with_mac(links.interfaces(document), mac),
        "addresses": links.addresses(document),
        "mtus": links.mtus(document),
        "routes": links.routes(links.ask_ip("-6", "route")),
        "forwarding": {name: links.sysctl(name + "/forwarding") for name in ("all", "default")},
    }


def _login() -> dict:
    user = login.user()
    return {"ssh": login.connection(), "login": {"user": user, "groups": login.groups(user)}}


def _apt(update: bool) -> dict:
    uris = apt.configured()
    mirrors = {host: names.resolve(host) for host in apt.mirror_hosts(uris)}
    return {"uris": uris, "mirrors": mirrors, "update": apt.update() if update else None}


def _docker(network: str) -> dict:
    try:
        with open(DAEMON_FILE, encoding="utf-8") as stream:
            daemon: Any = json.load(stream)
    except FileNotFoundError:
        daemon = {}
    except ValueError as error:
        daemon = {"error": f"{DAEMON_FILE}: {error}"}
    try:
        return {
            "version": docker.version(),
            "default_registry": docker.default_registry(),
            "daemon": daemon,
            "network": docker.network(network),
        }
    except docker.EngineError as error:
        return {"version": "", "default_registry": "", "daemon": daemon, "network": None, "error": str(error)}


def _containers(wanted: list[str], network: str, seconds: float) -> dict:
    """``containers`` that there are, by name, and how long those were ``waited`` for that were not ready at once."""
    began = time.monotonic()
    found = {name: _container(name, network) for name in wanted}
    lacking = {name: ready.lack(seen) for name, seen in found.items()}
    first = {name: lack for name, lack in lacking.items() if lack}
    while any(lacking.values()) and time.monotonic() - began < seconds:
        time.sleep(PAUSE)
        found.update((name, _container(name, network)) for name, lack in lacking.items() if lack)
        lacking = {name: ready.lack(seen) for name, seen in found.items()}
    waited = round(time.monotonic() - began, 1) if first and seconds else 0
    return {
        "containers": {name: seen for name, seen in found.items() if seen is not None},
        "waited": {"seconds": waited, "containers": first},
    }


def _container(name: str, network: str) -> dict | None:
    try:
        found = docker.container(name)
    except docker.EngineError as error:
        return {"error": str(error)}
    if found is None or not found["pid"]:
        return found
    try:
        mac = found["networks"].get(network, {}).get("mac", "")
        return dict(found, **netns.inside(int(found["pid"]), lambda: _own_view(mac)))
    except (OSError, subprocess.CalledProcessError) as error:
        return dict(found, error=str(error))


def _own_view(mac: str) -> dict:
    """What a container's own namespace says; runs inside it.

    Its interface on the network in question is known by its MAC: eth0 at first, eth1 and so on each time that the
    container is connected again while it runs.
    """
    document = links.ask_ip("addr")
    interface = _with_mac(links.interfaces(document), mac)
    return {
        "interface": interface,
        "mtu": links.mtus(document).get(interface),
        "addresses": links.addresses(document),
        "routes": links.routes(links.ask_ip("-6", "route")),
        "disable_ipv6": {name: links.sysctl(name + "/disable_ipv6") for name in (interface, "lo") if name},
    }


def _with_mac(by_name: dict, mac: str) -> str:
    """Several can have it: a VLAN or macvlan carries its parent's; the first is the parent. "" if none has."""
    return next((name for name, address in by_name.items() if mac and address.lower() == mac.lower()), "")


def _observe(asked: dict, update: bool) -> dict:
    engine = _docker(asked["network"])
    registries = [images.registry(image, engine["default_registry"])[0] for image in asked["images"]]
    observed = dict(
        _login(),
        apt=_apt(update),
        netplan={"dhcp6": netplan.with_dhcp6(), "before": netplan.before(asked["netplan_record"])},
        docker=engine,
        registries={name: names.resolve(name) for name in registries if name},
    )
    # The host last: containers that start while it is looked at change its routes.
    observed.update(_containers(asked["containers"], asked["network"], asked["wait"]))
    observed.update(_network(asked["mac_address"]), guard=guard.observe())
    if asked["metadata"]:
        observed["metadata"] = imds.observe(asked["mac_address"])
    return observed


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "mac_address": {"type": "str", "required": True},
            "containers": {"type": "list", "elements": "str", "default": []},
            "network": {"type": "str", "default": "bridge"},
            "images": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "float", "default": 0},
            "apt_update": {"type": "bool", "default": False},
            "metadata": {"type": "bool", "default": True},
            "netplan_record": {"type": "path", "default": netplan.RECORD},
        },
        supports_check_mode=True,
    )
    try:
        observed = _observe(module.params, update=module.params["apt_update"] and not module.check_mode)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        module.fail_json(msg=f"host_observe: {error}")
    module.exit_json(changed=False, **observed)


if __name__ == "__main__":
    main()
