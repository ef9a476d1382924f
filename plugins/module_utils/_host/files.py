# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's change as a value: it can be shown (``--diff``), skipped (check mode) or written, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_BYTES_AS_THEY_ARE = "surrogateescape"


@dataclass(frozen=True)
class Change:
    """What a file holds (``before``), what it shall hold (``after``); None stands for "no such file".

    ``mode`` is given to a file that is made or rewritten; None keeps the mode that it has (0644 for a new one).
    """

    path: str
    before: str | None
    after: str | None
    mode: int | None = None

    @property
    def needed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.after

    def diff(self) -> dict[str, str]:
        """As Ansible shows differences."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": _shown(self.before),
            "after": _shown(self.after),
        }


def _shown(text: str | None) -> str:
    return "" if text is None else text.encode(errors=_BYTES_AS_THEY_ARE).decode(errors="replace")


def read(path: str) -> str | None:
    """The text of a file with every byte kept (whatever its encoding and line ends), or None when there is none."""
    try:
        return Path(path).read_bytes().decode(errors=_BYTES_AS_THEY_ARE)
    except (FileNotFoundError, NotADirectoryError):
        return None


def change(path: str, after: str | None, mode: int | None = None) -> Change:
    """The change that brings the file at ``path`` to ``after``."""
    return Change(path, read(path), after, mode)


def needed(changes: Iterable[Change]) -> list[Change]:
    """Those that change something."""
    return [one for one in changes if one.needed]


def write(one: Change) -> None:
    """Bring the file about: a reader sees the old text or the new one, never a part; folders are made as needed."""
    path = Path(one.path)
    if one.after is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    status = path.stat() if path.exists() else None
    mode = one.mode if one.mode is not None else (status.st_mode & 0o7777 if status else 0o644)
    handle, temporary = tempfile.mkstemp(dir=str(path.parent), prefix="." + path.name + ".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(one.after.encode(errors=_BYTES_AS_THEY_ARE))
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        if status:
            os.chown(temporary, status.st_uid, status.st_gid)
        os.replace(temporary, str(path))
    except BaseException:
        os.unlink(temporary)
        raise
