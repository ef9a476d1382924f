# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks without EC2: variables that would be ignored are refused before EC2 is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("playbook", ["plan", "provision", "sweep", "teardown", "configure"])
def test_a_fleet_that_only_its_hosts_know_and_a_misspelt_variable(
    run_playbook: Callable[..., Any], playbook: str
) -> None:
    hosts = {"hosts": {"web-1": {"container_cont": 6}}, "vars": {"aws_containers_fleet": "shop"}}
    done = run_playbook(f"playbooks/{playbook}.yml", groups={"container_hosts": hosts}, local=False)
    rule = "must be set for all hosts (group all), where localhost has nothing, got shop"
    assert f"hosts[web-1].aws_containers_fleet: {rule}" in done.said
    assert "hosts[web-1]: must be spelt container_count, or be listed in aws_containers_own_variables" in done.said
    assert done.status == 2, done.said
    assert "ok=0" in done.said, "nothing came before it"
