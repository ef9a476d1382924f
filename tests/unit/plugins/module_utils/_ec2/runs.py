# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the eni module's work against the fake EC2, by a clock that only sleeping moves."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Api
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.clock import Clock
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.fleet import present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.gone import absent, swept
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Desired
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_account import (
    GROUP,
    NETWORK,
    SUBNET,
)

BASE = NETWORK.removesuffix("::/64")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TUTORIAL = [
    {"name": "instance-1", "instance_type": "r5d.large", "host_address": "::1:1", "container_prefix": "::8/126"},
    {"name": "instance-2", "instance_type": "r5d.large", "host_address": "::2:2", "container_prefix": "::c/126"},
    {"name": "instance-3", "instance_type": "t3.medium", "container_mode": "block", "container_count": 2},
    {"name": "instance-4", "instance_type": "t3.micro", "container_mode": "prefix"},
]


class Hours:
    """A clock of its own: an hour's sleep takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def clock(self) -> Clock:
        """Noon, and as much later as was slept."""
        return Clock(lambda: self.now, self.sleep, lambda: NOON + timedelta(seconds=self.now))

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        with self._lock:
            self.now += seconds


def run(ec2, hosts=TUTORIAL, check=False, progress=lambda text: None, hours=None, **settings):
    """State ``present``; settings are those of :class:`Desired`."""
    asked = Desired(fleet="default", subnet_id=SUBNET, groups=(GROUP,), hosts=hosts)
    return present(Ec2Api(ec2, (hours or Hours()).clock()), replace(asked, **settings), check, progress)


def remove(
    ec2, hosts=None, check=False, timeout=60, fleet="default", leaving=(), subnet_id=None, progress=lambda text: None
):
    """State ``absent``."""
    api = Ec2Api(ec2, Hours().clock())
    return absent(api, fleet, subnet_id, hosts, leaving, check, timeout, progress)


def sweep(ec2, hosts=(), min_age=3600, check=False, hours=None, fleet="default"):
    """State ``swept``."""
    api = Ec2Api(ec2, (hours or Hours()).clock())
    return swept(api, fleet, None, [{"name": name} for name in hosts], min_age, check, lambda text: None)
