# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's disk: an overlay on its image, and what must lie on a real file system beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vpclab.run import run


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of one host, all of it in one directory."""

    directory: Path

    @property
    def root(self) -> Path:
        """Where the host's root file system is mounted while it runs."""
        return self.directory / "root"

    @property
    def console(self) -> Path:
        """What the host has written to its console since it was made."""
        return self.directory / "console.log"

    @property
    def binds(self) -> tuple[tuple[Path, str], ...]:
        """Directories outside the overlay, and where the host has them: Docker's overlays can't lie on an overlay."""
        return (
            (self.directory / "docker", "/var/lib/docker"),
            (self.directory / "containerd", "/var/lib/containerd"),
        )

    def mount(self, image: Path) -> bool:
        """Mount the root file system; what was written to it earlier is there again. True when nothing ever was."""
        fresh = not (self.directory / "upper").exists()
        for path in (self.root, self.directory / "upper", self.directory / "work", *(path for path, _ in self.binds)):
            path.mkdir(parents=True, exist_ok=True)
        if not self.root.is_mount():
            # Volatile: no fsync of a host reaches the machine's disk, nor does unmounting flush all of it. A crash of
            # the machine could cost a lab's host, which is gone then anyway. The last mount's mark is in the way.
            shutil.rmtree(self.directory / "work/work/incompat", ignore_errors=True)
            layers = f"lowerdir={image},upperdir={self.directory / 'upper'},workdir={self.directory / 'work'}"
            run("mount", "-t", "overlay", "vpclab", "-o", f"{layers},volatile", str(self.root))
        return fresh

    def write(self, files: Mapping[str, str]) -> None:
        """Lay files (path below the root → text) over the mounted root file system."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                path.unlink()  # followed, it might lead out of the root
            path.write_text(text, encoding="utf-8")
            # sshd refuses a private key that others may read.
            path.chmod(0o600 if "PRIVATE KEY" in text else 0o644)

    def read(self, name: str) -> str | None:
        """A file of the mounted root file system; None when it is not there."""
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except OSError:
            return None

    def unmount(self) -> None:
        """Unmount the root file system; lazily, since a process that ends late must not keep the host."""
        if self.root.is_mount():
            run("umount", "--lazy", str(self.root))

    def delete(self) -> None:
        """Unmount and delete all of it."""
        self.unmount()
        shutil.rmtree(self.directory, ignore_errors=True)
