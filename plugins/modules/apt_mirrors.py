#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module apt_mirrors: apt fetches from main mirrors, which answer over IPv6."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_mirrors
short_description: Let apt fetch from main mirrors where a cloud's region mirrors don't answer over IPv6
version_added: 0.1.0
description:
  - Rewrites those URIs of apt's sources that name a region mirror (C(<region>.ec2.<main mirror>),
    C(cdn-aws.<main mirror>)) which does not answer over IPv6 to the main mirror, which has to; every other byte of the
    files stays.
  - Looks at C(sources.list), C(sources.list.d/*.list), C(sources.list.d/*.sources), C(mirrors/*.list) in C(/etc/apt).
  - Where cloud-init is installed, a drop-in keeps it from writing its own sources again.
  - What each file held before the first change is kept in C(originals.json) in O(store).
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description: V(absent) puts every file back as it was, unless somebody has edited it since.
    type: str
    choices: [present, absent]
    default: present
  force_ipv6:
    description: Whether apt may use IPv6 only, by a drop-in in C(apt.conf.d). When false, that drop-in is removed.
    type: bool
    default: false
  probe:
    description:
      - Whether to try a TCP connection over IPv6 to each region mirror, and to the main mirror in place of one that is
        silent. When neither answers, the module fails and changes nothing.
      - What may pass, such as a connection that nobody took, is tried three times, a second apart.
      - When false, every region mirror is replaced unasked. Right where apt goes through a proxy.
    type: bool
    default: true
  root:
    description: Folder that stands for the root of the file system.
    type: path
    default: /
  store:
    description: Where the record of changed files is kept, below O(root).
    type: path
    default: /var/lib/ipv6.aws_containers/apt
attributes:
  check_mode:
    description: Says what it would change; mirrors are tried all the same.
    support: full
  diff_mode:
    description: Shows each file before and after.
    support: full
  platform:
    description: Debian 12 and Ubuntu 22.04, or later; O(state=present) refuses others.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Fetch packages from mirrors that answer over IPv6
  ipv6.aws_containers.apt_mirrors:
    force_ipv6: true

- name: Go back to the cloud's own mirrors
  ipv6.aws_containers.apt_mirrors:
    state: absent
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
tried:
  description: The mirrors that were tried, and why one did not answer over IPv6 (null where it did).
  returned: always
  type: list
  elements: dict
  sample: [{"mirror": "http://us-east-1.ec2.archive.ubuntu.example", "silent": "no IPv6 address"}]
"""

import glob
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import probe, sources
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files, originals, release
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

SOURCES = ("sources.list", "sources.list.d/*.list", "sources.list.d/*.sources", "mirrors/*.list")
FORCE_IPV6 = "etc/apt/apt.conf.d/60ipv6-aws-containers"
CLOUD_INIT = "etc/cloud/cloud.cfg.d"
NOTE = "Written by the Ansible role ipv6.aws_containers.apt_mirrors."


def source_paths(root: str) -> list[str]:
    """Every file of apt's that may name a mirror."""
    return [path for pattern in SOURCES for path in sorted(glob.glob(os.path.join(root, "etc/apt", pattern)))]


def source_texts(root: str) -> dict[str, str]:
    """The sources below ``root``, by path."""
    texts = {path: files.read(path) for path in source_paths(root)}
    return {path: text for path, text in texts.items() if text is not None}


def drop_in_changes(root: str, force_ipv6: bool) -> list[files.Change]:
    """The drop-ins for apt and for cloud-init."""
    forced = f'// {NOTE}\nAcquire::ForceIPv6 "true";\n' if force_ipv6 else None
    changes = [files.change(os.path.join(root, FORCE_IPV6), forced)]
    folder = os.path.join(root, CLOUD_INIT)
    if os.path.isdir(folder):
        text = f"# {NOTE}\n# Else cloud-init would name the region mirror again.\napt:\n  preserve_sources_list: true\n"
        changes.append(files.change(os.path.join(folder, "99-ipv6-aws-containers-apt.cfg"), text))
    return changes


def wanted(root: str, force_ipv6: bool, ask: bool) -> tuple[list[files.Change], list[dict]]:
    """The changes, and which mirrors were tried. Raises PlanError on another system, and when none of two answers."""
    os_release = os.path.join(root, release.PATH.lstrip("/"))
    release.check(files.read(os_release), os_release)
    texts = source_texts(root)
    going, tried = (
        sources.to_replace(texts, probe.silent)
        if ask
        else (
            [mirror for path, text in texts.items() for mirror in sources.region_mirrors(text, path)],
            [],
        )
    )
    changes = [files.Change(path, text, sources.with_main_mirrors(text, path, going)) for path, text in texts.items()]
    said = [{"mirror": str(mirror), "silent": why} for mirror, why in tried]
    return files.needed(changes + drop_in_changes(root, force_ipv6)), said


def main() -> None:
    """Observe, compare, and write unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "force_ipv6": {"type": "bool", "default": False},
            "probe": {"type": "bool", "default": True},
            "root": {"type": "path", "default": "/"},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/apt"},
        },
        supports_check_mode=True,
    )
    params = module.params
    store = os.path.join(params["root"], params["store"].lstrip("/"))
    try:
        if params["state"] == "present":
            changes, tried = wanted(params["root"], params["force_ipv6"], params["probe"])
        else:
            changes, tried = originals.restorations(store), []
        if not module.check_mode:
            if changes and params["state"] == "present":
                files.write(originals.remembering(store, changes))
            for change in changes:
                files.write(change)
            if params["state"] == "absent":
                originals.forget(store)
    except PlanError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"apt's sources can't be changed: {error}")
    of_sources = source_paths(params["root"])
    module.exit_json(
        changed=bool(changes),
        files=[change.path for change in changes],
        sources_changed=any(change.path in of_sources for change in changes),
        tried=tried,
        diff=[change.diff() for change in changes],
    )


if __name__ == "__main__":
    main()
