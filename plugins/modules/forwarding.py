#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module forwarding: IPv6 forwarding on, and no interface that loses its router by it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: forwarding
short_description: Switch IPv6 forwarding on, now and after a boot
version_added: 0.1.0
description:
  - Sets C(net.ipv6.conf.all.forwarding) and C(net.ipv6.conf.default.forwarding), in the kernel and in C(sysctl.d).
  - A kernel that forwards ignores router advertisements. An interface whose default route comes from the kernel's own
    handling of them gets C(accept_ra=2); one of systemd-networkd's does not need it.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description: V(absent) puts back the switches as they were before the first run.
    type: str
    choices: [present, absent]
    default: present
  path:
    description: The file in C(sysctl.d).
    type: path
    default: /etc/sysctl.d/60-ipv6-aws-containers.conf
  store:
    description: Where to keep what the switches were before.
    type: path
    default: /var/lib/ipv6.aws_containers/docker/forwarding.json
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows file and kernel before and after.
    support: full
  platform:
    description: Linux with systemd.
    platforms: linux
    support: full
"""

EXAMPLES = r"""
- name: Forward IPv6
  ipv6.aws_containers.forwarding:
"""

RETURN = r"""
values:
  description: The kernel's switches as wanted, by name below C(net/ipv6/conf).
  returned: always
  type: dict
  sample: {all/forwarding: 1, default/forwarding: 1}
"""

import contextlib
import json
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import links

CONF = "/proc/sys/net/ipv6/conf"


def interfaces_that_accept(text: str | None, names: list[str]) -> list[str]:
    """Interfaces that need accept_ra=2: those that the kernel configures (1), and those that the file has already."""
    kept = re.findall(r"^net/ipv6/conf/(\S+)/accept_ra = 2$", text or "", re.MULTILINE)
    with_route = {
        route["dev"] for route in links.routes(links.ask_ip("route", "show", "default")) if route["proto"] == "ra"
    }
    return sorted(
        name for name in names if name in kept or (name in with_route and links.sysctl(f"{name}/accept_ra") == 1)
    )


def present(path: str, store: str, check_mode: bool) -> tuple[dict, dict, list]:
    """Set, unless in check mode: the switches as they were, as they should be, and changes of files. Raises OSError."""
    accepting = interfaces_that_accept(files.read(path), sorted(os.listdir(CONF)))
    # accept_ra first: between the two an interface would forget its router.
    wanted = {f"{name}/accept_ra": 2 for name in accepting}
    wanted.update({"all/forwarding": 1, "default/forwarding": 1})
    lines = "".join(f"net/ipv6/conf/{name} = {value}\n" for name, value in wanted.items())
    change = files.change(path, "# Written by the Ansible role ipv6.aws_containers.docker.\n" + lines)
    live = {name: links.sysctl(name) for name in wanted}
    if not check_mode:
        first = json.loads(files.read(store) or "{}")
        kept = files.change(store, json.dumps({**live, **first}, sort_keys=True) + "\n", 0o600)
        for one in files.needed([kept, change]):
            files.write(one)
        switch({name: value for name, value in wanted.items() if live[name] != value})
    return live, wanted, files.needed([change])


def absent(path: str, store: str, check_mode: bool) -> tuple[dict, dict, list]:
    """The other way round; an interface that has gone is left out. Raises OSError."""
    first = json.loads(files.read(store) or "{}")
    wanted = {name: first[name] for name in sorted(first, key=restoring) if os.path.exists(os.path.join(CONF, name))}
    live = {name: links.sysctl(name) for name in wanted}
    changes = files.needed([files.change(path, None), files.change(store, None)])
    if not check_mode:
        switch({name: value for name, value in wanted.items() if links.sysctl(name) != value})
        for one in changes:
            files.write(one)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(store))
    return live, wanted, [one for one in changes if one.path == path]


def restoring(name: str) -> tuple[bool, str]:
    """In which order switches go back: forwarding of all first, as it sets each interface's; accept_ra after it."""
    return not name.startswith("all/"), name


def switch(values: dict) -> None:
    """Set the kernel's switches. Raises OSError."""
    for name, value in values.items():
        with open(os.path.join(CONF, name), "w", encoding="ascii") as stream:
            stream.write(str(value))


def main() -> None:
    """Observe, compare, and set unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "path": {"type": "path", "default": "/etc/sysctl.d/60-ipv6-aws-containers.conf"},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/docker/forwarding.json"},
        },
        supports_check_mode=True,
    )
    bring = {"present": present, "absent": absent}[module.params["state"]]
    try:
        live, wanted, changes = bring(module.params["path"], module.params["store"], module.check_mode)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"IPv6 forwarding can't be switched: {error}")
    kernel = {"before_header": CONF, "after_header": CONF, "before": live, "after": wanted}
    module.exit_json(
        changed=bool(changes) or live != wanted,
        values=wanted,
        diff=[one.diff() for one in changes] + ([kernel] if live != wanted else []),
    )


if __name__ == "__main__":
    main()
