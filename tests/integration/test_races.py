# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sixteen operators at once: overlapping fleets into one subnet, on an EC2 that is at its best, and one that isn't.

The endpoint is one of its own and boots no host: instances run at once, and have printed their host keys.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import pathlib
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).parents[2]
# The benchmarks' endpoint, which prints host keys.
sys.path.insert(0, str(ROOT / "benchmarks"))

from measure import endpoint

TAG = "ipv6.aws_containers:"
Tags = dict[str, str]
Asked = dict[str, dict[str, Any]]

# The hosts' names are the same in every fleet: what tells them apart is the fleet.
FLEETS: dict[str, Asked] = {
    "amber": {
        "web-1": {"container_mode": "block"},
        "web-2": {"container_mode": "prefix"},
        "web-3": {"host_address": "::a:1", "container_prefix": "::aa00/126"},
    },
    "beryl": {
        "web-1": {"container_mode": "prefix"},
        "web-2": {"container_mode": "block", "container_count": 6, "instance_type": "t3.large"},
        "web-3": {"container_mode": "block"},
    },
    "coral": {
        "web-1": {"container_mode": "block"},
        "web-2": {"container_mode": "block", "host_address": "::c:2"},
        "web-3": {"container_prefix": "::c:0:0:0/80"},
    },
    "dusk": {
        "web-1": {"container_mode": "prefix"},
        "web-2": {"container_mode": "prefix"},
        "web-3": {"container_mode": "block"},
    },
}
# Which of its fleet's hosts each run brings about, and in which order.
RUNS = ((0, 1), (2, 1), (2, 0), (1,))
ALL = (0, 1, 2)

FAULTS = {
    "no faults": {},
    "every fifth call throttled": {"throttle": 0.2},
    "reads two seconds late": {"lag": 2},
}


@pytest.fixture
def account() -> Iterator[endpoint.Endpoint]:
    with endpoint.Endpoint() as served:
        yield served


@pytest.fixture
def theirs(account) -> endpoint.Network:
    """A subnet in which somebody else already has what a plan would take first."""
    network = account.prepare()
    subnet, ec2 = ipaddress.IPv6Network(network.cidr), account.client()
    addresses = [{"Ipv6Address": str(subnet[value])} for value in (4, 9)]
    ec2.create_network_interface(SubnetId=network.subnet_id, Ipv6Addresses=addresses)
    prefixes = [{"Ipv6Prefix": f"{subnet[1 << 48]}/80"}]
    ec2.create_network_interface(SubnetId=network.subnet_id, Ipv6Prefixes=prefixes)
    return network


@pytest.fixture
def provision(account, theirs, tmp_path, playbook):
    """Provisions some hosts of a fleet, in the given order."""
    numbers = itertools.count()

    def run(fleet: str, chosen: tuple[int, ...]):
        names = list(FLEETS[fleet])
        content = {
            "all": {
                "hosts": {"localhost": {"ansible_connection": "local"}},
                "vars": {
                    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                    "aws_containers_fleet": fleet,
                    "aws_containers_aws": connection(account),
                    "vpc_subnets": [{"name": "theirs", "id": theirs.subnet_id}],
                    "vpc_security_group_ids": [theirs.group_id],
                    "instances_key_name": theirs.key_name,
                    "instances_image": endpoint.IMAGE,
                    "instances_type": "t3.medium",
                    "instances_wait_delay": 1,
                },
                "children": {
                    "container_hosts": {"hosts": {names[number]: FLEETS[fleet][names[number]] for number in chosen}}
                },
            }
        }
        path = tmp_path / f"{next(numbers)}.json"
        path.write_text(json.dumps(content))
        return playbook("-i", str(path), "playbooks/provision.yml")

    return run


def connection(account: endpoint.Endpoint) -> Tags:
    return {
        "endpoint_url": account.url,
        "region": endpoint.REGION,
        "access_key": endpoint.ACCESS_KEY,
        "secret_key": endpoint.SECRET_KEY,
    }


def set_faults(account: endpoint.Endpoint, faults: dict[str, float]) -> None:
    request = urllib.request.Request(f"{account.url}/_lab/faults", json.dumps(faults).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=60).close()


def at_once(provision, runs):
    """All of the runs side by side; fails with the output of those that failed."""
    with ThreadPoolExecutor(len(runs)) as pool:
        plays = list(pool.map(lambda run: provision(*run), runs))
    failed = [
        f"{fleet} {chosen}:\n{play.output}" for (fleet, chosen), play in zip(runs, plays, strict=True) if play.status
    ]
    assert not failed, "\n".join([f"{len(failed)} of {len(runs)} runs failed", *failed])
    return plays


def tags(raw: dict[str, Any], key: str = "Tags") -> Tags:
    return {tag["Key"].removeprefix(TAG): tag["Value"] for tag in raw.get(key) or ()}


def held(interface: dict[str, Any]) -> set[ipaddress.IPv6Network]:
    """All that an interface is assigned; addresses as /128."""
    prefixes = [item["Ipv6Prefix"] for item in interface.get("Ipv6Prefixes") or ()]
    addresses = [item["Ipv6Address"] for item in interface.get("Ipv6Addresses") or ()]
    return set(map(ipaddress.IPv6Network, [*prefixes, *addresses]))


