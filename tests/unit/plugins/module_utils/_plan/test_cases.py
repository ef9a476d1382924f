# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases in tests/cases/plan: desired and observed in; hosts, changes, notes or refusals out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import tags
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import read_address, read_block
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Desired,
    Instance,
    InstanceType,
    Interface,
    Observed,
    Reservation,
    Subnet,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.removal import plan_absent, plan_swept

CASES = Path(__file__).parents[4] / "cases" / "plan"
SUBNET = "subnet-1"
NOW = "2026-11-23T15:00:00+00:00"
# Addresses an interface, Nitro, interfaces an instance: from EC2's own table.
TYPES = {
    "t3.micro": (2, True, 2),
    "t3.medium": (6, True, 3),
    "r5d.large": (10, True, 3),
    "m6i.4xlarge": (30, True, 8),
    "t2.micro": (2, False, 2),
}


def _cases():
    for path in sorted(CASES.glob("*.yml")):
        for case in yaml.safe_load(path.read_text())["cases"]:
            yield pytest.param(case, id=f"{path.stem}: {case['case']}")


def _interface(raw):
    """``holds: host`` stands for the tags and the description that this project gives an interface of that host.

    ``count``: only the containers' addresses are assigned; ``whole: true``: everything that is claimed is there.
    """
    made = {}
    description = raw.get("description", "")
    addresses = set(map(read_address, raw.get("addresses", ())))
    prefixes = set(map(read_block, raw.get("prefixes", ())))
    if "holds" in raw:
        made = {
            "Name": raw["holds"],
            tags.FLEET: raw.get("fleet", "default"),
            tags.HOST: raw["holds"],
            tags.HOST_ADDRESS: raw["claims"][0],
            tags.CONTAINER_PREFIX: raw["claims"][1],
            tags.SCHEMA: raw.get("schema", "1"),
        }
        if "count" in raw:
            made[tags.COUNT] = str(raw["count"])
        if "created" in raw:
            made[tags.CREATED] = raw["created"]
        description = description or tags.description_of(raw.get("fleet", "default"), raw["holds"])
    if raw.get("whole"):
        block = read_block(raw["claims"][1])
        addresses.add(read_address(raw["claims"][0]))
        if block.length == 80:
            prefixes.add(block)
        else:
            every = block.addresses()
            addresses.update(every[2 : 2 + raw["count"]] if raw.get("count") else every)
    lost = {tags.PREFIX + name for name in raw.get("lost", ())}
    return Interface(
        id=raw["id"],
        subnet_id=raw.get("subnet", SUBNET),
        vpc_id=raw.get("vpc", ""),
        zone=raw.get("zone", ""),
        status=raw.get("status", "in-use" if "instance" in raw else "available"),
        addresses=frozenset(addresses),
        prefixes=frozenset(prefixes),
        groups=("sg-1",),
        instance_id=raw.get("instance"),
        tags={key: value for key, value in made.items() if key not in lost},
        description=description,
    )


def _instance(raw):
    of = {tags.FLEET: "default", tags.HOST: raw["of"]} if "of" in raw else {}
    return Instance(
        raw["id"],
        raw.get("state", "running"),
        raw.get("type", "r5d.large"),
        tags=of,
        zone=raw.get("zone", ""),
        devices=frozenset(raw.get("devices", ())),
    )


def _observed(raw):
    subnets = raw.get("subnets", [{"id": SUBNET, "cidr": raw.get("subnet", "2001:db8::/64")}])
    return Observed(
        subnets={
            item["id"]: Subnet(
                item["id"],
                read_block(item["cidr"]) if item["cidr"] else None,
                item.get("vpc", "vpc-1"),
                item.get("zone", ""),
                item.get("native", False),
            )
            for item in subnets
        },
        interfaces=tuple(map(_interface, raw.get("interfaces", ()))),
        reservations=tuple(
            Reservation(
                item["id"],
                item.get("subnet", SUBNET),
                read_block(item["cidr"]),
                item.get("fleet"),
                item.get("kind", "explicit"),
            )
            for item in raw.get("reservations", ())
        ),
        types={name: InstanceType(name, limit, nitro, interfaces=most) for name, (limit, nitro, most) in TYPES.items()},
        groups={"sg-1": "vpc-1", "sg-other": "vpc-2"},
        instances={item["id"]: _instance(item) for item in raw.get("instances", ())},
    )


def _plan(case, observed):
    """The plan for what a case asks for: hosts with options, ``absent`` or ``swept``."""
    if "absent" in case:
        asked = case["absent"] or {}
        return plan_absent("default", asked.get("hosts"), observed, asked.get("leaving", ()), asked.get("subnet"))
    if "swept" in case:
        now = datetime.fromisoformat(NOW)
        return plan_swept("default", case["swept"]["keep"], observed, now, case["swept"].get("min_age", 3600))
    options = case.get("options", {})
    return plan_present(
        Desired(
            options.get("fleet", "default"),
            options.get("subnet_id", SUBNET),
            tuple(options.get("groups", ["sg-1"])),
            options.get("tags", {}),
            case["hosts"],
            options.get("assign", "block"),
            options.get("reservation"),
            options.get("purge", False),
            tuple(options.get("move", ())),
        ),
        observed,
    )


@pytest.mark.parametrize("case", list(_cases()))
def test_case(case):
    observed = _observed(case.get("observed") or {})
    if "refused" in case:
        with pytest.raises(PlanError) as caught:
            _plan(case, observed)
        assert [str(violation) for violation in caught.value.violations] == case["refused"]
        return
    plan = _plan(case, observed)
    if "gets" in case:
        got = {host: [*allocation.to_dict().values()] for host, allocation in plan.allocations.items()}
        assert got == case["gets"]
    if "counts" in case:
        assert {host: item.container_count for host, item in plan.allocations.items()} == case["counts"]
    if "subnets" in case:
        assert {host: item.subnet_id for host, item in plan.allocations.items()} == case["subnets"]
    if "changes" in case:
        assert [str(change) for change in plan.changes] == case["changes"]
    if "waiting" in case:
        assert [interface.id for interface in plan.waiting] == case["waiting"]
    assert list(plan.notes) == case.get("notes", [])
