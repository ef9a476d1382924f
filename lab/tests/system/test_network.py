# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network behaves as a VPC does: seen in packets, from hosts and from what stands in for containers on them."""

from __future__ import annotations

import re
import subprocess

import pytest

from .conftest import SUBNET, container, ping, taken_away, tcp, until

PREFIX = "2600:1f18:47b:ca03:5:"


@pytest.fixture(scope="module")
def containers(lab):
    """A container on each host: one of the /80, and one with an address that was taken off its host."""
    lab.ssh("one", f"sudo ip addr del {SUBNET}9/128 dev ens5")
    container(lab, "one", SUBNET + "9", SUBNET + "a")
    container(lab, "two", PREFIX + ":9", PREFIX + ":a")
    yield lab
    for host in ("one", "two"):
        taken_away(lab, host)


def test_containers_reach_each_other_with_two_hops_and_no_proxy(containers) -> None:
    """Hop limit 62: two hosts forward, and the network between them takes none."""
    # A link that has just come up solicits nobody for a second or two.
    until(lambda: " 0% packet loss" in ping(containers, "one", PREFIX + ":9"), "a first answer", 10)
    assert "ttl=62" in ping(containers, "one", PREFIX + ":9")
    assert "ttl=62" in ping(containers, "two", SUBNET + "9")


def test_a_source_that_was_not_assigned_loses_its_packets(containers) -> None:
    """Until it is assigned: within a second the network knows it."""
    lab, stray = containers, SUBNET + "77"
    lab.ssh("one", f"sudo ip addr add {stray}/128 dev ens5 nodad")
    assert "100% packet loss" in ping(lab, "one", SUBNET + "2:2", stray, inside=False)
    lab.ec2.assign_ipv6_addresses(NetworkInterfaceId=lab.enis["one"], Ipv6Addresses=[stray])
    until(lambda: " 0% packet loss" in ping(lab, "one", SUBNET + "2:2", stray, inside=False), "assigned", 3)
    lab.ec2.unassign_ipv6_addresses(NetworkInterfaceId=lab.enis["one"], Ipv6Addresses=[stray])
    until(lambda: "100% packet loss" in ping(lab, "one", SUBNET + "2:2", stray, inside=False), "unassigned", 5)
    lab.ssh("one", f"sudo ip addr del {stray}/128 dev ens5")


def test_a_destination_that_was_not_assigned_is_never_delivered(containers) -> None:
    """Not even when the sender knows the MAC, so that no discovery is needed."""
    lab, stray = containers, SUBNET + "78"
    lab.ssh("two", f"sudo ip addr add {stray}/128 dev ens5 nodad")
    mac = lab.ssh("two", "cat /sys/class/net/ens5/address")
    lab.ssh("one", f"sudo ip neigh replace {stray} lladdr {mac} dev ens5 nud permanent")
    count = "grep -m1 Icmp6InEchos /proc/net/snmp6 | tr -s ' \\t' ' ' | cut -d' ' -f2"
    before = lab.ssh("two", count)
    assert "100% packet loss" in ping(lab, "one", stray, inside=False)
    assert lab.ssh("two", count) == before, "no echo request came through the port"
    lab.ssh("one", f"sudo ip neigh del {stray} dev ens5")
    lab.ssh("two", f"sudo ip addr del {stray}/128 dev ens5")


def test_a_port_is_closed_until_the_group_opens_it(containers) -> None:
    lab = containers
    serve = "python3 -m http.server --bind :: 8080 --directory /etc/cloud"
    lab.ssh("two", f"sudo systemd-run -q --unit=web ip netns exec c {serve}")
    fetch = f"curl -s -o /dev/null -m2 -w '%{{http_code}}' 'http://[{PREFIX}:9]:8080/'"
    until(lambda: "200" in lab.ssh("two", fetch, check=False), "the server listens", 10)
    assert lab.ssh("internet", fetch, check=False) == "000"
    lab.ec2.authorize_security_group_ingress(GroupId=lab.group, IpPermissions=[tcp(8080)])
    until(lambda: lab.ssh("internet", fetch, check=False) == "200", "open", 5)
    lab.ec2.revoke_security_group_ingress(GroupId=lab.group, IpPermissions=[tcp(8080)])
    until(lambda: lab.ssh("internet", fetch, check=False) == "000", "closed", 5)
    lab.ssh("two", "sudo systemctl stop web")


def test_the_internet_may_not_ping_but_is_pinged(containers) -> None:
    """ICMPv6 is open to the group itself alone; replies always come back."""
    assert "100% packet loss" in containers.ssh("internet", f"ping -c1 -W1 {PREFIX}:9", check=False)
    assert " 0% packet loss" in ping(containers, "two", "2001:db8:53::1")


def test_a_container_is_seen_on_the_internet_by_its_own_address(containers) -> None:
    said = containers.ssh("two", "sudo ip netns exec c curl -s -m5 -g 'http://[2001:db8:53::1]/'")
    assert said == PREFIX + ":9"


def test_metadata_goes_no_further_than_its_hop_limit(containers) -> None:
    """A bridged container's request arrives; with hop limit 1 the token dies on its way back."""
    lab = containers
    lab.ssh(
        "two",
        "sudo sh -ec 'ip addr add 172.31.99.1/30 dev v0; ip -n c addr add 172.31.99.2/30 dev eth0;"
        "ip -n c route add default via 172.31.99.1; sysctl -qw net.ipv4.ip_forward=1;"
        'nft add table ip t; nft add chain ip t p "{ type nat hook postrouting priority 100; }";'
        "nft add rule ip t p oifname ens5 masquerade'",
    )
    put = "curl -s -m2 -o /dev/null -w '%{http_code}' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'"
    url = "http://169.254.169.254/latest/api/token"
    assert lab.ssh("two", f"{put} {url}") == "200"
    assert lab.ssh("two", f"sudo ip netns exec c {put} {url}", check=False) == "000"
    lab.ssh("two", "sudo nft delete table ip t")


def test_nothing_of_a_vpc_is_in_the_machines_own_namespace(lab) -> None:
    for what in (("-6", "route"), ("-6", "addr"), ("link",)):
        said = subprocess.run(["ip", *what], capture_output=True, text=True, check=True).stdout
        assert "2600:1f18" not in said
        assert not re.search(r"\b(b|p|v)[0-9a-f]{12}\b", said)
