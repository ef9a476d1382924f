# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host's probes and its capture said, to be looked up: a judge of many pairs asks for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

ECHO_REQUEST = 128
UNTRIED = "not tried"

Entry = Mapping[str, Any]
#: A container's name, None for the host itself; and whom it asked.
Way = tuple[Any, ...]


@dataclass(frozen=True)
class Answers:
    """``probe``: container_probe's answer; ``capture``: packet_capture's. Either is empty when there was none."""

    probe: Mapping[str, Any] = field(default_factory=dict)
    capture: Mapping[str, Any] = field(default_factory=dict)

    def ping(self, container: str | None, target: str) -> Entry:
        """The ping of that target; one that sent nothing when it was not tried."""
        untried = {"sent": 0, "received": 0, "hop_limits": [], "source": "", "address": "", "error": UNTRIED}
        return self._pings.get((container, target), untried)

    def mtu(self, container: str | None, target: str) -> Entry | None:
        """What is known of the path to the target; None when it was not tried."""
        return self._mtus.get((container, target))

    def name(self, container: str | None, name: str) -> Entry | None:
        """What a container's own resolver said of a name; None when it was not asked."""
        return self._names.get((container, name))

    def tried(self, container: str | None, target: str, port: int) -> Mapping[str, str]:
        """A connection's ``outcome``, and the ``source`` that it came from ("" when that is not known)."""
        entry = self._connects.get((container, target, port), {"outcome": UNTRIED, "source": ""})
        return {"outcome": str(entry["outcome"]), "source": str(entry["source"])}

    def arrivals(self, destination: str) -> list[Entry]:
        """Echo requests for this destination that the capture saw arrive."""
        return self._arrivals.get(destination, [])

    def came(self, destination: str, port: int) -> bool:
        """Whether the capture saw TCP packets for this port."""
        return (destination, port) in self._attempts

    @property
    def flows(self) -> tuple[Entry, ...]:
        """Everything that the capture saw."""
        return tuple(self.capture.get("flows", ()))

    @cached_property
    def _pings(self) -> dict[Way, Entry]:
        return self._by("pings", "container", "target")

    @cached_property
    def _mtus(self) -> dict[Way, Entry]:
        return self._by("mtus", "container", "target")

    @cached_property
    def _names(self) -> dict[Way, Entry]:
        return self._by("names", "container", "target")

    @cached_property
    def _connects(self) -> dict[Way, Entry]:
        return self._by("connects", "container", "target", "port")

    @cached_property
    def _arrivals(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for flow in self.flows:
            if flow["protocol"] == "icmpv6" and flow["kind"] == ECHO_REQUEST:
                found.setdefault(flow["destination"], []).append(flow)
        return found

    @cached_property
    def _attempts(self) -> set[tuple[str, int]]:
        return {(flow["destination"], flow["port"]) for flow in self.flows if flow["protocol"] == "tcp"}

    def _by(self, kind: str, *keys: str) -> dict[Way, Entry]:
        """By these keys; the first of those that are alike."""
        found: dict[Way, Entry] = {}
        for entry in self.probe.get(kind, ()):
            found.setdefault(tuple(entry[key] for key in keys), entry)
        return found