def assert_one_of_each(account: endpoint.Endpoint, theirs: endpoint.Network) -> None:
    """Every host has one interface and one instance, no two have anything in common, and nothing else is there."""
    ec2 = account.client()
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    instances = [item for entry in ec2.describe_instances()["Reservations"] for item in entry["Instances"]]
    own = [item for item in interfaces if "fleet" in tags(item, "TagSet")]
    others = [item for item in interfaces if item not in own]
    expected = sorted((fleet, host) for fleet, hosts in FLEETS.items() for host in hosts)

    assert sorted((tags(item, "TagSet")["fleet"], tags(item, "TagSet")["host"]) for item in own) == expected
    assert sorted((tags(item)["fleet"], tags(item)["host"]) for item in instances) == expected
    assert {item["State"]["Name"] for item in instances} == {"running"}
    assert {item["Status"] for item in own} == {"in-use"}
    assert len(others) == 2, "somebody else's"
    by_id = {item["InstanceId"]: item for item in instances}
    for item in own:
        instance = by_id[item["Attachment"]["InstanceId"]]
        assert tags(instance)["fleet"] == tags(item, "TagSet")["fleet"]
        assert tags(instance)["host"] == tags(item, "TagSet")["host"]
        assert tags(instance)["host_key"].startswith("ssh-ed25519 ")

    claimed = [network for item in others for network in held(item)]
    subnet = ipaddress.IPv6Network(theirs.cidr)
    for item in own:
        said = tags(item, "TagSet")
        address, containers = map(ipaddress.IPv6Network, (said["host_address"], said["container_prefix"]))
        block = {containers} if containers.prefixlen == 80 else set(containers.subnets(new_prefix=128))
        assert held(item) == {address} | block, "assigned is what the tags claim"
        asked = FLEETS[said["fleet"]][said["host"]]
        pins = [asked.get("host_address", ""), asked.get("container_prefix", "").partition("/")[0]]
        for network, pin in zip((address, containers), pins, strict=True):
            assert not pin or network[0] == subnet[int(ipaddress.IPv6Address(pin))]
        claimed += [address, containers]
    claimed.sort()
    assert [pair for pair in itertools.pairwise(claimed) if pair[0].overlaps(pair[1])] == []


@pytest.mark.parametrize("faults", FAULTS)
def test_sixteen_runs_of_overlapping_fleets_in_one_subnet(faults, account, theirs, provision, capsys):
    runs = [(fleet, chosen) for chosen in RUNS for fleet in FLEETS]
    set_faults(account, FAULTS[faults])
    began = time.monotonic()
    at_once(provision, runs)
    raced = time.monotonic()
    set_faults(account, {})
    assert_one_of_each(account, theirs)

    set_faults(account, FAULTS[faults])
    again = at_once(provision, [(fleet, ALL) for fleet in FLEETS])
    assert [play.changed for play in again] == [{"localhost": 0}] * len(FLEETS)
    set_faults(account, {})
    assert_one_of_each(account, theirs)
    with capsys.disabled():
        took = f"{len(runs)} runs at once in {raced - began:.0f} s, again in {time.monotonic() - raced:.0f} s"
        print(f"\n{faults}: {took}")


LATE = """
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/ipv6.aws_containers.aws: "{{ instances_aws }}"
  roles: [ipv6.aws_containers.instances]
"""


def test_an_instance_that_another_run_launched_keeps_what_that_run_noted(account, theirs, tmp_path, playbook):
    """A run whose read was late would launch a host that another run has launched, and has learned the key of."""
    ec2, subnet = account.client(), ipaddress.IPv6Network(theirs.cidr)
    noted = {"fleet": "amber", "host": "web-1", "host_key": "ssh-ed25519 AAAA", "schema": "1"}
    noted |= {"host_address": str(subnet[16]), "container_prefix": f"{subnet[32]}/126"}
    listed = [{"Key": f"{TAG}{key}", "Value": value} for key, value in noted.items()]
    listed.append({"Key": "cost-centre", "Value": "42"})
    eni = ec2.create_network_interface(
        SubnetId=theirs.subnet_id,
        Ipv6Addresses=[{"Ipv6Address": str(subnet[value])} for value in (16, 32, 33, 34, 35)],
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": listed}],
    )["NetworkInterface"]["NetworkInterfaceId"]
    ec2.run_instances(
        ImageId=endpoint.IMAGE,
        InstanceType="t3.medium",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"NetworkInterfaceId": eni, "DeviceIndex": 0}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    seen = {
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "instances_aws": connection(account),
        "instances_fleet": "amber",
        "instances_hosts": [{"name": "web-1", "type": "t3.medium", "image": endpoint.IMAGE}],
        "instances_enis": {"web-1": {"eni_id": eni, "subnet_id": theirs.subnet_id, "instance_id": None}},
        "instances_key_name": theirs.key_name,
        "instances_wait_delay": 1,
    }
    for name, content in (("late.yml", LATE), ("seen.json", json.dumps(seen))):
        (tmp_path / name).write_text(content)
    late = playbook("-i", "localhost,", "-e", f"@{tmp_path / 'seen.json'}", str(tmp_path / "late.yml"))
    assert late.status == 0, late.output
    (instance,) = (item for entry in ec2.describe_instances()["Reservations"] for item in entry["Instances"])
    assert tags(instance).items() >= {**noted, "cost-centre": "42"}.items()
