# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's shapes to values and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import translate
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.clock import stamp
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import read_address, read_block
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.changes import (
    ASSIGN_PREFIXES,
    CREATE,
    RESERVE,
    Change,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import CREATED, FLEET

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def test_addresses_are_compared_as_numbers_not_as_text():
    raw = {
        "NetworkInterfaceId": "eni-1",
        "Ipv6Addresses": [{"Ipv6Address": "2001:0DB8:0:0::0001:1"}],
        "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:0:0:1:0:0:0/80"}],
    }
    interface = translate.interface(raw)
    assert interface.addresses == {read_address("2001:db8::1:1")}
    assert interface.prefixes == {read_block("2001:db8:0:0:1::/80")}


def test_an_interface_of_nothing():
    """An answer may leave out every list, and carry tags under either of two names."""
    bare = translate.interface({"NetworkInterfaceId": "eni-1"})
    assert (bare.addresses, bare.prefixes, bare.groups, bare.instance_id, dict(bare.tags)) == (
        set(),
        set(),
        (),
        None,
        {},
    )
    assert translate.interface({"NetworkInterfaceId": "e", "Tags": [{"Key": "a", "Value": "b"}]}).tags == {"a": "b"}


@pytest.mark.parametrize(
    ("associations", "expected"),
    [
        ([], None),
        ([{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "disassociated"}}], None),
        ([{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}], "2001:db8::/64"),
        (
            [
                {"Ipv6CidrBlock": "2001:db8:1::/64", "Ipv6CidrBlockState": {"State": "disassociating"}},
                {"Ipv6CidrBlock": "2001:db8:2::/56", "Ipv6CidrBlockState": {"State": "associated"}},
            ],
            "2001:db8:2::/56",
        ),
    ],
)
def test_only_an_associated_network_counts(associations, expected):
    subnet = translate.subnet({"SubnetId": "subnet-1", "Ipv6CidrBlockAssociationSet": associations})
    assert (None if subnet.block is None else str(subnet.block)) == expected


@pytest.mark.parametrize(
    ("raw", "nitro"),
    [({"Hypervisor": "nitro"}, True), ({"Hypervisor": "xen"}, False), ({"BareMetal": True}, True), ({}, False)],
)
def test_nitro(raw, nitro):
    kind = translate.instance_type({"InstanceType": "x", **raw})
    assert kind.nitro is nitro
    assert (kind.addresses, kind.ipv6) == (0, False)


def test_where_an_interface_is_attached():
    interface = translate.interface(
        {"NetworkInterfaceId": "eni-1", "Attachment": {"InstanceId": "i-1", "DeviceIndex": 0}}
    )
    assert (interface.instance_id, interface.device_index) == ("i-1", 0)


def test_an_instance_with_its_zone_and_devices():
    raw = {
        "InstanceId": "i-1",
        "State": {"Name": "running"},
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "NetworkInterfaces": [{"Attachment": {"DeviceIndex": index}} for index in (0, 2)],
    }
    instance = translate.instance(raw)
    assert (instance.zone, instance.devices) == ("us-east-1a", {0, 2})


def test_a_subnet_without_ipv4_and_a_reservation_for_prefixes():
    assert translate.subnet({"SubnetId": "subnet-1", "Ipv6Native": True}).native
    raw = {
        "SubnetCidrReservationId": "scr-1",
        "SubnetId": "subnet-1",
        "Cidr": "2001:db8:0:0:1::/80",
        "ReservationType": "prefix",
        "Tags": [{"Key": FLEET, "Value": "f"}],
    }
    reservation = translate.reservation(raw)
    assert (str(reservation.block), reservation.kind, reservation.fleet) == ("2001:db8:0:0:1::/80", "prefix", "f")


def test_a_reservation_says_whose_it_is():
    change = Change(
        RESERVE, "", subnet_id="subnet-1", prefixes=(read_block("2001:db8:0:0:0:1::/96"),), tags={FLEET: "f"}
    )
    request = translate.reserve_request(change)
    assert request["Cidr"] == "2001:db8::1:0:0/96"
    assert request["ReservationType"] == "explicit"
    assert request["TagSpecifications"][0]["Tags"] == [{"Key": FLEET, "Value": "f"}]


def test_create_asks_for_everything_in_one_call_the_host_address_first():
    change = Change(
        CREATE,
        "a",
        subnet_id="subnet-1",
        addresses=(9, 8),
        groups=("sg-1",),
        tags={"b": "2", "a": "1"},
        description="d",
    )
    assert translate.create_request(change, "token", "2026-11-23T15:30:00Z") == {
        "SubnetId": "subnet-1",
        "Description": "d",
        "Ipv6Addresses": [{"Ipv6Address": "::9"}, {"Ipv6Address": "::8"}],
        "TagSpecifications": [
            {
                "ResourceType": "network-interface",
                "Tags": [
                    {"Key": "a", "Value": "1"},
                    {"Key": "b", "Value": "2"},
                    {"Key": CREATED, "Value": "2026-11-23T15:30:00Z"},
                ],
            }
        ],
        "ClientToken": "token",
        "Groups": ["sg-1"],
    }


def test_assign_never_counts():
    change = Change(ASSIGN_PREFIXES, "a", prefixes=(read_block("2001:db8:0:0:1::/80"),))
    assert translate.assign_request(change, "eni-1") == {
        "NetworkInterfaceId": "eni-1",
        "Ipv6Prefixes": ["2001:db8:0:0:1::/80"],
    }


BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"


@pytest.mark.parametrize(
    ("console", "expected"),
    [
        ("", None),
        (f"{BEGIN}\n{KEY} root@h\n", None),
        (f"{KEY}\n", None),
        (f"{BEGIN}\nssh-rsa AAAA root@h\n{END}\n", None),
        (f"x\r\n{BEGIN}\r\n{KEY} root@h\r\n{END}\r\n", KEY),
        (f"[ 1.2] cloud-init[3]: {BEGIN}\n[ 1.2] cloud-init[3]: {KEY} root@h\n[ 1.2] cloud-init[3]: {END}\n", KEY),
        (f"{BEGIN}\nssh-ed25519 AAAAold\n{END}\nreboot\n{BEGIN}\n{KEY}\n{END}", KEY),
    ],
    ids=["nothing", "not complete", "outside", "no such key", "key", "behind a prefix", "of the latest boot"],
)
def test_host_key(console, expected):
    assert translate.host_key(console) == expected


def test_moments_are_told_in_utc():
    assert stamp(datetime(2026, 11, 23, 16, 30, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-23T15:30:00Z"
