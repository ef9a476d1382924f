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
  - Keys of C(daemon.json) that it did not write stay. What a key of O(config), or one that IPv6 needs, takes the place
    of comes back when that key goes, unless somebody has changed it since. A key that says otherwise than IPv6 needs is
    refused, and so is one that would open the host, or that the engine would not take.
  - Remembers what was there before, the file and the packages, so that O(state=absent) can put it back.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  state:
    description:
      - V(absent) puts back the file as it was, byte for byte unless others have changed keys of theirs since, and
        removes the packages that the first run found missing, with those that came with them. Packages that others have
        come to need stay, and so do images, volumes and containers. With Docker's packages go its rules in the kernel
        (chains C(DOCKER*), and what jumps there or names its bridges), and IPv4 forwarding if it was off before.
      - V(absent) does nothing on a host where V(present) never ran.
      - V(validated) lets the engine that is installed check the file (from 23 on), and changes nothing.
    type: str
    choices: [present, absent, validated]
    default: present
  packages:
    description: The packages to install; the first one's version is the engine's.
    type: list
    elements: str
    default: []
  optional_packages:
    description: Packages to install where the host's sources have them.
    type: list
    elements: str
    default: []
  version:
    description:
      - The beginning of the engine's version, such as V(28.5). Without it, what is installed is right, else the
        version that apt prefers.
    type: str
    default: ""
  pinned:
    description: Which of the packages have the engine's version.
    type: list
    elements: str
    default: []
  hold:
    description: Whether the pinned packages are to be held. This module only remembers it, and returns RV(selection).
    type: bool
    default: false
  network:
    description: V(routed) is a user-defined network, V(default_bridge) is C(docker0).
    type: str
    choices: [routed, default_bridge]
    default: routed
  container_prefix:
    description: The containers' IPv6 prefix, C(/64) to C(/126). Needed when present.
    type: str
    default: ""
  bridge:
    description: Name of the user-defined network's interface.
    type: str
    default: br-pub6
  ipv4:
    description: Whether the user-defined network has IPv4 as well. It can do without from Docker 28 on.
    type: bool
    default: true
  config:
    description: The user's keys of C(daemon.json).
    type: dict
    default: {}
  mirrors:
    description:
      - URLs of mirrors of Docker's registry. There is a warning of one that does not answer over IPv6.
      - They are C(https), or their hosts are in the C(insecure-registries) of O(config).
    type: list
    elements: str
    default: []
  users:
    description: Users who are to use Docker. This module only refuses those that the host does not have.
    type: list
    elements: str
    default: []
  store:
    description: Where to keep what was written, and what was there before.
    type: path
    default: /var/lib/ipv6.aws_containers/docker/daemon.json
attributes:
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows the file before and after, and the packages that O(state=absent) removes.
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
  description: Packages still to be installed, C(name) or C(name=version).
  returned: always
  type: list
  elements: str
action:
  description: >-
    What the running daemon needs for the change, V(nothing), V(reload) or V(restart), also one still due.
  returned: when the engine is known
  type: str
selection:
  description: V(hold) for packages to hold, V(install) for packages to let go that were held, else null.
  returned: when the engine is known
  type: str
outlive:
  description: Whether the daemon has to be reloaded before it is restarted, so that containers outlive that.
  returned: when the engine is known
  type: bool
there:
  description: Whether there was anything to put back.
  returned: when O(state=absent)
  type: bool
removed:
  description: The packages that were, or would be, removed.
  returned: when O(state=absent)
  type: list
  elements: str
left:
  description: The C(prefix) that C(docker0) had and will not have any more, with its C(gateway); null without one.
  returned: when the engine is known
  type: dict
unreachable_mirrors:
  description: Mirrors that can't be reached over IPv6, and why.
  returned: when the engine is known
  type: dict
  sample: {"https://mirror.example": "no IPv6 address: No address associated with hostname"}
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
  description: Options of the user-defined network, with the MTU of O(config) or the default route; null on C(docker0).
  returned: when the engine is known
  type: dict
gateway:
  description: The bridge's own address.
  returned: when the engine is known
  type: str
  sample: 2600:1f18:47b:ca03::9
"""

import contextlib
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import (
    daemon,
    given,
    leave,
    mirrors,
    packages,
    record,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import engine as engines
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files, release
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker, links
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems

#: From here dockerd can check a configuration without starting.
FIRST_VALIDATE = engines.Engine(23, 0, 0)
UPDATE_SECONDS = 300.0


def validate(text: str, engine: engines.Engine) -> None:
    """Let the installed engine check a configuration. Raises PlanError with what it says."""
    if engine < FIRST_VALIDATE:
        return
    problems = Problems()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as stream:
        stream.write(text)
        stream.flush()
        try:
            run(["dockerd", "--validate", "--config-file", stream.name])
        except CommandError as error:
            said = str(error).rpartition(f"{stream.name}: ")[2]
            problems.add(daemon.PATH, f"must be what Docker {engine} takes", said)
    problems.raise_if_any()


def running_containers() -> int:
    """How many containers run; 0 when Docker does not."""
    with contextlib.suppress(docker.EngineError):
        return len(docker.get("/containers/json") or []) if os.path.exists(leave.PID_FILE) else 0
    return 0


def older_than_its_file() -> bool:
    """Whether the daemon runs since before its file was written."""
    with contextlib.suppress(OSError):
        return os.stat(leave.PID_FILE).st_mtime < os.stat(daemon.PATH).st_mtime
    return False


def observe(params: dict, check_mode: bool) -> packages.Packages:
    """What is installed or would be; apt's lists are refreshed if they have no such package, not in check mode."""
    asked = (params["packages"], params["optional_packages"], params["version"], params["pinned"])
    there = packages.observe(*asked)
    if there.version is None and not check_mode:
        run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=60", "update"], seconds=UPDATE_SECONDS)
        there = packages.observe(*asked)
    return there


