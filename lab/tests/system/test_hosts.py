# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts boot by the real cloud-init, get what EC2 gives, and live as EC2's instances do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from .conftest import LAB, SUBNET, until


def addresses(lab, host: str) -> list[dict]:
    """A host's global IPv6 addresses, as ip tells them; it also lists empty things for what it leaves out."""
    links = json.loads(lab.ssh(host, "ip -j -6 addr show dev ens5 scope global"))
    return [one for link in links for one in link.get("addr_info", ()) if one.get("local")]


def test_leases_are_the_interfaces_addresses_as_128(lab) -> None:
    """And cloud-init does what it does on EC2: it takes the further ones for the host's own."""
    found = addresses(lab, "one")
    assert {(one["local"], one["prefixlen"]) for one in found} == {(SUBNET + end, 128) for end in ("1:1", "8", "9")}
    dynamic = {one["local"] for one in found if one.get("dynamic")}
    assert SUBNET + "1:1" in dynamic
    assert "addresses:" in lab.ssh("one", "sudo cat /etc/netplan/50-cloud-init.yaml")


def test_a_prefix_alone_adds_no_address(lab) -> None:
    found = addresses(lab, "two")
    assert [one["local"] for one in found] == [SUBNET + "2:2"]


def test_the_router_is_a_link_local_address_made_from_its_mac(lab) -> None:
    routes = json.loads(lab.ssh("one", "ip -j -6 route"))
    default = next(route for route in routes if route["dst"] == "default")
    assert re.fullmatch(r"fe80::1066:30ff:fe[0-9a-f]{2}:[0-9a-f]{1,4}", default["gateway"])
    assert "0% packet loss" in lab.ssh("one", "ping -c1 -W2 fe80:ec2::1%ens5")
    onlink = next(route for route in routes if route["dst"] == SUBNET + "/64")
    assert onlink["protocol"] == "ra"


def test_ssh_with_the_key_that_the_console_showed(lab, tmp_path: Path) -> None:
    block = lab.console("one").split("BEGIN SSH HOST KEY KEYS")[1]
    key = re.search(r"ssh-ed25519 \S+", block)
    assert key is not None
    known = tmp_path / "known_hosts"
    known.write_text(f"{SUBNET}1:1 {key[0]}\n")
    proxy = f"ProxyCommand={sys.executable} -m vpclab.connect --lab {LAB} %h %p"
    strict = ("-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes")
    own = ("-i", f"/run/vpclab/{LAB}/id_ed25519", "-o", "IdentitiesOnly=yes")
    done = subprocess.run(
        ["ssh", *own, *strict, "-o", proxy, f"admin@{SUBNET}1:1", "sudo id -u"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip() == "0", done.stderr


def test_metadata_only_with_a_token(lab) -> None:
    base = "http://169.254.169.254/latest"
    ask = "curl -s -o /dev/null -w '%{http_code}'"
    assert lab.ssh("one", f"{ask} {base}/meta-data/") == "401"
    assert lab.ssh("one", f"{ask} -X PUT {base}/api/token") == "400"
    put = f"curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {base}/api/token"
    token = f'-H "X-aws-ec2-metadata-token: $({put})"'
    macs = f"{base}/meta-data/network/interfaces/macs"
    said = lab.ssh("one", f"mac=$(cat /sys/class/net/ens5/address); curl -s {token} {macs}/$mac/ipv6s")
    assert said.split() == [SUBNET + "1:1", SUBNET + "8", SUBNET + "9"]
    assert lab.ssh("one", f"mac=$(cat /sys/class/net/ens5/address); {ask} {token} {macs}/$mac/ipv6-prefix") == "404"


def test_packages_come_over_ipv6_from_the_main_mirror_alone(lab) -> None:
    """The region mirror refuses before any time-out; the main mirror is the same name without its first labels."""
    sources = "/etc/apt/sources.list.d/debian.sources"
    said = lab.ssh("two", "sudo apt-get update -o Acquire::Retries=0 2>&1; true")
    assert "No route to host" in said
    lab.ssh("two", f"sudo sed -i 's/us-east-1.ec2.//' {sources} && sudo apt-get -qq -o Acquire::ForceIPv6=true update")
    assert "docker.io" in lab.ssh("two", "apt-cache policy docker.io")


def test_a_host_stops_starts_and_keeps_its_disk(lab) -> None:
    instance = [lab.instances["two"]]
    lab.ssh("two", "sudo touch /root/kept && sudo nft add table inet gone && sync")
    lab.ec2.stop_instances(InstanceIds=instance)
    until(lambda: lab.state("two") == "stopped", "stopped")
    assert lab.status("two")["pid"] is None
    lab.ec2.start_instances(InstanceIds=instance)
    until(lambda: lab.state("two") == "running", "running")
    until(lambda: lab.ssh("two", "sudo ls /root/kept", check=False), "ssh after starting")
    assert "gone" not in lab.ssh("two", "sudo nft list tables"), "a restart clears the host's firewall"


def test_a_host_reboots(lab) -> None:
    boot = "awk '{print $22}' /proc/1/stat"
    before = lab.ssh("two", boot)
    lab.ec2.reboot_instances(InstanceIds=[lab.instances["two"]])
    until(lambda: lab.ssh("two", boot, check=False) not in ("", before), "another init")
    until(lambda: lab.ssh("two", "systemctl is-system-running", check=False) == "running", "running")


def test_an_instance_that_is_terminated_goes(lab) -> None:
    eni = lab.ec2.create_network_interface(
        SubnetId=lab.subnet, Groups=[lab.group], Ipv6Addresses=[{"Ipv6Address": SUBNET + "3:3"}]
    )["NetworkInterface"]["NetworkInterfaceId"]
    like = lab.ec2.describe_instances(InstanceIds=[lab.instances["one"]])["Reservations"][0]["Instances"][0]
    made = lab.ec2.run_instances(
        ImageId=like["ImageId"], MinCount=1, MaxCount=1, InstanceType="t3.micro",
        NetworkInterfaces=[{"NetworkInterfaceId": eni, "DeviceIndex": 0}],
    )["Instances"][0]["InstanceId"]  # fmt: skip
    lab.instances["three"] = made
    until(lambda: lab.state("three") == "running", "running")
    disk = Path("/var/lib/vpclab") / LAB / made
    assert disk.exists()
    lab.ec2.terminate_instances(InstanceIds=[made])
    until(lambda: lab.state("three") == "terminated", "terminated")
    assert not disk.exists()
    assert not Path(f"/run/netns/vpclab.{LAB}.{made}").exists()
