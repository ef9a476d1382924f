# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host ``internet``: a Debian system in the Internet's own namespace, from where the VPC is seen from outside."""

from __future__ import annotations

from vpclab import images
from vpclab.fabric.links import INTERNET
from vpclab.hosts import nspawn
from vpclab.hosts.disk import Disk
from vpclab.keys import KeyPair
from vpclab.owner import Lab
from vpclab.services.sites import RESOLVER, SITES

SUITE = "trixie"
NAME = "internet"
_PATIENCE = 10.0


def files(host_key: KeyPair, login: str) -> dict[str, str]:
    """What makes a host image into this host: its identity, who may log in as root, its names; no cloud, no DHCP."""
    hosts = "".join(f"{address} {name}\n" for name, address in SITES.items())
    found = {
        "etc/hostname": f"{NAME}\n",
        "etc/hosts": f"127.0.0.1 localhost\n::1 localhost\n{hosts}",
        "etc/ssh/ssh_host_ed25519_key": host_key.private,
        "etc/ssh/ssh_host_ed25519_key.pub": f"{host_key.public}\n",
        "etc/ssh/sshd_config.d/20-internet.conf": "HostKey /etc/ssh/ssh_host_ed25519_key\n",
        "etc/ssh/lab_authorized_keys": f"{login}\n",
        # systemd-resolved asks nobody where no link has a global address: sites are on the loopback, links without.
        "etc/resolv.conf": f"nameserver {RESOLVER}\n",
        "etc/cloud/cloud-init.disabled": "",
    }
    # An empty unit is a masked one: the namespace's links and addresses are the fabric's.
    for unit in ("systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service"):
        found[f"etc/systemd/system/{unit}"] = ""
    return found


class InternetHost:
    """Boots at once; the namespace must be there."""

    def __init__(self, lab: Lab, host_key: KeyPair, login: str) -> None:
        self._disk = Disk(lab.disks / NAME)
        if self._disk.mount(images.path(SUITE)):
            self._disk.write({**images.recipe(SUITE).files(), **files(host_key, login)})
        self.group = nspawn.make_group((lab.group, NAME))
        self._run = nspawn.Run(nspawn.Machine(f"{lab.name}-{NAME}", self._disk, lab.namespace(INTERNET), self.group))

    @property
    def leader(self) -> int | None:
        """Its init, as the machine numbers it."""
        return self._run.leader

    def busybox(self) -> bytes:
        """The static busybox of its image."""
        return (self._disk.root / "usr/bin/busybox").read_bytes()

    def close(self) -> None:
        """Shut it down and delete its disk."""
        self._run.power_off(_PATIENCE)
        self._disk.delete()
