# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What community.docker.docker_container says of a container, without the values of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Of the module's result, what may be shown. Not ``container`` (all that Docker knows of it), ``actions`` (all that
#: Docker was asked for) and ``invocation``, each of which holds the environment.
SHOWN = ("changed", "failed", "msg", "diff", "warnings", "deprecations", "module_stderr", "skipped")
HIDDEN, CHANGED = "(hidden)", "(hidden, another than before)"


def masked(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with what may be shown of it; in its difference, an environment's names alone."""
    shown = {key: result[key] for key in SHOWN if key in result}
    diff = shown.get("diff")
    if isinstance(diff, Mapping):
        before, after = _sides(diff.get("before"), diff.get("after"))
        shown["diff"] = {"before": before, "after": after}
    elif diff:
        shown["diff"] = {"before": HIDDEN, "after": CHANGED}
    return shown


def _sides(before: Any, after: Any) -> tuple[Any, Any]:
    sides = [dict(one) if isinstance(one, Mapping) else {} for one in (before, after)]
    if any("env" in side for side in sides):
        known, asked = (_read(side.get("env")) for side in sides)
        for side, env, other in ((sides[0], known, known), (sides[1], asked, known)):
            side["env"] = {key: CHANGED if key in other and other[key] != env[key] else HIDDEN for key in sorted(env)}
    return sides[0], sides[1]


def _read(env: Any) -> dict[str, str]:
    """By name, from a list of ``NAME=value`` as Docker has it, or a dictionary."""
    if isinstance(env, Mapping):
        return {str(key): str(value) for key, value in env.items()}
    pairs = (str(one).partition("=") for one in env or () if env and not isinstance(env, str))
    return {name: value for name, _equals, value in pairs}
