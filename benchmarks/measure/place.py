# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the clone's things are, and the interpreter to run under. Standard library alone: it runs before all else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
VENV = ROOT / ".venv"


def enter_venv() -> None:
    """Go on under the clone's virtual environment, with the collection and the lab importable.

    Without one the program ends and says what makes it.
    """
    python = VENV / "bin" / "python"
    if not python.exists():
        sys.exit(
            f"error: {VENV} must be the clone's virtual environment, but isn't there: `script/test static` makes it"
        )
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(python, [str(python), *sys.argv])
    sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "lab" / "src")]


def positive_numbers(text: str) -> list[int]:
    """``10,100`` as numbers, for an option; an empty text is none.

    :raises ValueError: one of them isn't a whole number above zero.
    """
    numbers = [int(part) for part in text.split(",")] if text else []
    if any(number < 1 for number in numbers):
        raise ValueError(text)
    return numbers
