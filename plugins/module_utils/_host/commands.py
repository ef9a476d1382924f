# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a host's own tools: bounded in time, in the C locale, and an error that says what was attempted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

SECONDS = 60.0


class CommandError(Exception):
    """A tool is missing, failed or did not end in time; the text holds the command and what it said."""


def run(command: Sequence[str], stdin: str | None = None, seconds: float = SECONDS) -> str:
    """Run ``command`` and return its standard output. Raises CommandError, also for a tool that is not there."""
    said = " ".join(command)
    try:
        done = subprocess.run(
            list(command),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"},
        )
    except FileNotFoundError as error:
        raise CommandError(f"{said}: {command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{said}: no end within {seconds:.0f} s") from error
    if done.returncode != 0:
        raise CommandError(f"{said}: rc {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
