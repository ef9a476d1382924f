# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two subnets in two zones, one of them IPv6-only: its host boots without IPv4, and packets pass between the two."""

from __future__ import annotations

import json

import pytest

from .conftest import container, ping, taken_away, until

ONLY = "2600:1f18:47b:ca04::"
HERE, THERE = "2600:1f18:47b:ca03:5:", "2600:1f18:47b:ca04:5:"


@pytest.fixture(scope="module")
def both(lab):
    """``only`` in an IPv6-only subnet of another zone than ``two``'s, and a container of its /80 on each."""
    zone = "us-east-1b"
    subnet = lab.ec2.create_subnet(VpcId=lab.vpc, Ipv6Native=True, Ipv6CidrBlock=f"{ONLY}/64", AvailabilityZone=zone)[
        "Subnet"
    ]["SubnetId"]
    lab.launch("only", subnet, [ONLY + "1:1"], [f"{THERE}:/80"], HttpProtocolIpv6="enabled")
    lab.booted("only")
    container(lab, "two", HERE + ":9", HERE + ":a")
    container(lab, "only", THERE + ":9", THERE + ":a")
    yield lab
    taken_away(lab, "two")
    lab.ec2.terminate_instances(InstanceIds=[lab.instances["only"]])
    until(lambda: lab.state("only") == "terminated", "terminated")


def test_a_host_boots_without_ipv4(both) -> None:
    """Reached by ssh over IPv6, named by its id, its address a lease, cloud-init done, nothing failed."""
    links = json.loads(both.ssh("only", "ip -j addr show dev ens5 scope global"))
    held = [(one["local"], one["prefixlen"]) for link in links for one in link.get("addr_info", ()) if one.get("local")]
    assert held == [(ONLY + "1:1", 128)]
    assert both.ssh("only", "hostname") == both.instances["only"]
    until(lambda: both.ssh("only", "systemctl is-system-running", check=False) == "running", "running")
    assert "detail: DataSourceEc2" in both.ssh("only", "cloud-init status --long", check=False)


def test_it_finds_metadata_and_names_over_ipv6(both) -> None:
    """With a token, as everywhere; what is of IPv4 is not there."""
    base = "http://[fd00:ec2::254]/latest"
    put = f"curl -gs -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {base}/api/token"
    token = f'-H "X-aws-ec2-metadata-token: $({put})"'
    assert both.ssh("only", f"curl -gs {token} {base}/meta-data/ipv6") == ONLY + "1:1"
    assert both.ssh("only", f"curl -gs -o /dev/null -w '%{{http_code}}' {token} {base}/meta-data/local-ipv4") == "404"
    assert both.ssh("only", f"curl -gs -o /dev/null -w '%{{http_code}}' {base}/meta-data/ipv6") == "401"
    assert both.ssh("only", "curl -s -m2 http://169.254.169.254/", check=False) == ""
    assert both.ssh("only", "resolvectl dns ens5").endswith(": fd00:ec2::253")
    assert "2001:db8:53::1" in both.ssh("only", "getent ahosts internet.lab.test")


def test_containers_of_two_subnets_reach_each_other(both) -> None:
    """Hop limit 62, as within one subnet: two hosts forward, and a VPC's router takes none."""
    until(lambda: " 0% packet loss" in ping(both, "two", THERE + ":9"), "a first answer", 10)
    assert "ttl=62" in ping(both, "two", THERE + ":9")
    assert "ttl=62" in ping(both, "only", HERE + ":9")


def test_a_way_out_of_the_vpc_costs_its_hop(both) -> None:
    """The Internet answers with 64: the gateway takes one, the host another for its container."""
    assert "ttl=62" in ping(both, "only", "2001:db8:53::1")
    assert "ttl=63" in ping(both, "only", "2001:db8:53::1", inside=False)


def test_a_source_that_was_not_assigned_does_not_reach_the_other_subnet(both) -> None:
    """Until it is."""
    stray = ONLY + "77"
    both.ssh("only", f"sudo ip addr add {stray}/128 dev ens5 nodad")
    assert "100% packet loss" in ping(both, "only", HERE + ":9", stray, inside=False)
    both.ec2.assign_ipv6_addresses(NetworkInterfaceId=both.enis["only"], Ipv6Addresses=[stray])
    until(lambda: " 0% packet loss" in ping(both, "only", HERE + ":9", stray, inside=False), "assigned", 5)


def test_metadata_over_ipv6_goes_no_further_than_its_hop_limit(both) -> None:
    """A routed container's request arrives by its own address; the token dies on its way back."""
    put = "curl -gs -m2 -o /dev/null -w '%{http_code}' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'"
    url = "'http://[fd00:ec2::254]/latest/api/token'"
    assert both.ssh("only", f"{put} {url}") == "200"
    assert both.ssh("only", f"sudo ip netns exec c {put} {url}", check=False) == "000"
