#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module apt_mirrors: apt fetches from main mirrors, which answer over IPv6."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_mirrors
short_description: Let apt fetch from main mirrors instead of a cloud's region mirrors
version_added: 0.1.0
description:
  - Rewrites those URIs of apt's sources that name a region mirror (C(<region>.ec2.<main mirror>),
    C(cdn-aws.<main mirror>)) to the main mirror, which answers over IPv6; every other byte of the files stays.
  - Looks at C(sources.list), C(sources.list.d/*.list), C(sources.list.d/*.sources), C(mirrors/*.list) in C(/etc/apt).
  - Where cloud-init is installed, a drop-in keeps it from writing its own sources again.
  - The first version of each file that it changes is kept under O(store).
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  force_ipv6:
    description: Whether apt may use IPv6 only, by a drop-in in C(apt.conf.d). When false, that drop-in is removed.
    type: bool
    default: false
  root:
    description: Folder that stands for the root of the file system.
    type: path
    default: /
  store:
    description: Where the first versions of changed files are kept, below O(root).
    type: path
    default: /var/lib/ipv6.aws_containers/apt
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  platform:
    description: Debian and Ubuntu.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Fetch packages from mirrors that answer over IPv6
  ipv6.aws_containers.apt_mirrors:
    force_ipv6: true
"""

RETURN = r"""
files:
  description: The files that were, or would be, changed.
  returned: always
  type: list
  elements: str
  sample: [/etc/apt/sources.list.d/debian.sources]
sources_changed:
  description: Whether a source was, or would be, changed, so that apt's lists are out of date.
  returned: always
  type: bool
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import sources
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files

SOURCES = ("sources.list", "sources.list.d/*.list", "sources.list.d/*.sources", "mirrors/*.list")
FORCE_IPV6 = "etc/apt/apt.conf.d/60ipv6-aws-containers"
CLOUD_INIT = "etc/cloud/cloud.cfg.d"
NOTE = "Written by the Ansible role ipv6.aws_containers.apt_mirrors."


def source_changes(root: str) -> list[files.Change]:
    """The sources below ``root``, each with its main mirrors."""
    changes = []
    for pattern in SOURCES:
        for path in sorted(glob.glob(os.path.join(root, "etc/apt", pattern))):
            before = files.read(path)
            if before is not None:
                changes.append(files.Change(path, before, sources.with_main_mirrors(before, path)))
    return changes


def drop_in_changes(root: str, force_ipv6: bool) -> list[files.Change]:
    """The drop-ins for apt and for cloud-init."""
    forced = f'// {NOTE}\nAcquire::ForceIPv6 "true";\n' if force_ipv6 else None
    changes = [files.change(os.path.join(root, FORCE_IPV6), forced)]
    folder = os.path.join(root, CLOUD_INIT)
    if os.path.isdir(folder):
        text = f"# {NOTE}\n# Else cloud-init would name the region mirror again.\napt:\n  preserve_sources_list: true\n"
        changes.append(files.change(os.path.join(folder, "99-ipv6-aws-containers-apt.cfg"), text))
    return changes


def main() -> None:
    """Observe, compare, and write unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "force_ipv6": {"type": "bool", "default": False},
            "root": {"type": "path", "default": "/"},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/apt"},
        },
        supports_check_mode=True,
    )
    root = module.params["root"]
    try:
        of_sources = files.needed(source_changes(root))
        changes = of_sources + files.needed(drop_in_changes(root, module.params["force_ipv6"]))
        if not module.check_mode:
            for change in changes:
                files.keep_original(change.path, os.path.join(root, module.params["store"].lstrip("/")))
                files.write(change)
    except OSError as error:
        module.fail_json(msg=f"apt's sources can't be changed: {error}")
    module.exit_json(
        changed=bool(changes),
        files=[change.path for change in changes],
        sources_changed=bool(of_sources),
        diff=[change.diff() for change in changes],
    )


if __name__ == "__main__":
    main()
