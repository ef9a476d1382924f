# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared container may say that goes on to Docker: the types that community.docker.docker_container takes.

Checked here, as that module says so of one option of one container, after others have been made. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._plan.errors import Problems

RESTART_POLICIES = ("always", "no", "on-failure", "unless-stopped")
RESTART_POLICY = "unless-stopped"
DURATIONS = ("interval", "timeout", "start_period", "start_interval")
HEALTHCHECK_KEYS = ("test", "retries", *DURATIONS, "test_cli_compatible")
#: How Docker runs a test that is a list; NONE takes the image's own away.
TESTS = ("CMD", "CMD-SHELL", "NONE")
#: As community.docker reads it: at least one of the parts, in this order.
_DURATION = re.compile(r"(?=\d)(\d+h)?(\d+m(?!s))?(\d+s)?(\d+ms)?(\d+us)?")


def read(problems: Problems, path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the container's options that it has and that are sound; the others are problems."""
    found = {}
    for key, check in _CHECKS.items():
        if item.get(key) is not None:
            value = check(problems, f"{path}.{key}", item[key])
            if value is not None:
                found[key] = value
    return {"restart_policy": RESTART_POLICY, **found}


def _is_word(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _word(problems: Problems, path: str, value: Any) -> str | None:
    if _is_word(value) and str(value).strip():
        return str(value)
    problems.add(path, "must be a text", repr(value))
    return None


def _words(problems: Problems, path: str, value: Any) -> list[str] | None:
    if not isinstance(value, (list, tuple)):
        problems.add(path, "must be a list of texts", repr(value))
        return None
    for at, one in enumerate(value):
        if not _is_word(one):
            problems.add(f"{path}[{at}]", "must be a text", repr(one))
    return [str(one) for one in value]


def _command(problems: Problems, path: str, value: Any) -> list[str] | str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return _words(problems, path, value)
    problems.add(path, "must be a text, or a list of texts", repr(value))
    return None


def _absolute(problems: Problems, path: str, value: Any) -> str | None:
    if isinstance(value, str) and value.startswith("/"):
        return value
    problems.add(path, "must be an absolute path", repr(value))
    return None


def _volumes(problems: Problems, path: str, value: Any) -> list[str] | None:
    volumes = _words(problems, path, value)
    for at, one in enumerate(volumes or ()):
        if not 1 <= len(one.split(":")) <= 3 or not all(one.split(":")):
            problems.add(f"{path}[{at}]", "must be a volume such as /data, name:/data or /here:/there:ro", repr(one))
    return volumes


def _restart_policy(problems: Problems, path: str, value: Any) -> str | None:
    if value is False:  # YAML's own reading of a bare no
        return "no"
    if isinstance(value, str) and value in RESTART_POLICIES:
        return value
    problems.add(path, f"must be one of {', '.join(RESTART_POLICIES)}", repr(value))
    return None


def _env(problems: Problems, path: str, value: Any) -> dict[str, str] | None:
    """The values as texts. No problem shows one: they are where secrets are."""
    if not isinstance(value, Mapping):
        problems.add(path, "must be a dictionary", _kind(value))
        return None
    found = {}
    for key, one in value.items():
        if not isinstance(key, str) or not key or "=" in key:
            problems.add(path, "must have names without =", "another")
        elif not isinstance(one, (str, bool, int, float)):
            problems.add(f"{path}.{key}", "must be a text, a number or a boolean", _kind(one))
        else:
            found[key] = str(one).lower() if isinstance(one, bool) else str(one)
    return found


def _kind(value: Any) -> str:
    """What sort of value it is, where the value itself is not shown; by a name of its own, as Ansible derives types."""
    kinds = ((str, "a text"), (Mapping, "a dictionary"), ((list, tuple), "a list"), ((bool, int, float), "a number"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "nothing" if value is None else "another")


def _healthcheck(problems: Problems, path: str, value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        problems.add(path, "must be a dictionary with a test", repr(value))
        return None
    for key in sorted(set(value) - set(HEALTHCHECK_KEYS), key=str):
        problems.add(f"{path}.{key}", f"must be one of {', '.join(HEALTHCHECK_KEYS)}", key)
    _test(problems, f"{path}.test", value.get("test"))
    for key in DURATIONS:
        one = value.get(key)
        if one is not None and not (isinstance(one, str) and _DURATION.fullmatch(one)):
            problems.add(f"{path}.{key}", "must be a duration such as 30s or 1m30s", repr(one))
    retries = value.get("retries")
    if retries is not None and (isinstance(retries, bool) or not re.fullmatch(r"[1-9]\d*", str(retries))):
        problems.add(f"{path}.retries", "must be a number from 1 on", repr(retries))
    compatible = value.get("test_cli_compatible")
    if compatible is not None and not isinstance(compatible, bool):
        problems.add(f"{path}.test_cli_compatible", "must be a boolean", repr(compatible))
    return dict(value)


def _test(problems: Problems, path: str, value: Any) -> None:
    if isinstance(value, (list, tuple)) and value:
        _words(problems, path, value)
        if value[0] not in TESTS:
            problems.add(f"{path}[0]", f"must be one of {', '.join(TESTS)}", repr(value[0]))
        elif (len(value) == 1) != (value[0] == "NONE"):
            problems.add(path, "must be [NONE] alone, or have a command", repr(list(value)))
    elif not isinstance(value, str) or not value.strip():
        problems.add(
            path, "must be a shell's command line, or a list that begins with CMD, CMD-SHELL or NONE", repr(value)
        )


_CHECKS: Mapping[str, Callable[[Problems, str, Any], Any]] = {
    "command": _command,
    "entrypoint": _words,
    "env": _env,
    "healthcheck": _healthcheck,
    "hostname": _word,
    "restart_policy": _restart_policy,
    "user": _word,
    "volumes": _volumes,
    "working_dir": _absolute,
}
KEYS = tuple(_CHECKS)
