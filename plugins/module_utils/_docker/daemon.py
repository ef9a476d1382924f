# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json: what the host has, what the user wants and what IPv6 needs, merged; a clash is refused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._plan.errors import PlanError, Problems
from . import keys
from .engine import DEFAULT_BRIDGE_INTERFACE, Engine, Settings

PATH = "/etc/docker/daemon.json"
USER = "docker_daemon_config"
#: Where a value stands that nobody finds in the file now, as ours took its place.
REPLACED = f"{PATH} as it was before {USER}"

NOTHING, RELOAD, RESTART = "nothing", "reload", "restart"
#: Keys that a running daemon takes over at a signal, in every engine from 20.10 (moby's daemon/reload.go). A key that
#: is taken out again is not looked at there.
RELOADABLE = frozenset(
    {
        *("debug", "insecure-registries", "labels", "live-restore", "registry-mirrors", "shutdown-timeout"),
        *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
    }
)
#: What docker0 is given by the role alone, where containers are on it.
_OF_DOCKER0 = ("bridge", "bip6", "default-gateway-v6")


@dataclass(frozen=True)
class Merged:
    """The file's new text (None: no file is needed), and the keys in it that are ours to change or take out next time.

    ``replaced``: what others had under those of our keys that were there before us, of the same value or another.
    ``left``: the IPv6 prefix that docker0 had and will not have any more, if any.
    """

    text: str | None
    managed: Mapping[str, Any]
    replaced: Mapping[str, Any]
    left: ipaddress.IPv6Network | None


def parse(text: str | None, path: str = PATH) -> dict[str, Any]:
    """The object in a daemon.json; an empty or missing file is an empty object. Raises PlanError."""
    problems = Problems()
    parsed: Any = {}
    if text and text.strip():
        try:
            parsed = json.loads(text)
        except ValueError as error:
            problems.add(path, f"must be JSON ({error})")
        else:
            if not isinstance(parsed, dict):
                problems.add(path, "must be a JSON object", json.dumps(parsed)[:80])
    problems.raise_if_any()
    return parsed


def check(text: str | None, managed: Mapping[str, Any], user: Mapping[str, Any], prefix: ipaddress.IPv6Network) -> None:
    """Refuse what no engine takes, or keeps the promise with. Before anybody knows the engine. Raises PlanError."""
    problems = Problems()
    foreign: Mapping[str, Any] = {}
    try:
        foreign = _visible(text, managed)
    except PlanError as error:
        problems.extend(error.violations)
    _check(problems, PATH, _unsaid(foreign, user), prefix)
    _check(problems, USER, user, prefix)
    problems.raise_if_any()


def merge(
    text: str | None,
    managed: Mapping[str, Any],
    replaced: Mapping[str, Any],
    user: Mapping[str, Any],
    wanted: Settings,
    prefix: ipaddress.IPv6Network,
    engine: Engine,
) -> Merged:
    """Merge the keys of daemon.json, one level deep: a key is somebody's as a whole.

    ``text`` is the file as it is, ``managed`` what the last run put there and ``replaced`` in place of what, ``user``
    the keys asked for, ``wanted`` those that IPv6 needs. Keys of others stay, and come back when ours that took their
    place go. Raises PlanError when the user, or the file, says otherwise.
    """
    ours = {**user, **wanted.daemon}
    theirs = _theirs(text, managed, replaced)
    visible = _visible(text, managed)
    back = {key: value for key, value in theirs.items() if key not in visible and key not in ours}
    problems = Problems()
    for path, given in ((PATH, _unsaid(visible, user)), (REPLACED, back), (USER, user)):
        _check(problems, path, given, prefix, wanted.bridge)
        keys.check_known(problems, path, given, engine)
        _compare(problems, path, given, wanted)
    problems.raise_if_any()

    merged = {**theirs, **ours}
    under = {key: theirs[key] for key in ours if key in theirs}
    before = parse(text)
    if _same(merged, before):
        return Merged(text, ours, under, None)
    return Merged(_written(merged), ours, under, _left(before, merged))


def action(before: str | None, after: str | None) -> str:
    """What a running daemon needs to take over the change of its file. Raises PlanError for a file that is not JSON."""
    had, has = parse(before), parse(after)
    changed = {key for key in {*had, *has} if not _same(had.get(key), has.get(key)) or (key in had) != (key in has)}
    if not changed:
        return NOTHING
    return RELOAD if changed <= RELOADABLE and changed <= set(has) else RESTART


