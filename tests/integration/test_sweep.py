# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaked is said, then deleted: the fleet's own, unused, of nobody in the inventory, and old enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FLEET = "leaky"


def tags(host, minutes, address, prefix, fleet=FLEET):
    """Those of a host's ENI that was made so many minutes ago; ``None``: nobody knows when."""
    values = {"fleet": fleet, "host": host, "host_address": address, "container_prefix": prefix, "schema": "1"}
    if minutes is not None:
        made = datetime.now(UTC) - timedelta(minutes=minutes)
        values["created"] = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {f"ipv6.aws_containers:{key}": str(value) for key, value in values.items()}


def test_only_what_leaked_is_deleted_and_it_is_said_before(neighbour, inventory, playbook, world):
    _vpc, subnet, network = neighbour.subnet("10.94.0.0/24")

    def eni(at, host, minutes, **more):
        values = [0x100 + at, *range(8 * at, 8 * at + 4)]
        claimed = tags(host, minutes, network[values[0]], f"{network[values[1]]}/126", **more)
        return neighbour.eni(subnet, network, values, claimed)

    old, young, unknown = eni(1, "old", 61), eni(2, "young", 59), eni(3, "unknown", None)
    kept, others = eni(4, "kept", 90), eni(5, "old", 90, fleet="other")
    before = world()
    path = inventory({"kept": {}}, aws_containers_fleet=FLEET)

    listed = playbook("-i", path, "playbooks/sweep.yml", "--check")
    assert listed.status == 0, listed.output
    assert world() == before
    assert f"{old} of old" in listed.output
    assert [one for one in (young, unknown) if one not in listed.output] == [], "what is kept is said, and why"
    assert [one for one in (kept, others) if one in listed.output] == []

    swept = playbook("-i", path, "playbooks/sweep.yml")
    assert swept.status == 0, swept.output
    assert swept.changed == {"localhost": 1}
    assert before["eni"] - world()["eni"] == {old}

    at_once = playbook("-i", path, "playbooks/sweep.yml", "-e", "sweep_min_age=0")
    assert at_once.status == 0, at_once.output
    assert before["eni"] - world()["eni"] == {old, young}


def test_a_sweep_without_hosts_to_keep_is_refused(inventory, playbook):
    run = playbook("-i", inventory({}, aws_containers_fleet=FLEET), "playbooks/sweep.yml")
    assert run.status != 0
    assert "container_hosts: must be a group of the inventory with at least one host" in run.output
