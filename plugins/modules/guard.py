#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module guard: an nftables table that closes undeclared ports of containers and of their host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guard
short_description: Close undeclared IPv6 ports of containers, and of their host, by a table of our own
version_added: 0.1.0
description:
  - Brings about the table C(ip6 ipv6_aws_containers), which lets in what is declared, answers, and ICMPv6 that IPv6
    needs (RFC 4890), and counts and drops the rest, on the way to the containers' prefixes and, if wanted, to the host
    itself. All is let out. It stands beside the security group, and beside Docker's own rules.
  - A unit of its own loads it before C(docker.service), which does not start without it. Another, the keeper, puts it
    back when somebody deletes, flushes or alters it. The table is replaced in one transaction.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description:
      - V(absent) removes table, units and files.
      - V(kept) puts back the table that the host has files of, and does nothing where it has none; then it refuses what
        V(present) would refuse of O(host_ports) and O(containers).
    type: str
    choices: [present, absent, kept]
    default: present
  prefixes:
    description: The containers' prefixes. With O(bridges), brings the table about; without it, the table is as it is.
    type: list
    elements: str
  bridges:
    description: Interfaces of the containers' networks, each open within itself.
    type: list
    elements: str
  docker_closes:
    description:
      - Whether Docker itself closes what is not published (a routed network of an engine from 27 on).
      - Then the table closes nothing to containers before somebody gives O(containers), as it could not tell a
        published port. From then on both have to let a packet in. Looked at with O(prefixes).
    type: bool
    default: false
  host_ports:
    description:
      - The host's own open ports, V(80/tcp) or V(5000-5010/udp), open to anybody; or dictionaries of C(port) and
        C(from), a list of IPv6 networks. Without it the host is as it is. Looked at with O(prefixes).
      - The way by which Ansible reaches the host over IPv6 has to be among them.
    type: list
    elements: raw
  containers:
    description:
      - All containers of O(owner) that declare ports; brings these about. Without it, they are as they are.
      - Each is a dictionary of C(name), C(address), one of which will do, and C(ports), in the form of O(host_ports).
      - Without an C(address) the keeper opens the ports at the address that Docker gives the container C(name) on
        O(network), whichever it has at the moment.
    type: list
    elements: raw
  owner:
    description: Whose O(containers) these are. Those of other owners stay, and what any of them opens is open.
    type: str
    default: containers
  network:
    description: Docker's name of the network that containers without an address are in.
    type: str
    default: bridge
  called:
    description: >-
      What a user knows the options by who does not write them here, but variables of a role. Refusals name these.
    type: dict
    suboptions:
      prefixes: {description: "The name of O(prefixes), or of the only one.", type: str, default: prefixes}
      host_ports: {description: The name of O(host_ports)., type: str, default: host_ports}
      containers: {description: The name of O(containers)., type: str, default: containers}
attributes:
  check_mode:
    description: Says what it would change; a container that is not there yet has no ports.
    support: full
  diff_mode:
    description: Shows files before and after; names alone of the keeper's program, and of what O(state=absent) removes.
    support: full
  platform:
    description: Debian and Ubuntu with nftables 0.9.7 or later.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Close the containers' ports, and the host's but ssh
  ipv6.aws_containers.guard:
    prefixes: [2600:1f18:47b:ca03::8/126]
    bridges: [docker0]
    host_ports: [22/tcp]

- name: Open what a container declares
  ipv6.aws_containers.guard:
    containers:
      - name: web
        ports: [80/tcp, {port: 9100/tcp, from: [2600:1f18:47b:ca00::/56]}]
"""

RETURN = r"""
there:
  description: Whether the host had a guard before this run.
  returned: always
  type: bool
declared:
  description: The declared ports of all owners, as elements of the table's set.
  returned: always
  type: list
  elements: str
  sample: ["::/0 . 2600:1f18:47b:ca03::a . tcp . 80"]
