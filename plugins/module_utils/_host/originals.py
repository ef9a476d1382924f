# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files held before a role changed them, so that it can put them back: one record in a role's own folder.

A file that somebody else rewrites between two runs of the role has a new original: what the role then found.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .._plan.errors import Problems
from . import files

NAME = "originals.json"


@dataclass(frozen=True)
class Original:
    """A file before the role's first change (``text``; None: it was not there), and a digest of what the role wrote."""

    text: str | None
    written: str | None


def _digest(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def load(store: str) -> dict[str, Original]:
    """By path; empty when the role has changed nothing."""
    text = files.read(os.path.join(store, NAME))
    return {path: Original(**entry) for path, entry in json.loads(text).items()} if text else {}


def remembering(store: str, changes: Iterable[files.Change]) -> files.Change:
    """The change to the record that notes what is there before ``changes`` are written; to be written first."""
    known = load(store)
    for one in changes:
        kept = known.get(one.path)
        ours = kept is not None and kept.written == _digest(one.before)
        known[one.path] = Original(kept.text if kept and ours else one.before, _digest(one.after))
    record = json.dumps({path: asdict(entry) for path, entry in sorted(known.items())}, indent=1) + "\n"
    return files.change(os.path.join(store, NAME), record, 0o600)


def restorations(store: str) -> list[files.Change]:
    """The changes that put everything back. Raises PlanError for files that somebody else has changed since."""
    problems = Problems()
    changes = []
    for path, entry in load(store).items():
        change = files.change(path, entry.text)
        if change.needed and _digest(change.before) != entry.written:
            problems.add(path, f"must be as this role left it; what it was before is in {store}/{NAME}", "edited")
        elif change.needed:
            changes.append(change)
    problems.raise_if_any()
    return changes


def forget(store: str) -> None:
    """Take a role's folder away, and the one above it unless another role needs it."""
    shutil.rmtree(store, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(store))
