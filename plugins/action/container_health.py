# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of container_health: it asks again every few seconds, and shows for whom it waits.

A module that runs on another host has no way to show anything before it ends.
"""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import health

#: Seconds between two lines on the screen.
INTERVAL = 5


class ActionModule(ActionBase):
    """M(ipv6.aws_containers.container_health)."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's last result; its message speaks of all the time that was waited."""
        super().run(tmp, task_vars)
        spec = {
            "containers": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 120},
        }
        _checked, asked = self.validate_argument_spec(spec)
        host = (task_vars or {}).get("inventory_hostname", "")
        end = time.monotonic() + asked["timeout"]
        while True:
            left = max(0, round(end - time.monotonic()))
            arguments = {**asked, "timeout": min(INTERVAL, left)}
            said = self._execute_module(module_args=arguments, task_vars=task_vars)
            if not (said.get("failed") and said.get("pending")):
                break
            seen = {name: health.Seen(**one) for name, one in said["containers"].items()}
            if left <= INTERVAL:
                message = "\n".join(health.problems(seen, asked["timeout"]))
                # Nothing else of it: the module's own message speaks of the last seconds alone.
                said = {"failed": True, "msg": message, "pending": True, "containers": said["containers"]}
                break
            Display().display(f"{host}: {health.progress(seen)}")
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return said
