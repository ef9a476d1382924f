#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module container_health: wait until containers run, and are healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_health
short_description: Wait until containers run and are healthy, all at once
version_added: 0.1.0
description:
  - A container with a health check, its own or its image's, has to be healthy. Another has to run for two seconds, so
    that one that ends at once, and is started again and again, is found.
  - Waits until each is ready, or has ended and is not started again by Docker; else fails when O(timeout) is over. The
    error says of each container that is not ready what was seen last. Logs of containers are not shown, as secrets may
    be in them; what a health check prints is.
  - An action plugin shows while it waits for whom.
  - The V(healthy) of M(community.docker.docker_container) waits for one container after the other, does not see
    that one without a health check is not running, and shows its environment when it fails.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.observing
options:
  containers:
    description: Names of containers.
    type: list
    elements: str
    required: true
  timeout:
    description: For how many seconds to wait. With V(0) it looks once.
    type: int
    default: 120
attributes:
  check_mode:
    description: Does not wait, and does not fail.
"""

EXAMPLES = r"""
- name: Wait until the containers are healthy
  ipv6.aws_containers.container_health:
    containers: [web, worker]
    timeout: 60
"""

RETURN = r"""
pending:
  description: Whether a container may still become ready.
  returned: when it has looked
  type: bool
containers:
  description: What was seen last, by name.
  returned: always
  type: dict
  sample:
    web: {status: running, health: healthy, exit_code: 0, restarts: 0, settled: true, probe: 0, output: "", error: ""}
  contains:
    status:
      description: What Docker says, V(running) or V(restarting) say; V(absent) without such a container.
      type: str
    health:
      description: V(starting), V(healthy), V(unhealthy); null without a health check.
      type: str
    exit_code:
      description: The last one; null if it never ended.
      type: int
    restarts:
      description: How often Docker started it again.
      type: int
    settled:
      description: Whether it has run for two seconds.
      type: bool
    probe:
      description: The last health probe's exit code; null before the first.
      type: int
    output:
      description: The end of what that printed.
      type: str
    error:
      description: Why Docker could not start it.
      type: str
"""

import time
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import health
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import docker

PAUSE = 0.5


def look(names: list[str]) -> dict[str, health.Seen]:
    """All of them, as they are now. Raises EngineError."""
    return {name: health.see(docker.get(f"/containers/{quote(name)}/json"), time.time()) for name in names}


def wait(names: list[str], seconds: int) -> dict[str, health.Seen]:
    """Until nobody has to be waited for, or the time is over; what was seen last. Raises EngineError."""
    end = time.monotonic() + seconds
    while True:
        seen = look(names)
        if not health.pending(seen) or time.monotonic() + PAUSE > end:
            return seen
        time.sleep(PAUSE)


def main() -> None:
    """Wait, and tell."""
    module = AnsibleModule(
        argument_spec={
            "containers": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    names, seconds = module.params["containers"], module.params["timeout"]
    if module.check_mode:
        module.exit_json(changed=False, containers={})
    try:
        seen = wait(names, seconds)
    except docker.EngineError as error:
        module.fail_json(msg=f"Docker does not answer: {error}")
    result = {"containers": {name: one.to_dict() for name, one in seen.items()}, "pending": health.pending(seen)}
    problems = health.problems(seen, seconds)
    if problems:
        module.fail_json(msg="\n".join(problems), **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
