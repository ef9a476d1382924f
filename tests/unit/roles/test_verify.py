# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify before it asks a host: hosts that its allocation lacks are refused, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def verify(run_playbook: Callable[..., Any], allocation: dict[str, Any]) -> str:
    """What the role says for the hosts web-1 and web-2, and one outside; none of them is ever reached."""
    role = {"role": "ipv6.aws_containers.verify", "verify_allocation": allocation, "verify_output": ""}
    groups = {
        "container_hosts": {"hosts": {"web-1": {}, "web-2": {}}},
        "vantage": {"hosts": {"outside": {}}},
    }
    done = run_playbook([{"hosts": "all", "gather_facts": False, "roles": [role]}], groups=groups, local=False)
    assert done.status != 0, done.said
    assert "Ask the host" not in done.said, done.said
    return " ".join(done.said.split())


@pytest.mark.parametrize(
    ("allocation", "lacks", "got"),
    [
        ({}, "web-1, web-2", "no hosts"),
        ({"web-1": {"mac_address": "06:2b:1c:00:00:01"}}, "web-2", "web-1"),
        ({"web-1": {"mac_address": "06:2b:1c:00:00:01"}, "web-2": {}}, "web-2.mac_address", "web-1, web-2"),
    ],
)
def test_hosts_without_an_allocation_are_named_with_what_to_do(run_playbook, allocation, lacks, got):
    said = verify(run_playbook, allocation)
    assert f"verify_allocation: must say what every host of the play should have, but lacks {lacks}, got {got};" in said
    assert "eni_info" in said
    assert "into the group vantage" in said
