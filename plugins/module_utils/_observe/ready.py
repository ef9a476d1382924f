# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a container can be looked at yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lack(seen: Mapping[str, Any] | None) -> str:
    """What a container lacks to be reached, as ``host_observe`` describes it (None: there is none); "" if nothing."""
    if seen is None:
        return "is not there"
    if seen.get("error"):
        return str(seen["error"])
    if not seen["pid"]:
        return "is {}".format(seen["status"] or "not running")
    held = [entry for entry in seen["addresses"] if seen["interface"] and entry["interface"] == seen["interface"]]
    if not held:
        return "has no address yet"
    if all(entry["tentative"] for entry in held):
        return "still asks whether its address is another's (tentative)"
    return ""