def begins_to_outlive(before: str | None, after: str | None) -> bool:
    """Whether containers are to outlive the daemon (live-restore) from now on: it must know so before it stops."""
    return bool(parse(after).get("live-restore")) and not parse(before).get("live-restore")


def refuse_while_outliving(before: str | None, after: str | None, running: int) -> None:
    """Refuse what would seem to succeed: a daemon that finds containers running keeps their bridges as they are.

    ``running``: how many containers run. Raises PlanError.
    """
    had, has = parse(before), parse(after)
    problems = Problems()
    if had.get("live-restore") and running:
        for key in ("ipv6", "fixed-cidr-v6", "ip6tables", "bip", "bip6", "bridge"):
            if had.get(key) != has.get(key):
                rule = "must not change while live-restore keeps containers running; stop them first"
                problems.add(f"{PATH}: {key}", f"{rule} ({running} run)", json.dumps(has.get(key)))
    problems.raise_if_any()


def replaced_at_first(original: str | None, managed: Mapping[str, Any]) -> dict[str, Any]:
    """What our keys took the place of, as far as the file before our first run tells. Raises PlanError."""
    first = parse(original)
    return {key: first[key] for key in managed if key in first}


def restore(
    text: str | None, original: str | None, managed: Mapping[str, Any], replaced: Mapping[str, Any]
) -> str | None:
    """The file without our keys: the ``original``, byte for byte, unless others have changed keys of theirs since.

    What is ``replaced`` comes back; keys of ours that somebody has changed by hand are theirs now and stay. A text that
    somebody else wrote, with nothing of ours in it, stays as it is. Raises PlanError.
    """
    left = _theirs(text, managed, replaced)
    if _same(left, parse(text)) and text != _written(left):
        return text
    return original if _same(left, parse(original)) else _written(left)


def _written(content: Mapping[str, Any]) -> str | None:
    """The file as we write it; none for nothing."""
    return json.dumps(content, indent=2, sort_keys=True) + "\n" if content else None


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON: to Python 1 is true, and to Docker it is a mistake."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _visible(text: str | None, managed: Mapping[str, Any]) -> dict[str, Any]:
    """What others have in the file: all but what is there as we wrote it."""
    return {key: value for key, value in parse(text).items() if key not in managed or not _same(managed[key], value)}


def _theirs(text: str | None, managed: Mapping[str, Any], replaced: Mapping[str, Any]) -> dict[str, Any]:
    """What the file would hold without us.

    Under a key that is there as we wrote it that is what we replaced; one that somebody has changed or taken out since
    is as they left it.
    """
    visible = _visible(text, managed)
    hidden = {key: replaced[key] for key in parse(text) if key not in visible and key in replaced}
    return {**hidden, **visible}


def _unsaid(visible: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    # What the user says of a key stands, whatever the file has: that is not looked at.
    return {key: value for key, value in visible.items() if key not in user}


def _check(
    problems: Problems, path: str, given: Mapping[str, Any], prefix: ipaddress.IPv6Network, bridge: str = ""
) -> None:
    keys.check_types(problems, path, given)
    keys.check_promise(problems, path, given, path == USER)
    for key, value in keys.overlapping(given, prefix):
        # On docker0 this is the containers' prefix itself, and compared with that.
        if key != "fixed-cidr-v6" or (bridge and bridge != DEFAULT_BRIDGE_INTERFACE):
            on = f" on {bridge}" if bridge else ""
            problems.add(f"{path}: {key}", f"must not overlap the containers' prefix {prefix}{on}", value)


def _compare(problems: Problems, path: str, given: Mapping[str, Any], wanted: Settings) -> None:
    for key, value in given.items():
        where = f"{path}: {key}"
        if key in wanted.daemon and value != wanted.daemon[key]:
            rule = f"must be {json.dumps(wanted.daemon[key])}, or left out, for containers' IPv6 on {wanted.bridge}"
            problems.add(where, rule, json.dumps(value))
        elif key in wanted.refused and value == wanted.refused[key][0]:
            problems.add(where, wanted.refused[key][1], json.dumps(value))
        elif key in _OF_DOCKER0 and value and wanted.bridge == DEFAULT_BRIDGE_INTERFACE:
            problems.add(where, f"must be left out: the containers are on {DEFAULT_BRIDGE_INTERFACE}", value)
    if not wanted.ipv4:
        keys.check_dns(problems, path, given)


def _left(before: Mapping[str, Any], after: Mapping[str, Any]) -> ipaddress.IPv6Network | None:
    had, has = before.get("fixed-cidr-v6"), after.get("fixed-cidr-v6")
    try:
        return ipaddress.IPv6Network(had) if had and had != has else None
    except ValueError:
        return None
