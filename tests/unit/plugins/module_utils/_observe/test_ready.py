# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container can be looked at: it runs, and its interface on the network has an address of its own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import ready

HELD = {"interface": "eth0", "address": "2001:db8::2", "tentative": False}
SEEN = {"pid": 7, "status": "running", "interface": "eth0", "addresses": [HELD]}


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({}, ""),
        ({"pid": None, "status": "restarting"}, "is restarting"),
        ({"addresses": []}, "has no address yet"),
        ({"addresses": [dict(HELD, interface="eth1")]}, "has no address yet"),
        ({"interface": ""}, "has no address yet"),
        ({"addresses": [dict(HELD, tentative=True)]}, "still asks whether its address is another's (tentative)"),
        ({"error": "no such process"}, "no such process"),
    ],
)
def test_what_a_container_lacks(change: dict[str, Any], lacks: str) -> None:
    assert ready.lack({**SEEN, **change}) == lacks


def test_a_container_that_is_not_there() -> None:
    assert ready.lack(None) == "is not there"
