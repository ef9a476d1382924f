# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each container by community.docker.docker_container, and none of an environment's values on the screen or in a log.

An action plugin, as that module returns, compares and logs them, and only ``no_log`` would hide them: together with the
differences and with the reason of a failure.
"""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._masked import masked

MODULE = "community.docker.docker_container"
PULL = "community.docker.docker_image_pull"
LOOK = "community.docker.docker_image_info"


class ActionModule(ActionBase):
    """M(ipv6.aws_containers.run_containers)."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """One after the other, each though another failed, as a loop does."""
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(
            {
                "containers": {"type": "list", "elements": "dict", "required": True},
                "state": {"type": "str", "choices": ["run", "imaged"], "default": "run"},
            }
        )
        # A module writes its options to the host's journal, unless told not to.
        quiet = {**(task_vars or {}), "ansible_no_target_syslog": True}
        imaged = arguments["state"] == "imaged"
        listed = _one_of_each_image(arguments["containers"]) if imaged else arguments["containers"]
        results = {}
        for options in listed:
            if imaged:
                results[options["name"]] = self._image(options["image"], quiet)
            else:
                said = self._execute_module(module_name=MODULE, module_args=options, task_vars=quiet)
                results[options["name"]] = masked(said)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        return combined(results)

    def _image(self, image: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Have the image on the host. An id can't be pulled: it is there or it is not."""
        if image.startswith("sha256:"):
            said = self._execute_module(module_name=LOOK, module_args={"name": [image]}, task_vars=task_vars)
            if not said.get("failed") and not said.get("images"):
                said = {"failed": True, "msg": "the host has no image of this id"}
        else:
            arguments = {"name": image, "pull": "not_present"}
            said = self._execute_module(module_name=PULL, module_args=arguments, task_vars=task_vars)
        if not said.get("failed"):
            return said
        rule = f"must be on the host, or in a registry that answers: {_reason(said)}"
        return {"failed": True, "path": ".image", "msg": f"{rule}, got {image}"}


def _one_of_each_image(containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    images: dict[str, dict[str, Any]] = {}
    for one in containers:
        images.setdefault(one["image"], one)
    return list(images.values())


def combined(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The containers' results, by name, as one task's; ``path`` is what of the container a failure is about."""
    failures = [
        f"containers[{name}]{one.get('path', '')}: {_reason(one)}" for name, one in results.items() if one.get("failed")
    ]
    diffs = [
        {"before_header": name, "after_header": name, **one["diff"]}
        for name, one in results.items()
        if one.get("diff") and one.get("changed")
    ]
    return {
        "changed": any(one.get("changed") for one in results.values()),
        "containers": {name: {"changed": bool(one.get("changed"))} for name, one in results.items()},
        **{key: found for key in ("warnings", "deprecations") if (found := _gathered(key, results))},
        **({"diff": diffs} if diffs else {}),
        **({"failed": True, "msg": "\n".join(failures)} if failures else {}),
    }


def _reason(result: dict[str, Any]) -> str:
    return " ".join(str(result[key]).strip() for key in ("msg", "module_stderr") if result.get(key)) or "it failed"


def _gathered(key: str, results: dict[str, dict[str, Any]]) -> list[Any]:
    return [entry for one in results.values() for entry in one.get(key) or ()]
