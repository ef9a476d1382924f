# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EC2 for each test."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.fake_ec2 import FakeEc2


@pytest.fixture
def ec2():
    """A small strict EC2 in memory."""
    return FakeEc2()
