# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data that somebody else wrote, read with care: what is broken is noted with its path, and reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .addresses import Block, read_block
from .errors import Problems

_T = TypeVar("_T")
_D = TypeVar("_D")
_MOST_SHOWN = 60  # characters of a broken value in a message


class Item:
    """A dictionary: reads its values, notes what is broken and goes on with something of the right type.

    ``path`` is where it is (empty: its keys are paths themselves), ``name`` what it is known by.
    """

    def __init__(self, raw: Mapping[Any, Any], path: str, problems: Problems, name: str = "") -> None:
        self.name = name
        self._raw = raw
        self._path = path
        self._problems = problems
        self._known = {"id", "name"} if name else set[str]()

    def complete(self, value: _T) -> _T:
        """The value read, once nothing else is in the dictionary."""
        self.no_others("id" if "id" in self._raw else "name")
        return value

    def no_others(self, *known: str) -> None:
        """Note keys that nobody asked for: a misspelt one would be ignored without a word."""
        allowed = sorted((self._known - {"id", "name"}) | set(known))
        for key in sorted(str(key) for key in self._raw if key not in allowed):
            self._problems.add(self._at(key), f"must be one of {', '.join(allowed)}")

    def items(self, key: str, name: str) -> list[Item]:
        """The dictionaries of a list, each known by its key ``name``; those without one are noted and left out."""
        found: list[Item] = []
        seen: set[str] = set()
        for index, raw in enumerate(self._list(key)):
            path = f"{self._at(key)}[{index}]"
            if not isinstance(raw, Mapping):
                self._problems.add(path, "must be a dictionary", shown(raw))
                continue
            called = raw.get(name)
            if not isinstance(called, str) or not called:
                self._problems.add(f"{path}.{name}", "must be given, as text", shown(called))
            elif called in seen:
                self._problems.add(f"{path}.{name}", "must be unique in the list", called)
            else:
                seen.add(called)
                found.append(Item(raw, f"{self._at(key)}[{called}]", self._problems, called))
        return found

    def text(self, key: str, default: str = "") -> str:
        """A text; absent or null is the default."""
        value = self._value(key)
        return default if value is None else self._checked(key, value, read_text, default)

    def optional(self, key: str) -> str | None:
        """A text or nothing."""
        value = self._value(key)
        return None if value is None else self._checked(key, value, read_text, None)

    def needed(self, key: str) -> str:
        """A text that says something."""
        value = self.text(key)
        if not value and self._raw.get(key) in (None, ""):
            self._problems.add(self._at(key), "must be given, as text")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self._value(key)
        return default if value is None else self._checked(key, value, _read_flag, default)

    def count(self, key: str, default: int | None) -> int | None:
        """A whole number, 0 or more."""
        value = self._value(key)
        return default if value is None else self._checked(key, value, read_count, default)

    def block(self, key: str, needed: bool = False) -> Block | None:
        """An aligned block from its text."""
        value = self._value(key)
        if value is None and not needed:
            return None
        return self._checked(key, value, read_block, None)

    def many(self, key: str, reader: Callable[[object], _T]) -> tuple[_T, ...]:
        """The values of a list that are sound."""
        found = []
        for index, value in enumerate(self._list(key)):
            try:
                found.append(reader(value))
            except ValueError as error:
                self._problems.add(f"{self._at(key)}[{index}]", str(error), shown(value))
        return tuple(found)

    def texts(self, key: str) -> dict[str, str]:
        """A dictionary of texts."""
        value = self._value(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._problems.add(self._at(key), "must be a dictionary of texts", shown(value))
            return {}
        for name, text in value.items():
            if not isinstance(name, str) or not isinstance(text, str):
                self._problems.add(f"{self._at(key)}[{name}]", "must be text", shown(text))
        return {name: text for name, text in value.items() if isinstance(name, str) and isinstance(text, str)}

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _value(self, key: str) -> object:
        self._known.add(key)
        return self._raw.get(key)

    def _list(self, key: str) -> Sequence[object]:
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            self._problems.add(self._at(key), "must be a list", shown(value))
            return ()
        return value

    def _checked(self, key: str, value: object, reader: Callable[[object], _T], default: _D) -> _T | _D:
        try:
            return reader(value)
        except ValueError as error:
            self._problems.add(self._at(key), str(error), shown(value))
            return default


def read_text(value: object) -> str:
    """Text. :raises ValueError: the rule that it breaks."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    # Ansible marks some texts as its own; what is compared and printed later shall be plain.
    return str(value)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def read_count(value: object) -> int:
    """A whole number, 0 or more. :raises ValueError: the rule that it breaks."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number, 0 or more")
    return int(value)


def shown(value: object) -> str:
    """A value for a message: never ``None``, which a message would leave out, and never a page of it."""
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
