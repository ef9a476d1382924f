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
    netplan's other files (cloud-init's), and keeps cloud-init from writing them again. IPv4 and MTU stay as they are.
  - The files are first checked by C(netplan generate) on a copy. They are applied with a timer running which puts the
    old ones back, unless the controller comes in over a new connection and confirms. A reboot before that puts them
    back too, before the network is configured. The same task does both, so that no host waits for others meanwhile.
  - Fails, with the old files back at once, when the kernel does not come to what is wanted or when the gateway does not
    answer neighbour discovery.
  - What the host had before the first change is recorded, once, in C(before.json) in O(store).
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description:
      - V(present) brings the address about.
      - V(absent) puts every file back as it was before V(present) changed it, with the same timer.
      - V(confirmed) stops the timer; the task itself sends it over the new connection. It fails, saying why, if
        the files of before are back already, or if another run has changed the host since.
    type: str
    choices: [present, absent, confirmed]
    default: present
  mac_address:
    description: MAC address of the interface. Needed for V(present), as are the next two.
    type: str
  host_address:
    description: The address, without a prefix length.
    type: str
  subnet_cidr:
    description: The subnet; the address gets its length, which must be one that EC2's subnets have, and what the router
      advertises where it does. A router that the kernel has heard nothing of is asked, for two seconds.
    type: str
  gateway:
    description:
      - The router's link-local address; V(auto) takes it from the live default route, else C(fe80:ec2::1), which
        answers in every VPC subnet. (Instance metadata does not name a gateway.)
    type: str
    default: auto
  confirm_over:
    description:
      - V(host_address) refuses a change, before it begins, unless Ansible has reached the host at O(host_address).
        Whoever comes back by another way, IPv4 say, would confirm that the new address works without having tried it.
      - V(any) lets the change be confirmed over whichever way Ansible has. Then the host alone has looked - the kernel,
        and whether the gateway answers - and an address that can't be reached from elsewhere stays.
      - Looked at with O(state=present).
    type: str
    choices: [host_address, any]
    default: host_address
  change_id:
    description: The change that O(state=confirmed) confirms, as RV(change_id) named it; no other is.
    type: str
  revert_after:
    description: Seconds until the old files are put back, at least 20. They are in use two to five seconds later.
    type: int
    default: 30
  store:
    description: Folder for the record and for the saved files.
    type: path
    default: /var/lib/ipv6.aws_containers/netplan
attributes:
  action:
    description: Comes back over a new connection, and confirms.
    support: full
  check_mode:
    description: Says what it would change, after a check by C(netplan generate); the gateway has to answer.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  platform:
    description: Debian and Ubuntu with netplan and systemd-networkd.
    platforms: debian
    support: full
notes:
  - Debian 12 and Ubuntu 22.04, or later.
"""

EXAMPLES = r"""
- name: Give the host its static address
  ipv6.aws_containers.netplan_static:
    mac_address: 02:11:22:33:44:55
    host_address: 2600:1f18:47b:ca03::1:1
    subnet_cidr: 2600:1f18:47b:ca03::/64

- name: Give the host back what it had
  ipv6.aws_containers.netplan_static:
    state: absent
"""

RETURN = r"""
interface:
  description: Name of the interface.
  returned: O(state=present), and O(state=absent) where there was something to put back
  type: str
  sample: ens5
gateway:
  description: The gateway in use.
  returned: O(state=present)
  type: str
  sample: fe80::1066:30ff:feb8:c008
armed:
  description: Whether this task's timer is still running; never once the controller has confirmed.
  returned: always
  type: bool
change_id:
  description: Names the change, for whoever confirms it.
  returned: when the host was changed
  type: str
  sample: present-5f0c3a91d2b84e67
