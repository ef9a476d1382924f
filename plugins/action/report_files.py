# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files on the controller, without a process for each: the report is written in the process that made it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """M(ipv6.aws_containers.report_files). A report is no change of what it is about, so this never says that it is."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """The paths that were written; a failure names the path and what stood against it."""
        super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            argument_spec={
                "files": {
                    "type": "list",
                    "elements": "dict",
                    "required": True,
                    "options": {
                        "path": {"type": "path", "required": True},
                        "content": {"type": "str", "required": True},
                    },
                }
            }
        )
        written = []
        for file in arguments["files"]:
            try:
                _write(Path(file["path"]), file["content"])
            except OSError as error:
                return {"failed": True, "changed": False, "msg": f"{file['path']}: {error.strerror}", "paths": written}
            written.append(file["path"])
        return {"changed": False, "paths": written}


def _write(path: Path, content: str) -> None:
    """Whole or not at all; a reader never sees half a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
