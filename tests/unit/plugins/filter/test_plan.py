# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter plan, as a playbook uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.filter.plan import FilterModule

SUBNET = "2600:1f18:47b:ca03::/64"
BASE = "2600:1f18:47b:ca03"
ROOT = Path(__file__).parents[4]
plan = FilterModule().filters()["plan"]


def test_tutorial():
    hosts = {
        "instance-1": {"host_address": "::1:1", "container_prefix": "::8/126"},
        "instance-2": {"host_address": "::2:2", "container_prefix": "::c/126"},
    }
    expected = {
        "instance-1": {"host_address": f"{BASE}::1:1", "container_prefix": f"{BASE}::8/126"},
        "instance-2": {"host_address": f"{BASE}::2:2", "container_prefix": f"{BASE}::c/126"},
    }
    assert plan(hosts, subnet=SUBNET) == expected
    assert plan([{"name": name, **values} for name, values in hosts.items()], subnet=SUBNET) == expected


def test_inside_a_template():
    """Ansible hands its own kinds of list and dictionary to filters, and null for what is unset."""
    template = (
        "{{ hosts | ipv6.aws_containers.plan(subnet='2600:1f18:47b:ca03::/64', taken=['::4'], "
        "pins={'b': {'host_address': '::9', 'container_prefix': none}}) }}"
    )
    hosts = [{"name": "a", "container_mode": None}, {"name": "b", "ansible_host": "ignored"}]
    arguments = json.dumps({"msg": template})
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        "localhost",
        "-m",
        "ansible.builtin.debug",
        "-a",
        arguments,
        "-o",
    ]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"}
    answer = subprocess.run(
        [*command, "-i", "localhost,", "-e", json.dumps({"hosts": hosts})],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(answer.stdout.partition("=>")[2])["msg"] == {
        "a": {"host_address": f"{BASE}::5", "container_prefix": f"{BASE}:1::/80"},
        "b": {"host_address": f"{BASE}::9", "container_prefix": f"{BASE}:2::/80"},
    }


def test_what_is_held_stays_and_is_not_taken_from_its_holder():
    pins = {
        "a": {"host_address": "::40", "container_prefix": "::50/126"},
        "gone": {"host_address": "::4", "container_prefix": "::8/126"},
    }
    result = plan({"a": {}, "b": {"container_mode": "block"}}, SUBNET, taken=["::40", "::51", "::5"], pins=pins)
    assert result == {
        "a": {"host_address": f"{BASE}::40", "container_prefix": f"{BASE}::50/126"},
        "b": {"host_address": f"{BASE}::6", "container_prefix": f"{BASE}::c/126"},
    }


def test_taken_is_relative_or_absolute_and_elsewhere_means_nothing():
    taken = ["::4/126", f"{BASE}::8", "2001:db8::9", f"{BASE}:1::/80"]
    assert plan({"a": {}}, SUBNET, taken) == {
        "a": {"host_address": f"{BASE}::9", "container_prefix": f"{BASE}:2::/80"},
    }


def test_blocks_come_from_the_reservation_and_nothing_else_does():
    hosts = {"a": {"container_mode": "block", "container_count": 9}, "b": {"container_mode": "prefix"}}
    expected = {
        "a": {"host_address": f"{BASE}::4", "container_prefix": f"{BASE}::10/124"},
        "b": {"host_address": f"{BASE}::5", "container_prefix": f"{BASE}:1::/80"},
    }
    assert plan(hosts, SUBNET, assign="containers", reservation="::10/124") == expected
    assert plan(hosts, SUBNET, reservation=f"{BASE}::10/124") == expected
    assert (
        plan({"c": {"container_mode": "block"}}, SUBNET, reservation="none")["c"]["container_prefix"]
        == f"{BASE}::8/126"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (([], SUBNET, None, None, "all"), "assign: must be block or containers, got all"),
        (
            ({"a": {"container_mode": "block"}}, SUBNET, None, None, "containers"),
            "reservation: must be given for assign containers",
        ),
        (([], SUBNET, None, None, "block", "::/96"), "reservation: must leave out what AWS reserves"),
        (
            ({"a": {"container_prefix": "::8/126"}}, SUBNET, None, None, "containers", "::10/124"),
            f"hosts[a].container_prefix: must lie in the fleet's reservation {BASE}::10/124 for assign containers",
        ),
        (
            ([], "2001:db8::/65"),
            "subnet: must be as long as EC2's subnets are: /44 to /64 in steps of 4, got 2001:db8::/65",
        ),
        (([], "10.0.0.0/16"), "subnet: must be an IPv6 prefix such as ::8/126, got 10.0.0.0/16"),
        (([], None), "subnet: must be an IPv6 prefix"),
        (("text", SUBNET), "hosts: must be a list of dictionaries with a name, or a dictionary by name, got text"),
        (([], SUBNET, "::4"), "taken: must be a list of addresses and prefixes, got ::4"),
        (([], SUBNET, ["x"]), "taken[0]: must be an IPv6 address, or a prefix such as ::8/126, got x"),
        (([], SUBNET, [], ["a"]), "pins: must be a dictionary by host name, got ['a']"),
        (
            ([], SUBNET, [], {"a": "::4"}),
            "pins[a]: must be a dictionary with host_address and container_prefix, got ::4",
        ),
        (([], SUBNET, [], {"a": {"host_address": "::1"}}), "pins[a].host_address: must leave out what AWS reserves"),
        (({"a": {"container_mode": "x"}}, SUBNET), "hosts[a].container_mode: must be block or prefix, got x"),
        (
            ({"a": {"host_address": "::5"}}, SUBNET, ["::5"]),
            f"hosts[a].host_address: must overlap nothing in use, and {BASE}::5 (taken[0]) is, got {BASE}::5",
        ),
        (
            ({"a": {"container_prefix": "::8/126"}}, SUBNET, [], {"a": {"container_prefix": "::c/126"}}),
            f"hosts[a].container_prefix: must stay {BASE}::c/126, which a holds (pins[a])",
        ),
    ],
)
def test_what_can_not_be_is_an_ansible_error(arguments, expected):
    with pytest.raises(AnsibleFilterError) as caught:
        plan(*arguments)
    assert str(caught.value).startswith("ipv6.aws_containers.plan: ")
    assert expected in str(caught.value)


def test_every_fault_at_once():
    with pytest.raises(AnsibleFilterError) as caught:
        plan([{"name": "a", "host_address": "::1"}, {"name": "a"}], "2001:db8::/64", ["x"])
    assert "3 problems, nothing was changed:" in str(caught.value)


def test_a_thousand_new_hosts_among_fifty_thousand_addresses():
    """A walk through the subnet's 2^64 addresses would not come back."""
    taken = [f"::{number >> 13:x}:{number * 8 & 0xFFFF:x}" for number in range(1, 50_001)]
    hosts = {f"host-{n:04d}": {"container_mode": "block" if n % 2 else "prefix"} for n in range(1000)}
    result = plan(hosts, SUBNET, taken)
    assert len({item["container_prefix"] for item in result.values()}) == 1000
