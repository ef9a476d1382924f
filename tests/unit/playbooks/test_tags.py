# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of site.yml by tag: what a tag leaves out asks for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_the_tag_of_a_role_leaves_provisioning_out(run_playbook: Callable[..., Any]) -> None:
    """Roles' arguments are checked whatever the tags, so these must be sound before anything was found in EC2."""
    shared = {"vpc_ssh_from": ["2001:db8::/64"]}
    done = run_playbook("site.yml", "--tags", "containers", groups={"container_hosts": {}}, shared=shared)
    assert done.status == 0, done.said
    assert "arg spec" in done.said, "the roles' arguments were checked"
