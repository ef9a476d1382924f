# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture of a fleet shows, read from a report of the role verify; no shapes yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Checks = list[Mapping[str, Any]]

# What a port that is as it should be says, and its colour.
_PORTS = {"port.declared": ("open", "good"), "port.undeclared": ("closed", "muted")}


@dataclass(frozen=True)
class Score:
    """How many checks were made, and how many hold."""

    held: int
    made: int

    @property
    def colour(self) -> str:
        """``good``, ``bad``, or ``line`` where nothing was checked."""
        if not self.made:
            return "line"
        return "good" if self.held == self.made else "bad"


def score(checks: Iterable[Mapping[str, Any]]) -> Score:
    """The score of some checks."""
    found = list(checks)
    return Score(sum(1 for each in found if each["holds"]), len(found))


@dataclass(frozen=True)
class Link:
    """Pings between the containers of two hosts, both ways: the score, and the hop limits seen."""

    one: str
    other: str
    score: Score
    hop_limits: tuple[int, ...]

    @property
    def text(self) -> str:
        """E.g. ``ttl=62, 0% loss``."""
        if not self.score.made:
            return "not tried"
        seen = "/".join(str(value) for value in self.hop_limits)
        if self.score.colour == "good":
            return f"ttl={seen}, 0% loss"
        return f"{self.score.made - self.score.held} of {self.score.made} fail"


class Picture:
    """A report, asked the questions of a picture."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        """``report``: what the filter verdict returns."""
        self.hosts: Mapping[str, Mapping[str, Any]] = report["hosts"]
        self.internet: Mapping[str, str] = report.get("internet") or {"target": "", "address": ""}
        self._checks: Checks = list(report.get("checks") or ())
        self._by_host: dict[str, Checks] = {}
        for each in self._checks:
            self._by_host.setdefault(each["host"], []).append(each)

    @property
    def by_subnet(self) -> dict[str, tuple[str, ...]]:
        """The hosts' names by their subnets."""
        found: dict[str, tuple[str, ...]] = dict.fromkeys(sorted({h["subnet"] for h in self.hosts.values()}), ())
        for name, host in self.hosts.items():
            found[host["subnet"]] += (name,)
        return found

    @property
    def gateways(self) -> list[str]:
        """The link-local gateways that the hosts' default routes name."""
        return sorted({host["gateway"] for host in self.hosts.values() if host["gateway"]})

    def score(self, *kinds: str, host: str = "", container: str = "") -> Score:
        """The score of these kinds of checks (all kinds: none given), perhaps of one host or container only."""
        checks = self._by_host.get(host, []) if host else self._checks
        return score(
            each
            for each in checks
            if (not kinds or each["kind"] in kinds)
            and (not container or each["subject"] == container or each["subject"].startswith(container + " "))
        )

    def ports(self, host: str, container: str) -> list[tuple[int, str, str]]:
        """The ports tried on a container: number, what was seen, colour; the worst where several tried."""
        found: dict[int, tuple[str, str]] = {}
        for each in self._by_host.get(host, []):
            name, _space, rest = each["subject"].partition(" port ")
            if name != container or each["kind"] not in _PORTS:
                continue
            port = int(rest.split()[0])
            if not each["holds"]:
                found[port] = (str(each["observed"]).partition(" (")[0], "bad")
            else:
                found.setdefault(port, _PORTS[each["kind"]])
        return sorted((port, *said) for port, said in found.items())

    def link(self, one: str, other: str) -> Link:
        """The pings between two hosts' containers (or, both the same, inside one host), and the sources captured."""
        found: Checks = []
        for source, target in dict.fromkeys([(one, other), (other, one)]):
            found += [
                each
                for each in self._by_host.get(source, [])
                if each["kind"] in ("ping.container", "capture.container") and f" to {target}/" in each["subject"]
            ]
        limits = {
            limit for each in found if each["kind"] == "ping.container" for limit in each["observed"]["hop_limits"]
        }
        return Link(one, other, score(found), tuple(sorted(limits)))