"""

import contextlib
import http.client
import ipaddress
import json
import os
import re
import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import guard, keeper, ports, way_in
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems


def prefixes_in_force(params: dict) -> list[ipaddress.IPv6Network]:
    """The prefixes given, else those in the table's file. Raises PlanError."""
    if params["prefixes"] is not None:
        return guard.parse_prefixes(params["prefixes"], params["called"]["prefixes"])
    match = re.search(r"set prefixes \{.*?elements = \{([^}]*)\}", files.read(ports.TABLE_FILE) or "", re.DOTALL)
    return [ipaddress.IPv6Network(prefix.strip()) for prefix in match.group(1).split(",")] if match else []


def read_host_ports(params: dict) -> list[guard.Port] | None:
    """The host's own open ports, checked. Raises PlanError, also when Ansible's own way in would be closed."""
    if params["host_ports"] is None:
        return None
    path = params["called"]["host_ports"]
    host_ports = guard.parse_ports(params["host_ports"], path)
    way = way_in.by_ssh(os.getpid())
    if way and not guard.lets_in(host_ports, *way):
        problems = Problems()
        rule = f"must let {way[0]} in at {way[1]}/tcp, which is how this host is reached"
        problems.add(path, rule, json.dumps(params["host_ports"]))
        problems.raise_if_any()
    return host_ports


def source_of(name: str) -> str:
    """The text of the keeper's own modules, which are this collection's."""
    if name == "__init__":
        return "# Written by the Ansible collection ipv6.aws_containers.\n"
    module = {"ports": ports, "keeper": keeper}[name]
    return module.__loader__.get_source(module.__name__)


def read_containers(params: dict) -> tuple[ports.Declared, ...]:
    """The containers that declare ports, checked. Raises PlanError."""
    inside, path = prefixes_in_force(params), params["called"]["containers"]
    return guard.parse_declared(params["containers"] or [], params["network"], inside, path)


def wanted_rules(params: dict) -> ports.Rules:
    """What was declared before, with what this run says of it."""
    rules = keeper.current_rules()
    declared = dict(rules.declared or {})
    if params["containers"] is not None:
        declared[params["owner"]] = read_containers(params)
    closes = rules.docker_closes if params["prefixes"] is None else params["docker_closes"]
    return ports.Rules(closes, declared)


def known_addresses(rules: ports.Rules) -> ports.Addresses:
    """What Docker says of containers' addresses, if it is needed and Docker runs."""
    if rules.unresolved():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return keeper.ask_addresses()
    return {}


def planned(params: dict, rules: ports.Rules, declared: str) -> list[files.Change]:
    """The files' changes."""
    changes = []
    if params["prefixes"] is not None:
        table = guard.table(prefixes_in_force(params), params["bridges"], rules.docker_closes, read_host_ports(params))
        changes.append(files.change(ports.TABLE_FILE, table))
        changes.append(files.change(guard.UNIT_FILE, guard.unit()))
        changes += [files.change(path, source_of(name)) for name, path in guard.PROGRAM.items()]
        changes.append(files.change(guard.KEEPER_UNIT_FILE, guard.keeper_unit()))
    text = json.dumps(rules.to_dict(), indent=1, sort_keys=True) + "\n"
    changes.append(files.change(ports.RULES_FILE, text))
    changes.append(files.change(ports.DECLARED_FILE, declared))
    return files.needed(changes)


def removal() -> list[files.Change]:
    """The files that go."""
    paths = (guard.KEEPER_UNIT_FILE, guard.UNIT_FILE, ports.TABLE_FILE, ports.DECLARED_FILE, ports.RULES_FILE)
    return files.needed(
        files.change(path, None) for path in (*paths, *guard.PROGRAM.values(), ports.LOADED_FILE, ports.LOCK_FILE)
    )


