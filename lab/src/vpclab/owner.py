# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's identity: the names of all that it makes, by which it is found again and deleted, also after a crash.

Namespaces, run directory, disks and control groups carry the lab's name between separators that a name can't contain,
so that one lab's are never taken for another's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from vpclab.errors import LabError

NAMESPACES = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab, by its name (letters, digits, hyphens; at most 24)."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,23}", self.name):
            raise LabError(
                f"lab name: must be 1 to 24 lower-case letters, digits or hyphens, got {self.name!r}",
                do="give another with --lab, or in LAB_NAME",
            )

    @property
    def run(self) -> Path:
        """Runtime directory: endpoint, keys, sockets, log."""
        return Path("/run/vpclab") / self.name

    @property
    def disks(self) -> Path:
        """The hosts' disks, on a real file system."""
        return Path("/var/lib/vpclab") / self.name

    @property
    def operator(self) -> Path:
        """The unix socket through which TCP enters the lab."""
        return self.run / "operator.sock"

    @property
    def log(self) -> Path:
        """The daemon's log."""
        return self.run / "daemon.log"

    @property
    def pid_file(self) -> Path:
        """The daemon's process id."""
        return self.run / "daemon.pid"

    def namespace(self, what: str) -> str:
        """Name of a network namespace: of a VPC or an instance by its id, or ``internet``."""
        return f"vpclab.{self.name}.{what}"

    @property
    def group(self) -> str:
        """The lab's control group, below the root of the version 2 hierarchy."""
        return f"vpclab.{self.name}"


def chosen(name: str | None) -> Lab:
    """The lab named on the command line, else by LAB_NAME, else ``default``."""
    return Lab(name or os.environ.get("LAB_NAME") or "default")
