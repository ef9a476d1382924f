# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was on the host before the role docker came, and what it did: all that it takes to put the host back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .._host import files
from .._plan.errors import PlanError
from . import daemon


@dataclass(frozen=True)
class Record:
    """``original``: daemon.json before (None: there was none). ``managed``: our keys in it, as written last.

    ``replaced``: what others had under keys of ours that were there before us.
    ``packages``: those that were missing, by name; ``before``: all that were installed before the first of them.
    ``action``: what the running daemon needed for the last change. ``hold``: whether we hold packages. ``ip_forward``:
    the kernel's switch for IPv4 before Docker first came (None: nobody looked).
    """

    original: str | None
    managed: Mapping[str, Any]
    packages: tuple[str, ...] = ()
    before: tuple[str, ...] = field(default=())
    action: str = daemon.NOTHING
    hold: bool = False
    ip_forward: int | None = None
    replaced: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As a file."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def read(path: str) -> Record | None:
    """What the file holds, None without one. Raises ValueError, OSError.

    Older records have no ``replaced``: what the file had before the first run stands for it.
    """
    text = files.read(path)
    if text is None:
        return None
    try:
        data = json.loads(text)
        if "replaced" not in data:
            data["replaced"] = daemon.replaced_at_first(data["original"], data["managed"])
        return Record(**{**data, "packages": tuple(data["packages"]), "before": tuple(data["before"])})
    except (ValueError, KeyError, TypeError, PlanError) as error:
        raise ValueError(f"{path}: must be the record that this role keeps of a host, got {text[:80]!r}") from error


def follow(
    known: Record | None,
    text: str | None,
    managed: Mapping[str, Any],
    replaced: Mapping[str, Any],
    missing: Collection[str],
    now: Collection[str],
    action: str | None,
    hold: bool = False,
    ip_forward: int | None = None,
) -> Record:
    """The next record. The first run's word on what was there before stands, whatever later runs find.

    ``text`` is daemon.json as it is found, ``managed`` and ``replaced`` are of what it becomes, ``missing`` what apt is
    to install (``name`` or ``name=version``; one that was there before is only replaced by another version), ``now``
    all that is installed if there was no word on it yet, ``action`` what the change needs (None: there is no change),
    ``hold`` whether packages are to be held, ``ip_forward`` what the kernel's switch is now.
    """
    before = known.before if known and known.before else tuple(sorted(now))
    ours = {name.partition("=")[0] for name in missing} - set(before) | set(known.packages if known else ())
    return Record(
        original=known.original if known else text,
        managed=managed,
        packages=tuple(sorted(ours)),
        before=before,
        action=action if action is not None else known.action if known else daemon.NOTHING,
        hold=hold,
        ip_forward=known.ip_forward if known else ip_forward,
        replaced=replaced,
    )
