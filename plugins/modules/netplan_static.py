#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module netplan_static: one static IPv6 address on the interface that the host is reached by, safely."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netplan_static
short_description: Give an interface one static IPv6 address by netplan, restoring what was unless confirmed
version_added: 0.1.0
description:
  - Writes C(/etc/netplan/60-ipv6-static.yaml), takes the interface's DHCPv6, IPv6 addresses and routes out of
    netplan's other files (cloud-init's), and keeps cloud-init from writing them again. IPv4 stays as it is.
  - The files are first checked by C(netplan generate) on a copy. They are applied with a timer running which puts the
    old ones back, unless a later task comes in over a new connection and confirms (O(state=confirmed)).
  - What the host had before the first change is recorded, once, in C(before.json) in O(store).
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description:
      - V(present) brings the address about, and leaves the timer running when something changed.
      - V(confirmed) stops the timer. It fails if the timer has already put the old files back.
    type: str
    choices: [present, confirmed]
    default: present
  mac_address:
    description: MAC address of the interface.
    type: str
    required: true
  host_address:
    description: The address, without a prefix length.
    type: str
    required: true
  subnet_cidr:
    description: The subnet; the address gets its length.
    type: str
    required: true
  gateway:
    description: The router's link-local address; V(auto) takes it from the live default route, else C(fe80:ec2::1).
    type: str
    default: auto
  revert_after:
    description: Seconds until the old files are put back.
    type: int
    default: 60
  store:
    description: Folder for the record and for the saved files.
    type: path
    default: /var/lib/ipv6.aws_containers/netplan
attributes:
  check_mode:
    description: Says what it would change, after a check by C(netplan generate).
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  platform:
    description: Debian and Ubuntu with netplan and systemd-networkd.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Give the host its static address
  ipv6.aws_containers.netplan_static: &address
    mac_address: 02:11:22:33:44:55
    host_address: 2600:1f18:47b:ca03::1:1
    subnet_cidr: 2600:1f18:47b:ca03::/64
  register: address

- name: Come back over a new connection
  ansible.builtin.meta: reset_connection

- name: Keep it
  ipv6.aws_containers.netplan_static:
    <<: *address
    state: confirmed
  when: address.armed
"""

RETURN = r"""
interface:
  description: Name of the interface.
  returned: always
  type: str
  sample: ens5
gateway:
  description: The gateway in use.
  returned: always
  type: str
  sample: fe80::1066:30ff:feb8:c008
armed:
  description: Whether the timer is running, so that somebody has to confirm.
  returned: always
  type: bool
differences:
  description: In what the kernel's state differed from what is wanted when the module came.
  returned: always
  type: list
  elements: str
  sample: ["ens5 has the lease 2600:1f18:47b:ca03::8/128"]
"""

import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import host, static
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems

try:
    import yaml

    YAML_ERROR = None
except ImportError:
    yaml = None
    YAML_ERROR = traceback.format_exc()

CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-ipv6-aws-containers-network.cfg"
CLOUD_INIT_TEXT = """\
# Written by the Ansible role ipv6.aws_containers.netplan.
# Else cloud-init would put DHCPv6, and every container's address, back on the host's interface.
network:
  config: disabled
"""


class Unconfirmed(Exception):
    """The host did not come to what is wanted, or went back from it."""


def read_documents() -> list[static.Document]:
    """Netplan's files, parsed. Raises PlanError for one that is no YAML."""
    problems = Problems()
    documents = []
    for path in host.netplan_files():
        try:
            documents.append(static.Document(path, yaml.safe_load(files.read(path) or "")))
        except yaml.YAMLError as error:
            problems.add(path, f"must be YAML ({error})")
    problems.raise_if_any()
    return documents


def rendered(document: static.Document, before: str) -> str:
    """A changed document's text, under the comments that the file began with."""
    head = [line for line in before.splitlines(keepends=True) if line.startswith("#")]
    body = yaml.safe_dump(dict(document.content or {}), default_flow_style=False, sort_keys=False)
    return "".join(head) + body


def planned(documents: list[static.Document], wanted: static.Wanted, mac: str) -> list[files.Change]:
    """The changes to netplan's files and to cloud-init's."""
    name = static.name_in_netplan(documents, wanted.interface, mac)
    changes = []
    for document in documents:
        if document.path == static.OWN_FILE or not document.path.startswith("/etc/"):
            continue
        after = static.without_ipv6(document, wanted.interface, mac)
        if after != document:
            before = files.read(document.path) or ""
            changes.append(files.Change(document.path, before, rendered(after, before)))
    changes.append(files.change(static.OWN_FILE, static.own_file(name, wanted), 0o600))
    if host.parent_exists(CLOUD_INIT):
        changes.append(files.change(CLOUD_INIT, CLOUD_INIT_TEXT))
    return files.needed(changes)


def bring_about(params: dict, wanted: static.Wanted, changes: list[files.Change]) -> None:
    """Record, save, arm, write, apply, look. Raises Unconfirmed, with the old files back, if it can't."""
    host.record(params["store"], wanted.interface)
    host.arm(params["store"], params["revert_after"], [one.path for one in changes if one.before is None])
    for one in changes:
        files.write(one)
    try:
        left = host.apply(lambda: static.differences(wanted, host.live(wanted.interface)))
    except CommandError as error:
        left = [str(error)]
    if left:
        host.restore(params["store"])
        raise Unconfirmed(f"the old configuration is back, because after netplan apply: {'; '.join(left)}")


def confirm() -> None:
    """Stop the timer. Raises Unconfirmed when it has ended by itself."""
    if not host.armed():
        raise Unconfirmed("nobody confirmed in time: the old configuration is back")
    host.disarm()


def main() -> None:
    """Observe, compare, and bring the difference about unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "confirmed"], "default": "present"},
            "mac_address": {"type": "str", "required": True},
            "host_address": {"type": "str", "required": True},
            "subnet_cidr": {"type": "str", "required": True},
            "gateway": {"type": "str", "default": "auto"},
            "revert_after": {"type": "int", "default": 60},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/netplan"},
        },
        supports_check_mode=True,
    )
    if YAML_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=YAML_ERROR)
    params = module.params
    try:
        if params["state"] == "confirmed":
            if not module.check_mode:
                confirm()
            module.exit_json(changed=True, armed=False)
        address = static.address(params["host_address"], params["subnet_cidr"])
        interface = host.interface_of(params["mac_address"])
        if interface is None:
            module.fail_json(msg=f"netplan_mac_address: must be an interface's, got {params['mac_address']}")
        live = host.live(interface)
        gateway = static.gateway(params["gateway"], live.defaults)
        prefix_route = host.systemd_version() < static.FIRST_PREFIX_ROUTE
        wanted = static.Wanted(interface, address, gateway, prefix_route)
        changes = planned(read_documents(), wanted, params["mac_address"])
        differences = static.differences(wanted, live)
        if changes:
            host.check(changes)
        if (changes or differences) and not module.check_mode:
            bring_about(params, wanted, changes)
        armed = host.armed()
    except (PlanError, CommandError, Unconfirmed, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(changes or differences),
        interface=interface,
        gateway=str(gateway),
        armed=armed,
        differences=differences,
        diff=[one.diff() for one in changes],
    )


if __name__ == "__main__":
    main()
