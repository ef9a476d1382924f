# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases in tests/cases/plan: desired and observed in; hosts, changes, notes or refusals out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import tags
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import read_address, read_block
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Desired,
    InstanceType,
    Interface,
    Observed,
    Reservation,
    Subnet,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present

CASES = Path(__file__).parents[4] / "cases" / "plan"
SUBNET = "subnet-1"


def _cases():
    for path in sorted(CASES.glob("*.yml")):
        for case in yaml.safe_load(path.read_text())["cases"]:
            yield pytest.param(case, id=f"{path.stem}: {case['case']}")


def _interface(raw):
    """``holds: host`` stands for the tags and the description that this project gives an interface of that host."""
    made = {}
    description = ""
    if "holds" in raw:
        made = {
            "Name": raw["holds"],
            tags.FLEET: raw.get("fleet", "default"),
            tags.HOST: raw["holds"],
            tags.HOST_ADDRESS: raw["claims"][0],
            tags.CONTAINER_PREFIX: raw["claims"][1],
            tags.SCHEMA: "1",
        }
        description = tags.description_of(raw.get("fleet", "default"), raw["holds"])
    lost = {tags.PREFIX + name for name in raw.get("lost", ())}
    return Interface(
        id=raw["id"],
        subnet_id=raw.get("subnet", SUBNET),
        addresses=frozenset(map(read_address, raw.get("addresses", ()))),
        prefixes=frozenset(map(read_block, raw.get("prefixes", ()))),
        groups=("sg-1",),
        instance_id=raw.get("instance"),
        tags={key: value for key, value in made.items() if key not in lost},
        description=description,
    )


def _observed(raw):
    kinds = {"t3.micro": (2, True), "t3.medium": (6, True), "r5d.large": (10, True), "t2.micro": (2, False)}
    reservations = raw.get("reservations", ())
    return Observed(
        subnets={SUBNET: Subnet(SUBNET, read_block(raw.get("subnet", "2001:db8::/64")), "vpc-1")},
        interfaces=tuple(map(_interface, raw.get("interfaces", ()))),
        reservations=tuple(
            Reservation(item["id"], SUBNET, read_block(item["cidr"]), item.get("fleet")) for item in reservations
        ),
        types={name: InstanceType(name, limit, nitro) for name, (limit, nitro) in kinds.items()},
        groups={"sg-1": "vpc-1"},
    )


@pytest.mark.parametrize("case", list(_cases()))
def test_case(case):
    desired = Desired("default", SUBNET, ("sg-1",), {}, case["hosts"])
    observed = _observed(case.get("observed", {}))
    if "refused" in case:
        with pytest.raises(PlanError) as caught:
            plan_present(desired, observed)
        assert [str(violation) for violation in caught.value.violations] == case["refused"]
        return
    plan = plan_present(desired, observed)
    got = {host: [*allocation.to_dict().values()] for host, allocation in plan.allocations.items()}
    assert got == case["gets"]
    if "changes" in case:
        assert [str(change) for change in plan.changes] == case["changes"]
    assert list(plan.notes) == case.get("notes", [])
