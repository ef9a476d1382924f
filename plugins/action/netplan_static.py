# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of netplan_static: come back over a new connection, and confirm.

In one task, so that a host never waits for the others of its play while its timer runs.
"""

from __future__ import annotations

import contextlib
import time

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

#: How long a host whose timer has run out may take to be heard again.
TO_RECOVER = 60.0
PAUSE = 1.0

display = Display()


class ActionModule(ActionBase):
    """Runs the module, and once more with ``state: confirmed`` when it left a timer running."""

    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        """The module's result; a failure when the host could not be reached anew or has gone back."""
        super().run(tmp, task_vars)
        result = self._execute_module(task_vars=task_vars)
        if not result.get("armed") or result.get("failed") or self._task.check_mode:
            return result
        result.update(self._confirm(result["change_id"], float(self._task.args.get("revert_after", 30)), task_vars))
        return result

    def _confirm(self, change_id: str, revert_after: float, task_vars: dict | None) -> dict:
        """What confirming adds to the result. The host is tried until its timer has put it back and it had time to."""
        arguments = {key: value for key, value in self._task.args.items() if key == "store"}
        arguments.update(state="confirmed", change_id=change_id)
        end = time.monotonic() + revert_after + TO_RECOVER
        while True:
            with contextlib.suppress(AnsibleConnectionFailure):
                self._connection.reset()
            try:
                said = self._execute_module(module_args=arguments, task_vars=task_vars)
            except AnsibleConnectionFailure as error:
                display.vvv(f"netplan_static: not reached yet: {error}")
                if time.monotonic() > end:
                    return {
                        "failed": True,
                        "msg": f"the host was not reached again within {revert_after + TO_RECOVER:.0f} s: {error}",
                    }
                time.sleep(PAUSE)
                continue
            if said.get("failed"):
                return {"failed": True, "msg": said.get("msg", "the host could not confirm"), "armed": False}
            return {"armed": False}
