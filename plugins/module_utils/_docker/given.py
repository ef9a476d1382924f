# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker is given, looked at before anything is changed; refusals name its variables."""

from __future__ import annotations

import ipaddress
import pwd
from collections.abc import Sequence
from typing import cast

from .._plan.errors import Problems


def read_prefix(problems: Problems, value: object, path: str) -> ipaddress.IPv6Network | None:
    """A prefix of containers; None, and a problem, where it is none."""
    try:
        return ipaddress.IPv6Network(str(value))
    except ValueError:
        problems.add(path, "must be an aligned IPv6 prefix such as 2001:db8::8/126", repr(value))
        return None


def read(prefix: str, users: Sequence[str]) -> ipaddress.IPv6Network:
    """The containers' prefix. Raises PlanError, also when one of ``users`` is none of this host's.

    A user that is not there yet would be made by Ansible's module ``user``: an account of a misspelt name.
    """
    problems = Problems()
    found = read_prefix(problems, prefix, "docker_container_prefix")
    unknown = [user for user in users if not _known(user)]
    if unknown:
        problems.add("docker_users", "must be users of the host", ", ".join(unknown))
    problems.raise_if_any()
    return cast(ipaddress.IPv6Network, found)  # without one there was a problem


def _known(user: str) -> bool:
    """Whether the host has such a user, in whichever source of the name service switch."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
