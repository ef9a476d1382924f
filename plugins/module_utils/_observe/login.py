# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the controller came in, and what the login user may do."""

from __future__ import annotations

import grp
import os
import pwd


def connection() -> dict[str, str]:
    """``server``: the address of ours that ssh was reached at; ``client``: the peer's. Empty when not over ssh.

    sudo clears the environment, so ``SSH_CONNECTION`` is looked up in this process and then in its ancestors.
    """
    pid = os.getpid()
    while pid > 1:
        text, parent = _process(pid)
        for entry in text.split("\0"):
            name, _equals, value = entry.partition("=")
            fields = value.split()
            if name == "SSH_CONNECTION" and len(fields) == 4:
                return {"client": fields[0], "server": fields[2]}
        pid = parent
    return {}


def _process(pid: int) -> tuple[str, int]:
    """A process' environment and its parent's id; ("", 0) when it is gone or not ours to read."""
    try:
        with open(f"/proc/{pid}/environ", encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            parent = int(stream.read().rpartition(")")[2].split()[1])
    except OSError:
        return "", 0
    return text, parent


def user() -> str:
    """The user who logged in (before sudo)."""
    return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name


def groups(name: str) -> list[str]:
    """The names of the groups that user ``name`` is a member of, by the group database (a new login has them)."""
    primary = pwd.getpwnam(name).pw_gid
    return sorted(entry.gr_name for entry in grp.getgrall() if name in entry.gr_mem or entry.gr_gid == primary)
