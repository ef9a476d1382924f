# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of some packages are installed, which version of the engine there is or would be, and what can go again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .._host.commands import CommandError, run
from .._plan.errors import Problems

#: Packages that have dockerd, of the distribution and of the vendor.
ENGINES = ("docker.io", "docker-ce")


@dataclass(frozen=True)
class Packages:
    """``version``: the first package's, installed or to be, None without one.

    ``installed``: whether it is, in any version. ``missing``: still to be installed, as apt takes it: a name, or
    ``name=version``.
    """

    version: str | None
    installed: bool
    missing: tuple[str, ...]


def observe(required: Sequence[str], optional: Sequence[str], pin: str = "", pinned: Sequence[str] = ()) -> Packages:
    """Ask dpkg, and apt only for what dpkg does not have, or not in the wanted version.

    ``pin``: the beginning of the version that the packages ``pinned`` must have, ``28.5`` say. Raises CommandError, and
    PlanError when apt has no such version.
    """
    if pin and not re.fullmatch(r"\d+(\.\d+){0,2}", pin):
        _refuse("must be the beginning of an engine's version, such as 28.5", pin)
    here = parse_installed(_dpkg([*required, *optional]))
    wrong = [name for name in pinned if pin and name in here and not matches(here[name], pin)]
    absent = [name for name in (*required, *optional) if name not in here]
    policy = run(["apt-cache", "policy", *wrong, *absent]) if wrong or absent else ""
    there, tables = parse_candidates(policy), parse_versions(policy)
    engine = required[0]
    chosen = dict(there)
    for name in (one for one in (*wrong, *absent) if pin and one in pinned and one in there):
        fitting = [version for version in tables.get(name, ()) if matches(version, pin)]
        chosen[name] = fitting[0] if fitting else _none_fits(name, pin, tables.get(name, ()))
    return Packages(
        version=chosen.get(engine) if engine in wrong or engine in absent else here.get(engine),
        installed=engine in here,
        missing=tuple(
            f"{name}={chosen[name]}" if pin and name in pinned and name in chosen else name
            for name in (*absent, *wrong)
            if name in required or name in there
        ),
    )


def matches(version: str, pin: str) -> bool:
    """Whether a package's version, ``5:28.5.2-1~debian.13``, begins with the engine's version ``pin``, ``28.5``."""
    return re.match(r"(\d+:)?" + re.escape(pin) + r"(?!\d)", version) is not None


def _none_fits(name: str, pin: str, versions: Sequence[str]) -> str:
    return _refuse(f"must be one that apt has of {name}: {', '.join(versions)}", pin)


def _refuse(rule: str, pin: str) -> str:
    problems = Problems()
    problems.add("docker_version", rule, pin)
    problems.raise_if_any()
    raise AssertionError("unreachable")


def installed_names() -> frozenset[str]:
    """All installed packages. Raises CommandError."""
    text = run(["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n"])
    return frozenset(parse_installed(text))


def removable(ours: Collection[str], before: Collection[str]) -> list[str]:
    """What can go again: of the packages that we asked for (``ours``), those that nobody else needs, with all that came
    with them and that nobody needs either. Never one that was there ``before``. Raises CommandError.
    """
    now = installed_names()
    asked = sorted(name for name in ours if name in now and name not in before)
    alone = [name for name in asked if parse_removals(_simulate("remove", name)) <= {*asked, *_came(now, before, ours)}]
    if not alone:
        return []
    gone = parse_removals(_simulate("autoremove", *alone))
    return sorted(name for name in gone if name not in before)


def _came(now: Collection[str], before: Collection[str], ours: Collection[str]) -> set[str]:
    """Packages that apt brought by itself since: those which nobody asked for by name."""
    automatic = set(run(["apt-mark", "showauto"]).split())
    return {name for name in now if name not in before and (name in automatic or name in ours)}


def _simulate(verb: str, *names: str) -> str:
    return run(["apt-get", "--simulate", "--allow-change-held-packages", verb, *names])


def remove(names: Sequence[str]) -> None:
    """Remove packages; their configuration and data stay. Raises CommandError."""
    run(
        ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=60", "--allow-change-held-packages", "remove", *names],
        seconds=300.0,
    )


def _dpkg(names: Sequence[str]) -> str:
    try:
        return run(["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n", *names])
    except CommandError:
        # It fails as a whole when one name is unknown to it; then each is asked about by itself.
        return _dpkg(names[:1]) + _dpkg(names[1:]) if len(names) > 1 else ""


def parse_installed(text: str) -> Mapping[str, str]:
    """dpkg-query's lines ``status package version`` → versions of installed packages by name."""
    rows = (line.split() for line in text.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def parse_candidates(text: str) -> Mapping[str, str]:
    """``apt-cache policy`` in the C locale → candidate versions by name; packages without one are left out."""
    found = re.findall(r"^(\S+):\n\s+Installed: .*\n\s+Candidate: (\S+)", text, re.MULTILINE)
    return {name: version for name, version in found if version != "(none)"}


def parse_versions(text: str) -> Mapping[str, Sequence[str]]:
    """``apt-cache policy`` in the C locale → all versions by name, as apt prefers them."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.rstrip(":")
        match = re.match(r"(?: \*\*\*|    ) (\S+) -?\d+$", line)
        if match:
            found.setdefault(name, []).append(match[1])
    return found


def parse_removals(text: str) -> set[str]:
    """``apt-get --simulate`` → the packages that would go."""
    return set(re.findall(r"^(?:Remv|Purg) ([^\s:]+)", text, re.MULTILINE))
