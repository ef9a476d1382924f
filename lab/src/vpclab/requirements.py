# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab needs of its machine: root, programs (by their packages), features of the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from vpclab import namespaces
from vpclab.errors import LabError
from vpclab.owner import Lab
from vpclab.run import in_namespace

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nft": "nftables",
    "ip": "iproute2",
    "bridge": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "sysctl": "procps",
    "chroot": "coreutils",
    "ssh": "openssh-client",
}
"""Program → the Debian and Ubuntu package that has it."""

FILES = {"/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring"}
"""File → its package: Ubuntu has no key of Debian's archive."""

_MODULES = (
    *("overlay", "bridge", "br_netfilter", "veth", "nf_tables", "nf_conntrack"),
    # What Docker's rules need: a host can't load modules, so the machine does before.
    *("ip_tables", "ip6_tables", "iptable_nat", "ip6table_nat", "iptable_filter", "ip6table_filter"),
    *("xt_conntrack", "xt_MASQUERADE", "xt_addrtype", "nft_compat", "nft_chain_nat"),
)

_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_ENOUGH = 1024
"""A host holds about 20 of these, and all hosts count as root's: the usual 128 is six hosts."""


def check_root() -> None:
    """Raise unless this is root."""
    if os.geteuid():
        raise LabError(
            "lab: needs root, to make network namespaces and to boot hosts",
            why=f"it runs as user {os.geteuid()}",
            do="run it with sudo",
        )


def check_packages() -> None:
    """Raise when programs or files are missing, naming the packages to install."""
    missing = [(name, package) for name, package in PROGRAMS.items() if shutil.which(name) is None]
    missing += [(name, package) for name, package in FILES.items() if not Path(name).exists()]
    if missing:
        packages = " ".join(sorted({package for _, package in missing}))
        raise LabError(f"lab: missing {', '.join(name for name, _ in missing)}", do=f"run: apt-get install {packages}")


def check_kernel(lab: Lab) -> None:
    """Raise when the kernel can't do what the network needs, by trying it in a namespace of its own."""
    if shutil.which("modprobe"):
        # What is built in has no module, and what is missing shows below.
        subprocess.run(["modprobe", "--all", "--quiet", *_MODULES], capture_output=True, check=False)
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="ascii").split():
        raise LabError("kernel: no overlay file system", do="load it (modprobe overlay), or use another kernel")
    probe = lab.namespace("probe")
    try:
        namespaces.create(probe)
        _try(probe, "virtual links", "veth", "ip", "link", "add", "p0", "type", "veth", "peer", "name", "p1")
        _try(probe, "bridges", "bridge", "ip", "link", "add", "b0", "type", "bridge")
        _try(probe, "filters on bridges", "nf_tables", "nft", "add", "table", "bridge", "probe")
        setting = "net.bridge.bridge-nf-call-ip6tables=1"
        _try(probe, "IP filters on bridges", "br_netfilter", "sysctl", "-q", "-w", setting)
        rule = "add table inet probe; add chain inet probe c; add rule inet probe c ct state established accept"
        _try(probe, "connection tracking", "nf_conntrack", "nft", rule)
    finally:
        namespaces.delete(probe)


def raise_limits(progress: Callable[[str], None]) -> None:
    """Give the machine room for many hosts: the one setting of its own that the lab changes, and it says so."""
    if int(_INOTIFY.read_text(encoding="ascii")) < _INOTIFY_ENOUGH:
        progress(f"raising {_INOTIFY} to {_INOTIFY_ENOUGH}, for several hosts")
        _INOTIFY.write_text(f"{_INOTIFY_ENOUGH}\n", encoding="ascii")


def _try(namespace: str, feature: str, module: str, *command: str) -> None:
    try:
        in_namespace(namespace, *command)
    except LabError as failure:
        raise LabError(
            f"kernel: no {feature}", why=failure.why, do=f"load it (modprobe {module}), or use another kernel"
        ) from failure


def widen_path() -> None:
    """Find administrators' programs too, here and in what is started from here: sudo may keep a user's own path."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
