# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of the machine: run, and on failure say which command and what it printed."""

from __future__ import annotations

import shlex
import subprocess

from vpclab.errors import LabError


def run(*command: str, stdin: str | None = None, timeout: float = 120) -> str:
    """Run a command and return what it wrote to stdout; raises :class:`LabError` with its stderr."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError as missing:
        raise LabError(f"{command[0]}: no such command", do="run: lab check") from missing
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{shlex.join(command)}: no answer in {timeout:g} s") from late
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise LabError(f"{shlex.join(command)}: exit status {done.returncode}", why=_with_input(said, stdin))
    return done.stdout


def in_namespace(namespace: str, *command: str, stdin: str | None = None) -> str:
    """Run a command inside a named network namespace; everything else stays the machine's."""
    return run("nsenter", f"--net=/run/netns/{namespace}", "--", *command, stdin=stdin)


def _with_input(said: str, stdin: str | None) -> str:
    """Programs that read a script name only its line number: put the script beside it."""
    if not stdin:
        return said
    numbered = "\n".join(f"{number:4} {line}" for number, line in enumerate(stdin.splitlines(), 1))
    return f"{said}\nits input was:\n{numbered}"
