# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what Docker says of a container to whether it is ready, and to what a user is told of one that is not."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import health

#: 2026-11-23T18:00:00Z
NOW = 1795456800.0
NEVER = "0001-01-01T00:00:00Z"


def state(status="running", started="2026-11-23T17:00:00.123456789Z", ended=NEVER, exit_code=0, **more):
    return {
        "State": {
            "Status": status,
            "StartedAt": started,
            "FinishedAt": ended,
            "ExitCode": exit_code,
            "Error": "",
            **more,
        },
        "RestartCount": 0,
    }


def checked(status, *log):
    return {"Health": {"Status": status, "Log": [{"ExitCode": code, "Output": output} for code, output in log]}}


CASES = {
    "runs": (state(), "ready"),
    "healthy": (state(started="2026-11-23T18:00:00Z", **checked("healthy", (0, ""))), "ready"),
    "has a check that says none": (state(Health={"Status": "none"}), "ready"),
    "was started a moment ago": (state(started="2026-11-23T17:59:59Z"), "waiting"),
    "was started before the clock was set back": (state(started="2026-11-23T18:30:00Z"), "ready"),
    "starting": (state(**checked("starting")), "waiting"),
    "unhealthy": (state(**checked("unhealthy", (1, "no"))), "waiting"),
    "is started again": (state("restarting", exit_code=3, ended="2026-11-23T17:59:59Z"), "waiting"),
    "is paused": (state("paused", **checked("healthy", (0, ""))), "waiting"),
    "ended": (state("exited", ended="2026-11-23T17:59:59Z"), "lost"),
    "was never started": (state("created", started=NEVER), "lost"),
    "is not there": (None, "lost"),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_who_is_ready_and_who_may_become_so(found, expected):
    assert health.see(found, NOW).state == expected


def test_what_is_wrong_is_told_with_what_was_seen_last():
    unhealthy = state(**checked("unhealthy", (0, "fine"), (1, "wget: can't\nconnect")))
    looping = {**state("restarting", exit_code=127, ended="2026-11-23T17:59:59Z"), "RestartCount": 7}
    failed = state("created", started=NEVER, Error="no such program")
    found = {"web": unhealthy, "loop": looping, "end": CASES["ended"][0], "bad": failed, "ok": state(), "gone": None}
    seen = {name: health.see(one, NOW) for name, one in found.items()}
    assert health.problems(seen, 60) == [
        "containers[bad]: must run, got created, no such program",
        "containers[end]: must run, got exited, exit code 0",
        "containers[gone]: must run, got absent",
        "containers[loop]: must run within 60 s, got restarting, exit code 127, started again 7 times",
        "containers[web]: must be healthy within 60 s, got running and unhealthy, the last "
        "probe ended with 1 and said: "
        "wget: can't connect",
    ]
    assert health.pending(seen)
    assert health.progress(seen).startswith("1 of 6 containers are ready, waiting for loop (restarting, ")


def test_of_a_long_output_the_end_is_told():
    seen = health.see(state(**checked("unhealthy", (1, "x" * 4000 + " the end"))), NOW)
    assert len(seen.output) <= health.OUTPUT + 1
    assert seen.output.endswith("the end")


def test_nothing_is_wrong_with_those_that_are_ready():
    seen = {"web": health.see(state(), NOW)}
    assert (health.problems(seen, 60), health.pending(seen)) == ([], False)


def test_it_goes_over_the_wire_as_plain_data():
    seen = health.see(CASES["unhealthy"][0], NOW)
    assert health.Seen(**seen.to_dict()) == seen
