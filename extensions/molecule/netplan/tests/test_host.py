# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the role leaves it, after a restart and a first boot of cloud-init's."""

from __future__ import annotations

import json

ADDRESS = {"bookworm": "1:1", "trixie": "2:2", "forky": "3:3"}
SUBNET = "2600:1f18:47b:ca03::"


def addresses(host, interface, family=6):
    links = json.loads(host.check_output(f"ip -j -{family} addr show dev {interface} scope global"))
    found = [one for link in links for one in link.get("addr_info", ()) if one.get("local")]
    return {f"{one['local']}/{one['prefixlen']}": bool(one.get("dynamic")) for one in found}


def test_one_static_address_with_the_subnets_length(host):
    name = host.backend.get_hostname()
    assert addresses(host, "ens5") == {f"{SUBNET}{ADDRESS[name]}/64": False}


def test_one_static_default_route_by_the_router(host):
    routes = json.loads(host.check_output("ip -j -6 route show default"))
    hops = [(hop["gateway"], route["protocol"]) for route in routes for hop in route.get("nexthops", (route,))]
    assert len(hops) == 1
    assert hops[0][0].startswith("fe80::")
    assert hops[0][1] == "static"


def test_ipv4_and_the_owners_mtu_are_as_they_were(host):
    assert list(addresses(host, "ens5", 4).values()) == [True]
    assert host.check_output("cat /sys/class/net/ens5/mtu") == "8500"


def test_the_second_interface_is_the_owners(host):
    assert addresses(host, "ens9") == {"2001:db8:9::9/64": False}
    assert list(addresses(host, "ens9", 4)) == ["10.9.9.9/24"]
    assert host.check_output("cat /sys/class/net/ens9/mtu") == "1400"
    assert host.run("grep owners /root/digests.before | sha256sum --quiet --check").rc == 0


def test_a_linked_file_is_still_one_and_lost_the_hosts_ipv6_alone(host):
    assert host.check_output("readlink /etc/netplan/56-linked.yaml") == "/root/linked.yaml"
    text = host.file("/root/linked.yaml").content_string
    assert text.splitlines() == [
        "# The owner's, too.",
        "network:",
        "  ethernets:",
        "    ens5: {}",
        "    ens9: {optional: yes}  # not the role's",
    ]


def test_nothing_waits_any_more(host):
    assert not host.file("/var/lib/ipv6.aws_containers/netplan/pending").exists
    assert host.check_output("systemctl list-units --all --plain --no-legend 'ipv6-aws-containers-netplan*'") == ""
    assert not host.file("/etc/systemd/system/ipv6-aws-containers-netplan-boot.service").exists


def test_the_internet_is_reached_and_answers_to_the_hosts_address(host):
    seen = host.check_output("curl -6 -s --max-time 10 http://internet.lab.test/")
    assert SUBNET + ADDRESS[host.backend.get_hostname()] in seen
