#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module apt_key_file: an apt repository's key, fetched once and pinned by its fingerprint."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_key_file
short_description: Fetch an apt repository's key and pin it by fingerprint
version_added: 0.1.0
description:
  - Brings about a key file for C(Signed-By). A file that holds exactly the pinned key is left alone, and nothing is
    fetched; what is fetched is written only if it holds that key and no other.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  url:
    description: Where the key is to be had, armoured or binary.
    type: str
    required: true
  fingerprint:
    description: The whole fingerprint of the primary key.
    type: str
    required: true
  path:
    description: The key file; C(.asc) for an armoured key, C(.gpg) for a binary one.
    type: path
    required: true
attributes:
  check_mode:
    description: Says whether it would fetch the key, and does not.
    support: full
  diff_mode:
    description: Keys are not shown.
    support: none
  platform:
    description: Debian and Ubuntu.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Pin the repository's key
  ipv6.aws_containers.apt_key_file:
    url: https://repository.example/key.asc
    fingerprint: 9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88
    path: /etc/apt/keyrings/docker.asc
"""

RETURN = r"""
fingerprint:
  description: The pinned fingerprint, as hexadecimal digits.
  returned: always
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import openpgp
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files


def holds(path: str, fingerprint: str) -> bool:
    """Whether the file has the pinned key and no other."""
    try:
        return openpgp.fingerprints(Path(path).read_bytes()) == [fingerprint]
    except (FileNotFoundError, openpgp.KeyFileError):
        return False


def main() -> None:
    """Look, fetch if need be, check, write."""
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            # no_log: a fingerprint is public, whatever Ansible makes of the word key in the module's name.
            "fingerprint": {"type": "str", "required": True, "no_log": False},
            "path": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    url, path = module.params["url"], module.params["path"]
    try:
        fingerprint = openpgp.normal(module.params["fingerprint"])
    except ValueError as error:
        module.fail_json(msg=f"fingerprint: {error}")
    if holds(path, fingerprint) or module.check_mode:
        module.exit_json(changed=not holds(path, fingerprint), fingerprint=fingerprint)
    response, info = fetch_url(module, url, timeout=30)
    if response is None or info["status"] != 200:
        module.fail_json(msg=f"{url}: can't be fetched: {info['msg']}")
    key = response.read()
    try:
        found = openpgp.fingerprints(key)
        if found != [fingerprint]:
            module.fail_json(msg=f"{url}: must hold the key {fingerprint} and no other, got {', '.join(found)}")
        files.write(files.Change(path, None, key.decode(errors="surrogateescape"), 0o644))
    except (openpgp.KeyFileError, OSError) as error:
        module.fail_json(msg=f"{url}: {error}")
    module.exit_json(changed=True, fingerprint=fingerprint)


if __name__ == "__main__":
    main()
