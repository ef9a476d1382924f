# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, bars and the same as data."""

from __future__ import annotations

import json
import os
import platform
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Bar:
    """Something that was promised: ``measured`` beside ``limit``, both as text, and whether it was kept."""

    what: str
    measured: str
    limit: str
    met: bool


def at_most(what: str, measured: float, limit: float, unit: str = "") -> Bar:
    """A bar that is met by any value up to the limit."""
    return Bar(what, f"{measured:.4g}{unit}", f"at most {limit:g}{unit}", measured <= limit)


def at_least(what: str, measured: float, limit: float, unit: str = "") -> Bar:
    """A bar that is met by any value from the limit on."""
    return Bar(what, f"{measured:.4g}{unit}", f"at least {limit:g}{unit}", measured >= limit)


def begin() -> dict[str, Any]:
    """Say what runs the benchmark, and when, and return it. From here on SIGTERM ends it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    about = _machine()
    print(
        f"{about['date']}, {about['processors']} x {about['processor']}, load {about['load']} at the start, "
        f"Python {about['python']}",
        flush=True,
    )
    return about


def _machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processors": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as Markdown; the first column is text, the others are numbers or short words."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [list(heads), *cells]) for index in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        shown = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        return f"| {' | '.join(shown)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([f"\n{title}\n", line(heads), line(rule), *map(line, cells)])


def conclude(bars: Sequence[Bar], data: Mapping[str, Any], path: str | None) -> int:
    """Print the bars, write everything to ``path`` if there is one, and return the exit status: 1 if one isn't met."""
    rows = [(bar.what, bar.measured, bar.limit, "met" if bar.met else "NOT MET") for bar in bars]
    print(table("Bars", ("bar", "measured", "promised", ""), rows), flush=True)
    if path:
        whole = {**data, "bars": [asdict(bar) for bar in bars]}
        Path(path).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return 0 if all(bar.met for bar in bars) else 1
