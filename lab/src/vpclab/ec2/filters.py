# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EC2's filters: a value matches when any of the given patterns does; ``*`` and ``?`` are wildcards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeVar

import moto.ec2.utils
from moto.ec2.utils import format_timestamp


class Filterable(Protocol):
    """Anything that can say what a filter compares."""

    def get_filter_value(self, filter_name: str) -> Any:
        """The value, or the values, that the filter of this name compares."""


Item = TypeVar("Item", bound=Filterable)


def matches(value: Any, patterns: Sequence[str] | None) -> bool:
    """Whether any of ``value`` (one or several of str, bool, int, datetime; None is no value) matches any pattern."""
    return any(fnmatchcase(text, pattern) for text in _texts(value) for pattern in patterns or ())


def select(items: Iterable[Item], filters: Mapping[str, Sequence[str]] | None) -> list[Item]:
    """The items which match every one of the filters."""
    return [
        item
        for item in items
        if all(matches(item.get_filter_value(name), patterns) for name, patterns in (filters or {}).items())
    ]


def _texts(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, datetime):
        return (format_timestamp(value),)
    if isinstance(value, (str, int)):
        return (str(value),)
    return (text for part in value for text in _texts(part))


def _is_filter_matching(obj: Any, _filter: str, filter_value: Any) -> bool:
    return matches(obj.get_filter_value(_filter), [filter_value] if isinstance(filter_value, str) else filter_value)


def install() -> None:
    """Give moto's own describes these semantics: given several patterns, it wants all values to match."""
    moto.ec2.utils.is_filter_matching = _is_filter_matching
