# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core refuses, and why: every problem of a run is gathered and raised once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule.

    ``path`` is where the value was given (``hosts[1].container_prefix``), ``rule`` what it must be, ``value`` what it
    is (``None`` when there is nothing to show).
    """

    path: str
    rule: str
    value: str | None = None

    def __str__(self) -> str:
        got = "" if self.value is None else f", got {self.value}"
        return f"{self.path}: {self.rule}{got}"

    def to_dict(self) -> dict[str, str | None]:
        """As plain data: ``path``, ``rule``, ``value``."""
        return {"path": self.path, "rule": self.rule, "value": self.value}


class PlanError(Exception):
    """The request can't be met; nothing was changed.

    ``violations`` holds every reason.
    """

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        lines = [str(violation) for violation in self.violations]
        head = [] if len(lines) == 1 else [f"{len(lines)} problems, nothing was changed:"]
        super().__init__("\n".join(head + lines))


class Problems:
    """Gathers violations, so that a user sees all of them at once."""

    def __init__(self) -> None:
        self._found: dict[Violation, None] = {}

    def add(self, path: str, rule: str, value: object = None) -> None:
        """Note that ``value`` at ``path`` breaks ``rule``."""
        self._found[Violation(path, rule, None if value is None else str(value))] = None

    def extend(self, violations: Iterable[Violation]) -> None:
        """Note those that another has found, and raised."""
        self._found.update(dict.fromkeys(violations))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise one :class:`PlanError` with everything found; return when nothing was."""
        if self._found:
            raise PlanError(self._found)
