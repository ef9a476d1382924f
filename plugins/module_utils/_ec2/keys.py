# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances' ssh host keys: from the console once, from a tag ever after."""

from __future__ import annotations

from collections.abc import Iterable

from .._plan.errors import Problems
from .._plan.model import LEAVING, Instance
from .._plan.tags import HOST_KEY
from . import translate
from .api import Ec2Api
from .progress import Progress
from .waiters import wait_for


def learn_host_keys(
    api: Ec2Api, ids: Iterable[str], timeout: float, check: bool, progress: Progress
) -> tuple[dict[str, str], bool]:
    """The keys by instance id, and whether a tag was (with ``check``: would be) written.

    Each key is stored as soon as it is seen, so that a run cut short loses none.

    :raises PlanError: an instance is unknown, or can't print a key any more.
    :raises WaitTimeout: what the consoles said last.
    """
    wanted = sorted(set(ids))
    keys = {item.id: item.tags[HOST_KEY] for item in _instances(api, wanted).values() if HOST_KEY in item.tags}
    pending = [instance_id for instance_id in wanted if instance_id not in keys]
    learned = bool(pending)

    def look() -> tuple[bool | None, str]:
        sizes = {}
        for instance_id in list(pending):
            console = api.console(instance_id)
            key = translate.host_key(console)
            if key is None:
                sizes[instance_id] = len(console)
                continue
            keys[instance_id] = key
            pending.remove(instance_id)
            progress(f"{instance_id}: host key {key}")
            if not check:
                api.set_tags(instance_id, instance_id, translate.tag_list({HOST_KEY: key}))
        if not pending:
            return True, ""
        states = {key: item.state for key, item in _instances(api, pending).items()}
        return None, ", ".join(
            f"{instance_id} is {states[instance_id]}, no key in the {sizes[instance_id]} characters on its console"
            for instance_id in pending
        )

    if pending:
        wait_for("host keys", look, timeout, progress, api.clock, delay=1.0)
    return dict(sorted(keys.items())), learned


def _instances(api: Ec2Api, ids: Iterable[str]) -> dict[str, Instance]:
    """The instances, all of them alive."""
    wanted = list(ids)
    found = {item.id: item for item in map(translate.instance, api.instances(wanted))}
    problems = Problems()
    for index, instance_id in enumerate(wanted):
        state = found[instance_id].state if instance_id in found else "unknown to EC2"
        if instance_id not in found or state in (*LEAVING, "stopping", "stopped"):
            problems.add(f"instance_ids[{index}]", "must be an instance that runs", f"{instance_id}, which is {state}")
    problems.raise_if_any()
    return found
