# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's repository as apt takes it: a deb822 source that trusts one key alone."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .._host.release import Release
from .._plan.errors import Problems

#: By the architecture's name in dpkg: those that the vendor has packages of the engine for
#: (the list on docs.docker.com, "Install Docker Engine on Debian", and on Ubuntu).
ARCHITECTURES = {
    "debian": ("amd64", "arm64", "armhf", "ppc64el"),
    "ubuntu": ("amd64", "arm64", "armhf", "ppc64el", "s390x"),
}


def check(url: str, release: Release, architecture: str) -> None:
    """Refuse what can't be a repository for the host. Raises PlanError with every problem found."""
    problems = Problems()
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        problems.add("docker_vendor_url", "must be an http or https URL without query and fragment", repr(url))
    if not re.fullmatch(r"[a-z]+", release.codename):
        problems.add("/etc/os-release", "must name the release (VERSION_CODENAME)", repr(release.codename))
    known = ARCHITECTURES[release.distribution]
    if architecture not in known:
        rule = f"must be distribution on this architecture: the vendor has {', '.join(known)}"
        problems.add("docker_source", rule, architecture)
    problems.raise_if_any()


def key_url(url: str, release: Release) -> str:
    """Where the vendor has its key."""
    return f"{url.rstrip('/')}/{release.distribution}/gpg"


def text(url: str, release: Release, architecture: str, key: str) -> str:
    """The source's file; ``key``: the path of the key's file."""
    return f"""\
# Written by the Ansible role ipv6.aws_containers.docker.
Types: deb
URIs: {url.rstrip("/")}/{release.distribution}
Suites: {release.codename}
Components: stable
Architectures: {architecture}
Signed-By: {key}
"""
