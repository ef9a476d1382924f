# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of the guard: the table in the kernel, and the service that keeps it."""

from __future__ import annotations

import subprocess
from typing import Any

from .._docker import keeper, ports
from .._docker.guard import KEEPER_UNIT


def observe() -> dict[str, Any]:
    """The service's ``unit`` and state (``keeper``, "" without systemd); the ``table``, and how it is.

    ``in_force``: as it was loaded; ``containers``, ``host``: whether it closes what is undeclared of each. Where there
    is no nft there is no table.
    """
    try:
        listed = keeper.listed()
    except OSError:
        listed = None
    return {
        "unit": KEEPER_UNIT,
        "keeper": _state(KEEPER_UNIT),
        "table": f"ip6 {ports.TABLE}",
        "in_force": listed is not None and listed == keeper.read(ports.LOADED_FILE),
        "containers": 'counter name "closed" drop' in (listed or ""),
        "host": 'counter name "closed_host" drop' in (listed or ""),
    }


def _state(unit: str) -> str:
    """As systemd says it: ``active``, ``inactive``, ``failed`` …"""
    try:
        done = subprocess.run(["systemctl", "is-active", unit], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
