#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module docker_daemon: daemon.json for the engine that is, or will be, installed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_daemon
short_description: Configure Docker so that containers' IPv6 is neither translated nor open
version_added: 0.1.0
description:
  - Finds the version of Docker that is installed, else the one that apt would install, decides what this version needs,
    and merges that with C(/etc/docker/daemon.json) and the user's keys. Can run before Docker is installed, so that the
    daemon starts with the right configuration at once; refreshes apt's lists if they don't have the package.
  - Keys of C(daemon.json) that it did not write stay. A key that says otherwise than IPv6 needs is refused.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  packages:
    description: The packages to install; the first one's version is the engine's.
    type: list
    elements: str
    required: true
  optional_packages:
    description: Packages to install where the host's sources have them.
    type: list
    elements: str
    default: []
  network:
    description: V(routed) is a user-defined network, V(default_bridge) is C(docker0).
    type: str
    choices: [routed, default_bridge]
    default: routed
  container_prefix:
    description: The containers' IPv6 prefix, C(/64) to C(/126).
    type: str
    required: true
  bridge:
    description: Name of the user-defined network's interface.
    type: str
    default: br-pub6
  config:
    description: The user's keys of C(daemon.json).
    type: dict
    default: {}
  store:
    description: Where to keep which keys were written.
    type: path
    default: /var/lib/ipv6.aws_containers/docker/daemon.json
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
  platform:
    description: Debian and Ubuntu.
    platforms: debian
    support: full
"""

EXAMPLES = r"""
- name: Configure the daemon
  ipv6.aws_containers.docker_daemon:
    packages: [docker.io, nftables]
    optional_packages: [docker-cli]
    container_prefix: 2600:1f18:47b:ca03::8/126
  register: daemon
"""

RETURN = r"""
engine:
  description: The engine's version; null in check mode when it is neither installed nor known to apt.
  returned: always
  type: str
  sample: 28.5.2
installed:
  description: Whether the engine is installed.
  returned: always
  type: bool
missing:
  description: Packages that are still to be installed.
  returned: always
  type: list
  elements: str
left:
  description: The C(prefix) that C(docker0) had and will not have any more, with its C(gateway); null without one.
  returned: when the engine is known
  type: dict
guard:
  description: Whether undeclared ports have to be closed by M(ipv6.aws_containers.guard).
  returned: when the engine is known
  type: bool
bridge:
  description: The interface that containers are behind.
  returned: when the engine is known
  type: str
  sample: br-pub6
driver_options:
  description: Options of the user-defined network; null on C(docker0).
  returned: when the engine is known
  type: dict
gateway:
  description: The bridge's own address.
  returned: when the engine is known
  type: str
  sample: 2600:1f18:47b:ca03::9
"""

import ipaddress
import json
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import daemon, packages
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import engine as engines
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems

#: From here dockerd can check a configuration without starting.
FIRST_VALIDATE = engines.Engine(23, 0, 0)
UPDATE_SECONDS = 300.0


def read_prefix(text: str) -> ipaddress.IPv6Network:
    """The containers' prefix. Raises PlanError."""
    problems = Problems()
    try:
        return ipaddress.IPv6Network(text)
    except ValueError:
        problems.add("docker_container_prefix", "must be an aligned IPv6 prefix such as 2001:db8::8/126", text)
    problems.raise_if_any()
    raise AssertionError("unreachable")


def validate(text: str, engine: engines.Engine) -> None:
    """Let the installed engine check a configuration. Raises CommandError with what it says."""
    if engine < FIRST_VALIDATE:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as stream:
        stream.write(text)
        stream.flush()
        run(["dockerd", "--validate", "--config-file", stream.name])


def main() -> None:
    """Observe, decide, and write unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "optional_packages": {"type": "list", "elements": "str", "default": []},
            "network": {"type": "str", "choices": list(engines.NETWORKS), "default": engines.ROUTED},
            "container_prefix": {"type": "str", "required": True},
            "bridge": {"type": "str", "default": "br-pub6"},
            "config": {"type": "dict", "default": {}},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/docker/daemon.json"},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        prefix = read_prefix(params["container_prefix"])
        there = packages.observe(params["packages"], params["optional_packages"])
        if there.version is None and not module.check_mode:
            run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=60", "update"], seconds=UPDATE_SECONDS)
            there = packages.observe(params["packages"], params["optional_packages"])
        if there.version is None:
            if not module.check_mode:
                module.fail_json(msg=f"packages[0]: must be in apt's sources, got {params['packages'][0]}")
            module.exit_json(changed=False, engine=None, installed=False, missing=list(there.missing))
        engine = engines.Engine.parse(there.version)
        wanted = engines.settings(engine, params["network"], prefix, params["bridge"])
        managed = json.loads(files.read(params["store"]) or "{}")
        merged = daemon.merge(files.read(daemon.PATH), managed, params["config"], wanted, prefix)
        change = files.change(daemon.PATH, merged.text)
        if change.needed and merged.text and there.installed:
            validate(merged.text, engine)
        if not module.check_mode:
            kept = files.change(params["store"], json.dumps(merged.managed, sort_keys=True) + "\n", 0o600)
            for one in files.needed([change, kept]):
                files.write(one)
    except (PlanError, CommandError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=change.needed,
        engine=str(engine),
        installed=there.installed,
        missing=list(there.missing),
        left={"prefix": str(merged.left), "gateway": str(engines.gateway(merged.left))} if merged.left else None,
        guard=wanted.guard,
        bridge=wanted.bridge,
        driver_options=wanted.driver_options,
        gateway=str(engines.gateway(prefix)),
        diff=[change.diff()] if change.needed else [],
    )


if __name__ == "__main__":
    main()
