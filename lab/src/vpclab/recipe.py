# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host starts from: the recipe of its image, by whose hash built images are kept, and the files laid over it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOTFS = Path(__file__).parent / "rootfs"
"""Files that are the same on every host, laid over its image before its first boot."""

REGION_MIRROR = "us-east-1.ec2.archive.lab.test"
"""The mirror that images name, as EC2's do: it has an IPv4 address alone."""

PACKAGES = (
    *("systemd", "systemd-sysv", "systemd-resolved", "dbus", "udev", "netplan.io", "iproute2", "iputils-ping"),
    *("procps", "kmod", "python3", "python3-apt", "openssh-server", "sudo", "ca-certificates", "curl"),
    *("iptables", "nftables", "cloud-init", "dhcpcd-base", "busybox-static", "debian-archive-keyring"),
)
"""Docker is not among them: the role installs it, over IPv6."""

ENABLED = ("systemd-networkd", "systemd-resolved", "ssh")
# Nobody logs in on a pipe; and nothing but the play may hold apt's lock or use the network unasked.
MASKED = (
    *("console-getty.service", "getty@tty1.service"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "fstrim.timer", "e2scrub_all.timer"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: a Debian suite, and how its apt is set up. ``version`` changes when the way of building does."""

    suite: str
    deb822: bool
    check_valid_until: bool = True
    packages: tuple[str, ...] = PACKAGES
    version: int = 1

    def sources(self) -> tuple[str, str]:
        """Path (below the root) and text of its apt sources: one line on bookworm, deb822 later, as Debian does."""
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        uri = f"http://{REGION_MIRROR}/debian"
        if not self.deb822:
            return "etc/apt/sources.list", f"deb [signed-by={keyring}] {uri} {self.suite} main\n"
        stanza = f"Types: deb\nURIs: {uri}\nSuites: {self.suite}\nComponents: main\nSigned-By: {keyring}\n"
        return "etc/apt/sources.list.d/debian.sources", stanza

    def files(self) -> dict[str, str]:
        """Every file to lay over the image before a host's first boot: path below the root → text."""
        found = {
            str(path.relative_to(ROOTFS)): path.read_text(encoding="utf-8")
            for path in sorted(ROOTFS.rglob("*"))
            if path.is_file()
        }
        found.update([self.sources()])
        if not self.check_valid_until:
            found["etc/apt/apt.conf.d/90lab"] = 'Acquire::Check-Valid-Until "false";\n'
        return found

    def digest(self) -> str:
        """A short hash over everything that the image is made of, except its mirror."""
        made_of = json.dumps([asdict(self), ENABLED, MASKED], sort_keys=True)
        return hashlib.sha256(made_of.encode()).hexdigest()[:12]


RECIPES = {
    "bookworm": Recipe("bookworm", deb822=False),
    "trixie": Recipe("trixie", deb822=True),
    "forky": Recipe("forky", deb822=True, check_valid_until=False),
}
"""By suite. A suite in development may be served from a snapshot, whose validity has run out."""
