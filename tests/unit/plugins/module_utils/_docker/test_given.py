# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt user is refused, with all else that can be said of what the role was given."""

from __future__ import annotations

from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import given
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


def test_a_prefix_and_users_of_the_host() -> None:
    assert given.read("2001:db8::8/126", ["root"]) == IPv6Network("2001:db8::8/126")


def test_a_user_that_the_host_does_not_have_is_refused_beside_the_prefix() -> None:
    with pytest.raises(PlanError) as caught:
        given.read("", ["nobodyhere", "root", "norhere"])
    assert [str(violation) for violation in caught.value.violations] == [
        "docker_container_prefix: must be an aligned IPv6 prefix such as 2001:db8::8/126, got ''",
        "docker_users: must be users of the host, got nobodyhere, norhere",
    ]
