# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks without EC2: what an inventory alone shows to be wrong is said at once, before EC2 is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

WEB = {"name": "web", "image": "nginx"}
MISSPELT = "must be spelt container_count"
WRONG = {
    "web-1": {"container_cont": 6, "containers": [{**WEB, "dns": ["www"]}]},
    "web-2": {"container_network": "nat", "containers": "none"},
}


@pytest.mark.parametrize("playbook", ["plan", "provision", "configure", "verify"])
def test_mistakes_of_every_kind_are_said_at_once(run_playbook: Callable[..., Any], playbook: str) -> None:
    done = run_playbook(f"playbooks/{playbook}.yml", groups={"container_hosts": {"hosts": WRONG}}, local=False)
    assert f"hosts[web-1]: {MISSPELT}" in done.said
    assert "web-1.containers[web].dns: must not be given without dns_zone, the zone of the names, got" in done.said
    assert "web-2.container_network: must be one of routed, default_bridge, got nat" in done.said
    assert done.status == 2, done.said
    assert "ok=0" in done.said, "nothing came before it"


def test_names_are_judged_by_their_zone_and_pattern(run_playbook: Callable[..., Any]) -> None:
    hosts = {"web-1": {"containers": [WEB, {**WEB, "name": "api", "dns": ["api.example.net."]}]}}
    shared = {"dns_zone": "example.com", "dns_names": "{container}.{hots}"}
    said = run_playbook("playbooks/provision.yml", groups={"container_hosts": {"hosts": hosts}}, shared=shared).said
    assert "dns_names: must have no placeholders but {container}, {host}, {fleet}, got {container}.{hots}" in said
    shared["dns_names"] = "{container}.{host}"
    said = run_playbook("playbooks/provision.yml", groups={"container_hosts": {"hosts": hosts}}, shared=shared).said
    assert "web-1.containers[api].dns[0]: must lie in the zone example.com, got api.example.net." in said


@pytest.mark.parametrize("playbook", ["sweep", "teardown"])
def test_what_only_takes_away_minds_no_wrong_containers(run_playbook: Callable[..., Any], playbook: str) -> None:
    done = run_playbook(f"playbooks/{playbook}.yml", groups={"container_hosts": {"hosts": WRONG}}, local=False)
    assert MISSPELT in done.said
    assert "container_network" not in done.said
    assert "dns_zone" not in done.said