def said_before() -> ports.Rules:
    """What was declared so far; nothing where the file does not say: it goes all the same."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        return keeper.current_rules()
    return ports.Rules()


def load(changes: list[files.Change]) -> None:
    """Write the files, have nft check them, load them. The old files are back when nft refuses."""
    paths = {one.path for one in changes}
    with keeper.locked():
        for one in changes:
            files.write(one)
        try:
            run(["nft", "--check", "--file", ports.TABLE_FILE])
        except CommandError:
            for one in changes:
                files.write(files.Change(one.path, one.after, one.before, one.mode))
            raise
        keeper.load()
    if {guard.UNIT_FILE, guard.KEEPER_UNIT_FILE} & paths:
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--quiet", guard.UNIT, guard.KEEPER_UNIT])
    run(["systemctl", "start", guard.UNIT])
    if {guard.KEEPER_UNIT_FILE, *guard.PROGRAM.values()} & paths:
        run(["systemctl", "restart", guard.KEEPER_UNIT])
    run(["systemctl", "start", guard.KEEPER_UNIT])


def keeps() -> bool:
    """Whether the keeper runs."""
    with contextlib.suppress(CommandError):
        run(["systemctl", "is-active", "--quiet", guard.KEEPER_UNIT])
        return True
    return False


def unload(changes: list[files.Change]) -> None:
    """Take the table away. The units go first: nobody puts the table back, and Docker does not need them any more."""
    units = [unit for unit in (guard.KEEPER_UNIT, guard.UNIT) if any(one.path.endswith("/" + unit) for one in changes)]
    if units:
        run(["systemctl", "disable", "--quiet", "--now", *units])
    for one in changes:
        files.write(one)
    for folder in (ports.FOLDER, os.path.dirname(ports.FOLDER), f"{guard.LIBRARY}/{guard.PACKAGE}", guard.LIBRARY):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    run(["systemctl", "daemon-reload"])
    if keeper.listed() is not None:
        run(["nft", "delete", "table", "ip6", ports.TABLE])


def there() -> bool:
    """Whether the kernel has such a table; it has none where there is no nft."""
    try:
        return keeper.listed() is not None
    except OSError:
        return False


def in_force() -> bool:
    """Whether the kernel has the table exactly as it was loaded."""
    try:
        return keeper.in_force()
    except OSError:
        return False


def require_addresses(params: dict, rules: ports.Rules, known: ports.Addresses) -> None:
    """Refuse when a container that should be reachable has no address. Raises PlanError."""
    problems = Problems()
    for one in (rules.declared or {}).get(params["owner"], ()) if params["containers"] is not None else ():
        if one.address is None and (one.network, one.name) not in known:
            path = f"{params['called']['containers']}[{one.name}]"
            problems.add(path, f"must have an IPv6 address on the network {one.network}", "none")
    problems.raise_if_any()


def main() -> None:
    """Observe, compare, and load unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "kept"], "default": "present"},
            "prefixes": {"type": "list", "elements": "str"},
            "bridges": {"type": "list", "elements": "str"},
            "docker_closes": {"type": "bool", "default": False},
            "host_ports": {"type": "list", "elements": "raw"},
            "containers": {"type": "list", "elements": "raw"},
            "owner": {"type": "str", "default": ports.OWNER},
            "network": {"type": "str", "default": "bridge"},
            "called": {
                "type": "dict",
                "apply_defaults": True,
                "options": {one: {"type": "str", "default": one} for one in ("prefixes", "host_ports", "containers")},
            },
        },
        required_together=[("prefixes", "bridges")],
        supports_check_mode=True,
    )
    params = module.params
    state = params["state"]
    declared: list[str] = []
    shown: list[dict] = []
    was = os.path.exists(ports.TABLE_FILE)
    try:
        if state == "absent":
            changes = removal()
            changed = bool(changes) or there()
            shown = guard.diffs(changes, said_before())
            if changed and not module.check_mode:
                unload(changes)
        elif state == "kept":
            changes = []
            changed = os.path.exists(ports.TABLE_FILE) and not (in_force() and keeps())
            if changed and not module.check_mode:
                load(changes)
            read_host_ports(params)
            read_containers(params)
        else:
            rules = wanted_rules(params)
            known = known_addresses(rules)
            if not module.check_mode:
                require_addresses(params, rules, known)
            declared = [one.element() for one in ports.openings(rules, known)]
            changes = planned(params, rules, ports.declared_text(rules, known))
            changed = bool(changes) or not (in_force() and keeps())
            shown = guard.diffs(changes)
            if changed and not module.check_mode:
                load(changes)
    except (PlanError, CommandError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, there=was, declared=declared, diff=shown)


if __name__ == "__main__":
    main()
