#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module docker_repository: the vendor's repository, and its key, pinned by its fingerprint."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_repository
short_description: Have apt know the repository of Docker's vendor, by a key that is pinned
version_added: 0.1.0
description:
  - Brings about a deb822 source for the host's release and architecture, and the file of the one key that it trusts.
  - A file that holds exactly the pinned key is left alone, and nothing is fetched; what is fetched is written only if
    it holds that key and no other. What the vendor has no packages for is refused before anything is fetched.
  - apt's lists are not read again; M(ipv6.aws_containers.docker_daemon) does so if they don't have the engine.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description: V(restored) puts back the source as it was O(before), and takes the key away if there was none.
    type: str
    choices: [present, restored]
    default: present
  url:
    description: The repository, without the distribution's name. Needed when present.
    type: str
  fingerprint:
    description: The whole fingerprint of the primary key. Needed when present.
    type: str
  path:
    description: The source's file.
    type: path
    required: true
  key_path:
    description: The key's file; C(.asc) for an armoured key, C(.gpg) for a binary one.
    type: path
    required: true
  before:
    description: The RV(before) of the run that is to be undone.
    type: str
attributes:
  check_mode:
    description: Says what it would change, and fetches nothing.
    support: full
  diff_mode:
    description: Shows the source before and after; keys are not shown.
    support: partial
  platform:
    description: Debian 12 and Ubuntu 22.04, or later; others are refused.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Know the vendor's repository
  ipv6.aws_containers.docker_repository:
    url: https://download.docker.com/linux
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88
    path: /etc/apt/sources.list.d/docker.sources
    key_path: /etc/apt/keyrings/docker.asc
"""

RETURN = r"""
fingerprint:
  description: The pinned fingerprint, as hexadecimal digits.
  returned: when O(state=present)
  type: str
before:
  description: The source's text before; null when there was none.
  returned: when O(state=present)
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import openpgp
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import repository
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files, release
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


def holds(path: str, fingerprint: str) -> bool:
    """Whether the file has the pinned key and no other."""
    try:
        return openpgp.fingerprints(Path(path).read_bytes()) == [fingerprint]
    except (FileNotFoundError, openpgp.KeyFileError):
        return False


def fetch(module: AnsibleModule, url: str, fingerprint: str) -> str:
    """The key's text; fails for any other key."""
    said = f"docker_vendor_url: {url}"
    response, info = fetch_url(module, url, timeout=30)
    if response is None or info["status"] != 200:
        module.fail_json(msg=f"{said} can't be fetched: {info['msg']}")
    key = response.read()
    try:
        found = openpgp.fingerprints(key)
    except openpgp.KeyFileError as error:
        module.fail_json(msg=f"{said} {error}")
    if found != [fingerprint]:
        module.fail_json(msg=f"{said} must hold the key {fingerprint} and no other, got {', '.join(found)}")
    return key.decode(errors="surrogateescape")


def present(module: AnsibleModule) -> dict:
    """Look, fetch if need be, check, write. Raises PlanError, CommandError, OSError."""
    params = module.params
    host = release.check(files.read(release.PATH))
    architecture = run(["dpkg", "--print-architecture"]).strip()
    repository.check(params["url"], host, architecture)
    try:
        fingerprint = openpgp.normal(params["fingerprint"])
    except ValueError as error:
        module.fail_json(msg=f"docker_vendor_fingerprint: {error}")
    known = holds(params["key_path"], fingerprint)
    source = files.change(params["path"], repository.text(params["url"], host, architecture, params["key_path"]), 0o644)
    if not module.check_mode:
        if not known:
            key = fetch(module, repository.key_url(params["url"], host), fingerprint)
            files.write(files.Change(params["key_path"], None, key, 0o644))
        for one in files.needed([source]):
            files.write(one)
    return {
        "changed": source.needed or not known,
        "fingerprint": fingerprint,
        "before": source.before,
        "diff": [source.diff()] if source.needed else [],
    }


def restored(module: AnsibleModule) -> dict:
    """Undo it. Raises OSError."""
    before = module.params["before"]
    changes = [files.change(module.params["path"], before)]
    if before is None:
        changes.append(files.change(module.params["key_path"], None))
    for one in files.needed(changes):
        if not module.check_mode:
            files.write(one)
    return {"changed": bool(files.needed(changes)), "diff": [one.diff() for one in files.needed(changes[:1])]}


def main() -> None:
    """One state or the other."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
            "url": {"type": "str"},
            "fingerprint": {"type": "str"},
            "path": {"type": "path", "required": True},
            # no_log: where a public key is, is no secret, whatever Ansible makes of the word key.
            "key_path": {"type": "path", "required": True, "no_log": False},
            "before": {"type": "str"},
        },
        required_if=[("state", "present", ("url", "fingerprint"))],
        supports_check_mode=True,
    )
    try:
        result = {"present": present, "restored": restored}[module.params["state"]](module)
    except (PlanError, CommandError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
