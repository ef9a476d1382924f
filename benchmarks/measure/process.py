# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are run to their end, and say why they failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class RunError(RuntimeError):
    """A command failed; the text is the end of what it said."""


def run(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """Run it to its end; what it printed.

    :raises RunError: its exit status isn't 0.
    """
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            # Asked, not killed: it has processes of its own to end.
            process.terminate()
            process.communicate()
            raise
    if process.returncode:
        raise RunError(f"exit status {process.returncode}: {' '.join(command)}\n{said[-3000:]}")
    return said


def clean_environment() -> dict[str, str]:
    """The environment without what would steer Ansible, or lead to a real account."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))} | {
        "ANSIBLE_NOCOLOR": "1"
    }
