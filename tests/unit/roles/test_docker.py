# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role docker refuses before it looks at a host: by the names of its variables, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PREFIX = "2001:db8::8/126"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "docker_container_prefix: must be an aligned IPv6 prefix such as 2001:db8::8/126, got ''"),
        (
            {"docker_host_ports": ["22/tcp", {"port": 80, "from": ["x"]}]},
            "docker_host_ports[1].from[0]: must be an IPv6 network such as 2001:db8::/32, got 'x'",
        ),
        (
            {"docker_container_ports": [{"name": "db", "prots": [5432], "ports": []}]},
            "docker_container_ports[db].prots: must be one of name, address, ports, got prots",
        ),
        ({"docker_container_ports": ["db"]}, "docker_container_ports[0]: must be a dictionary, got 'db'"),
        ({"docker_users": ["nobody-has-this"]}, "docker_users: must be users of the host, got nobody-has-this"),
    ],
)
def test_a_refusal_names_the_roles_variable_and_is_said_once(
    run_playbook: Callable[..., Any], variables: dict[str, Any], says: str
) -> None:
    given = {"docker_container_prefix": PREFIX, **variables} if variables else {}
    play = {"hosts": "localhost", "gather_facts": False, "roles": [{"role": "ipv6.aws_containers.docker", **given}]}
    done = run_playbook([play], "--check")
    assert done.status != 0, done.said
    # ansible-core says it twice of one task: as what went wrong there, and as its result.
    assert done.said.count(says) == 2, done.said
    assert done.said.count("FAILED!") == 1, done.said