differences:
  description: In what the kernel's state differed from what is wanted when the module came.
  returned: O(state=present)
  type: list
  elements: str
  sample: ["ens5 has the lease 2600:1f18:47b:ca03::8/128"]
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files, originals, release
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import (
    documents,
    host,
    router,
    static,
    switch,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import login
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems, Violation

#: What still is wrong, as sentences, and how many seconds it may be so.
Check = tuple[Callable[[], list[str]], float]
TO_SETTLE = 15.0
#: Discovery asks three times, a second apart (RFC 4861, section 10).
TO_ANSWER = 5.0
#: Twice what a lease takes: it may have to be asked for once more.
TO_LEASE = 10.0
#: A timer may not run out while the host itself still looks.
SHORTEST = 20


def bring_about(
    params: dict[str, Any], interface: str, changes: list[files.Change], checks: Iterable[Check], leaving: bool = False
) -> dict[str, Any]:
    """Arm, write, apply, look; returns which change is to be confirmed.

    Raises Unconfirmed if a check still has something to say, with the old files back or with what is not back.
    """
    store = params["store"]
    leased = host.has_ipv4(interface)
    change_id = switch.arm(store, params["revert_after"], changes, leaving, interface if leased else "")
    try:
        for one in changes:
            files.write(one)
        switch.apply()
        if leased:
            checks = [*checks, (host.ipv4_lost(interface), TO_LEASE)]
        seen = next((found for found in (switch.wait(*one) for one in checks) if found), [])
    except (CommandError, OSError) as error:
        seen = [str(error)]
    if seen:
        why = f"after netplan apply: {'; '.join(seen)}"
        switch.restore(store, why)
        raise switch.Unconfirmed(f"the configuration of before is back, because {why}")
    return {"armed": True, "change_id": change_id}


def present(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The static address. Raises PlanError before anything changed, Unconfirmed when it was put back."""
    release.check(files.read(release.PATH))
    if not check_mode:
        switch.finish(params["store"])
    address = static.address(params["host_address"], params["subnet_cidr"])
    mac = params["mac_address"]
    interface = host.interface_of(mac)
    if interface is None:
        problems = Problems()
        problems.add("netplan_mac_address", "must be that of an interface of the host", static.shown(mac))
        problems.raise_if_any()
    live = host.live(interface)
    known = any(address.ip in network for network in live.advertised)
    static.check_length(address, live.advertised if known else router.solicit(interface))
    gateway = static.gateway(params["gateway"], live.defaults)
    wanted = static.Wanted(interface, address, gateway, host.systemd_version() < static.FIRST_PREFIX_ROUTE)
    changes = documents.planned(documents.read(), wanted, mac)
    differences = static.differences(wanted, live)
    if changes or differences:
        static.check_way(params["confirm_over"], address, login.connection().get("server", ""))
    if changes:
        host.check(changes)

    def unlike() -> list[str]:
        host.forget_stale(interface)
        return static.differences(wanted, host.live(interface))

    def unanswered() -> list[str]:
        asked = f"the gateway {gateway} does not answer neighbour discovery on {interface}"
        return [] if host.answers(interface, str(gateway)) else [asked]

    checks: list[Check] = [
        (unlike, TO_SETTLE),
        (unanswered, TO_ANSWER),
    ]
    if (changes or differences) and check_mode and switch.wait(unanswered, TO_ANSWER):
        rule = f"must answer neighbour discovery on {interface}, or the change would be put back"
        raise PlanError([Violation("netplan_gateway", rule, str(gateway))])
    armed: dict[str, Any] = {"armed": False}
    if (changes or differences) and not check_mode:
        host.record(params["store"], interface)
        # The record is part of the change: what is put back has not been changed by this role.
        armed = bring_about(params, interface, [originals.remembering(params["store"], changes), *changes], checks)
    return {
        "changed": bool(changes or differences),
        "interface": interface,
        "gateway": str(gateway),
        "differences": differences,
        "diff": [one.diff() for one in changes],
        **armed,
    }


def absent(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The files as they were. Raises PlanError for one that somebody edited since, Unconfirmed if it did not last."""
    store = params["store"]
    if not check_mode:
        switch.finish(store)
    changes = originals.restorations(store)
    interface = host.recorded_interface(store)
    if changes:
        host.check(changes)
    armed: dict[str, Any] = {"armed": False}
    if changes and interface and not check_mode:
        own = documents.own_address()
        check = (lambda: static.still_static(interface, host.live(interface), own), TO_SETTLE)
        armed = bring_about(params, interface, changes, [check], leaving=True)
    elif not check_mode and os.path.isdir(store) and not switch.waiting(store):
        originals.forget(store)
    return {
        "changed": bool(changes),
        "diff": [one.diff() for one in changes],
        **({"interface": interface} if interface else {}),
        **armed,
    }


def confirmed(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The change stays. Raises Unconfirmed when it has been put back, or when another one is there."""
    if not check_mode:
        switch.confirm(params["store"], params["change_id"])
    return {"changed": True, "armed": False}


def main() -> None:
    """Observe, compare, and bring the difference about unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "confirmed"], "default": "present"},
            "mac_address": {"type": "str"},
            "host_address": {"type": "str"},
            "subnet_cidr": {"type": "str"},
            "gateway": {"type": "str", "default": "auto"},
            "confirm_over": {"type": "str", "choices": ["host_address", "any"], "default": "host_address"},
            "change_id": {"type": "str"},
            "revert_after": {"type": "int", "default": 30},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/netplan"},
        },
        required_if=[
            ("state", "present", ("mac_address", "host_address", "subnet_cidr")),
            ("state", "confirmed", ("change_id",)),
        ],
        supports_check_mode=True,
    )
    if documents.YAML_ERROR:
        module.fail_json(msg=missing_required_lib("PyYAML"), exception=documents.YAML_ERROR)
    bring = {"present": present, "absent": absent, "confirmed": confirmed}[module.params["state"]]
    if module.params["revert_after"] < SHORTEST:
        given = module.params["revert_after"]
        module.fail_json(msg=f"netplan_revert_after: must be at least {SHORTEST} seconds, got {given}")
    try:
        result = bring(module.params, module.check_mode)
    except (PlanError, CommandError, switch.Unconfirmed, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