def present(module: AnsibleModule) -> dict:
    """Observe, decide, and write unless in check mode. Raises PlanError, CommandError, OSError, ValueError."""
    params = module.params
    release.check(files.read(release.PATH))
    prefix = given.read(params["container_prefix"], params["users"])
    text = files.read(daemon.PATH)
    known = record.read(params["store"])
    managed, replaced = (known.managed, known.replaced) if known else ({}, {})
    user = mirrors.merged(params["config"], params["mirrors"], daemon.USER)
    daemon.check(text, managed, user, prefix)
    there = observe(params, module.check_mode)
    if there.version is None:
        if not module.check_mode:
            rule = f"must be one from which apt has {params['packages'][0]}"
            module.fail_json(msg=f"docker_source: {rule}, got no such package")
        return {"changed": True, "engine": None, "installed": False, "missing": list(there.missing)}
    engine = engines.Engine.parse(there.version)
    mtu = user.get("mtu") or links.outward_mtu()
    wanted = engines.settings(engine, params["network"], prefix, params["bridge"], params["ipv4"], mtu)
    mirrors.merged(params["config"], params["mirrors"], daemon.USER, engine)
    merged = daemon.merge(text, managed, replaced, user, wanted, prefix, engine)
    change = files.change(daemon.PATH, merged.text)
    if there.installed:
        daemon.refuse_while_outliving(text, merged.text, running_containers())
        if change.needed and merged.text and not there.missing:
            validate(merged.text, engine)
    unreachable = mirrors.unreachable(params["mirrors"])
    for url, why in unreachable.items():
        module.warn(f"{mirrors.VARIABLE}: {url} can't be reached over IPv6: {why}")
    action = daemon.action(text, merged.text)
    if not change.needed and known and known.action == daemon.RESTART and older_than_its_file():
        action = daemon.RESTART
    if not module.check_mode:
        now = packages.installed_names() if there.missing and not (known and known.before) else ()
        done = action if change.needed else None
        forwards = int(files.read(leave.IP_FORWARD) or 0)
        ours = (merged.managed, merged.replaced)
        kept = record.follow(known, text, *ours, there.missing, now, done, params["hold"], forwards)
        for one in files.needed([files.change(params["store"], kept.text(), 0o600), change]):
            files.write(one)
    return {
        "changed": change.needed or action != daemon.NOTHING,
        "engine": str(engine),
        "installed": there.installed,
        "missing": list(there.missing),
        "action": action,
        "selection": "hold" if params["hold"] else "install" if known and known.hold else None,
        "outlive": daemon.begins_to_outlive(text, merged.text),
        "left": {"prefix": str(merged.left), "gateway": str(engines.gateway(merged.left))} if merged.left else None,
        "unreachable_mirrors": unreachable,
        "guard": wanted.guard,
        "bridge": wanted.bridge,
        "driver_options": wanted.driver_options,
        "gateway": str(engines.gateway(prefix)),
        "diff": [change.diff()] if change.needed else [],
    }


def validated(module: AnsibleModule) -> dict:
    """Have the engine that is there look at its file. Raises PlanError, CommandError, OSError, ValueError."""
    there = packages.observe(module.params["packages"], [])
    text = files.read(daemon.PATH)
    if text and there.installed and there.version:
        validate(text, engines.Engine.parse(there.version))
    return {"changed": False, "installed": there.installed}


def main() -> None:
    """One state or the other."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "validated"], "default": "present"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "optional_packages": {"type": "list", "elements": "str", "default": []},
            "version": {"type": "str", "default": ""},
            "pinned": {"type": "list", "elements": "str", "default": []},
            "hold": {"type": "bool", "default": False},
            "network": {"type": "str", "choices": list(engines.NETWORKS), "default": engines.ROUTED},
            "container_prefix": {"type": "str", "default": ""},
            "bridge": {"type": "str", "default": "br-pub6"},
            "ipv4": {"type": "bool", "default": True},
            "config": {"type": "dict", "default": {}},
            "mirrors": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "str", "default": []},
            "store": {"type": "path", "default": "/var/lib/ipv6.aws_containers/docker/daemon.json"},
        },
        required_if=[("state", state, ["packages"]) for state in ("present", "validated")],
        supports_check_mode=True,
    )
    try:
        if module.params["state"] == "absent":
            result = leave.absent(module.params["store"], module.check_mode)
        else:
            result = {"present": present, "validated": validated}[module.params["state"]](module)
    except (PlanError, CommandError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
