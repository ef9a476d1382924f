# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether containers run, and are healthy: from what Docker says of each to a word about all of them. Pure."""

from __future__ import annotations

import calendar
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: A container without a health check is taken for running when it has been for so many seconds: one that ends at once,
#: and is started again, runs most of the time.
SETTLED = 2.0
#: Docker keeps 4096 bytes of a probe's output; a message needs its last words.
OUTPUT = 200
READY, WAITING, LOST = "ready", "waiting", "lost"
#: States that Docker does not leave by itself.
_FINAL = ("absent", "created", "dead", "exited", "removing")
_HEALTHY = "healthy"


@dataclass(frozen=True)
class Seen:
    """A container as it was last seen.

    ``status`` is Docker's (``running``, ``restarting``, …), or ``absent``; ``health`` too (``starting``, ``healthy``,
    ``unhealthy``), None without a health check; ``exit_code`` the last one, None if it never ended; ``restarts``: how
    often Docker started it again; ``settled``: whether it has run for a while; ``probe`` the last probe's exit code,
    None before the first; ``output`` what that printed; ``error`` why Docker could not start it.
    """

    status: str
    health: str | None = None
    exit_code: int | None = None
    restarts: int = 0
    settled: bool = False
    probe: int | None = None
    output: str = ""
    error: str = ""

    @property
    def state(self) -> str:
        """``ready``, ``waiting`` (it may become so), or ``lost`` (it does not by itself)."""
        if self.status in _FINAL:
            return LOST
        if self.status == "running" and (self.settled if self.health is None else self.health == _HEALTHY):
            return READY
        return WAITING

    def to_dict(self) -> dict[str, Any]:
        """As plain data; the other way round is ``Seen(**data)``."""
        return asdict(self)

    def __str__(self) -> str:
        words = [self.status if self.health is None else f"{self.status} and {self.health}"]
        if self.status != "running" and self.exit_code is not None:
            words.append(f"exit code {self.exit_code}")
        if self.restarts:
            words.append(f"started again {self.restarts} times" if self.restarts > 1 else "started again once")
        if self.probe is not None and self.health != _HEALTHY:
            words.append(
                f"the last probe ended with {self.probe}" + (f" and said: {self.output}" if self.output else "")
            )
        if self.error:
            words.append(self.error)
        return ", ".join(words)


def see(found: Mapping[str, Any] | None, now: float) -> Seen:
    """From Docker's answer to ``/containers/<name>/json`` (None: there is none), at ``now`` (seconds since 1970)."""
    if found is None:
        return Seen("absent")
    state = found.get("State") or {}
    health = state.get("Health") or {}
    # Without a health check some engines say "none" instead of nothing.
    status = health.get("Status") if health.get("Status") not in (None, "", "none") else None
    last = (health.get("Log") or [None])[-1] or {}
    started = _seconds(state.get("StartedAt"))
    ended = _seconds(state.get("FinishedAt")) is not None
    return Seen(
        status=state.get("Status") or "absent",
        health=status,
        exit_code=state.get("ExitCode") if ended else None,
        restarts=int(found.get("RestartCount") or 0),
        # By distance: a clock that was set back in between would have it wait for ever.
        settled=started is not None and abs(now - started) >= SETTLED,
        probe=last.get("ExitCode"),
        output=_last_words(last.get("Output") or ""),
        error=state.get("Error") or "",
    )


def _seconds(text: str | None) -> float | None:
    """Docker's ``2026-11-23T18:27:01.123456789Z``; None for its word for never, in the year 1."""
    if not text or text.startswith("0001-"):
        return None
    whole, _dot, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole[:19], "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


def _last_words(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= OUTPUT else "…" + words[-OUTPUT:]


def pending(seen: Mapping[str, Seen]) -> bool:
    """Whether it is worth to wait on."""
    return any(one.state == WAITING for one in seen.values())


def problems(seen: Mapping[str, Seen], seconds: int) -> list[str]:
    """What is wrong after so many seconds, by container; nothing if all are ready."""
    found = []
    for name, one in sorted(seen.items()):
        if one.state == READY:
            continue
        what = "run" if one.health is None else "be healthy"
        within = f" within {seconds} s" if one.state == WAITING else ""
        found.append(f"containers[{name}]: must {what}{within}, got {one}")
    return found


def progress(seen: Mapping[str, Seen]) -> str:
    """Who is waited for, on one line."""
    waiting = [f"{name} ({one})" for name, one in sorted(seen.items()) if one.state == WAITING]
    ready = sum(one.state == READY for one in seen.values())
    return f"{ready} of {len(seen)} containers are ready, waiting for {', '.join(waiting)}"
