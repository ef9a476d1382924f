# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address space of a subnet: never a double claim, never a reserved address, no enumeration."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpclab.ec2.addresses import PREFIX_SIZE, AddressSpace
from vpclab.ec2.refusal import Refusal

NETWORK = IPv6Network("2600:1f18:47b:ca03::/64")
BASE = int(NETWORK.network_address)


def space(network: IPv4Network | IPv6Network = NETWORK) -> AddressSpace:
    return AddressSpace(network, Random(1))


def test_a_full_subnet_gives_each_free_address_once_and_then_refuses() -> None:
    """A /28 has eleven addresses to give: all of them come, whatever the dice say."""
    small = space(IPv4Network("10.0.0.0/28"))
    given_out = []
    for _ in range(11):
        (value,) = small.pick(1)
        small.claim([value], [], "eni-1")
        given_out.append(value - int(small.network.network_address))
    assert sorted(given_out) == list(range(4, 15))
    assert small.free == 0
    with pytest.raises(Refusal, match="InsufficientFreeAddressesInSubnet"):
        small.pick(1)


def test_automatic_addresses_stay_out_of_reservations() -> None:
    """With all but one /126 reserved, automatic assignment finds what is left in it."""
    half = space()
    for index, network in enumerate(NETWORK.address_exclude(IPv6Network("2600:1f18:47b:ca03::8/126"))):
        half.reserve(network, "explicit", f"scr-{index}")
    assert sorted(half.pick(4)) == [BASE + 8, BASE + 9, BASE + 10, BASE + 11]
    with pytest.raises(Refusal, match="InsufficientFreeAddressesInSubnet"):
        half.pick(5)


def test_automatic_prefixes_come_from_prefix_reservations() -> None:
    """Where a prefix reservation is, prefixes come from it, and end with it."""
    reserved = space()
    reserved.reserve(IPv6Network("2600:1f18:47b:ca03:2::/79"), "prefix", "scr-1")
    assert [str(IPv6Address(start)) for start in reserved.pick_prefixes(2)] == [
        "2600:1f18:47b:ca03:2::",
        "2600:1f18:47b:ca03:3::",
    ]
    with pytest.raises(Refusal, match="InsufficientCidrBlocks"):
        reserved.pick_prefixes(3)


def test_an_explicit_address_may_lie_in_a_reservation() -> None:
    """That is what an explicit reservation is for."""
    reserved = space()
    reserved.reserve(IPv6Network("2600:1f18:47b:ca03:2::/80"), "explicit", "scr-1")
    reserved.check([BASE + (2 << 48) + 1], [])
    reserved.check([], [BASE + (2 << 48)])


Claim = tuple[bool, int]
CLAIMS = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=30)


@given(CLAIMS)
def test_claims_never_overlap_and_release_undoes_them(claims: list[Claim]) -> None:
    """Against a model that knows every address by its interval."""
    tested = space()
    model: list[tuple[int, int]] = []
    for is_prefix, number in claims:
        start = BASE + ((number // 8 + 1) << 48) + (0 if is_prefix else number % 8)
        last = start + (PREFIX_SIZE if is_prefix else 1) - 1
        free = all(last < first or start > end for first, end in model)
        parts = ([], [start]) if is_prefix else ([start], [])
        if free:
            tested.check(*parts)
            tested.claim(*parts, "eni-1")
            model.append((start, last))
        else:
            with pytest.raises(Refusal):
                tested.check(*parts)
    for start in tested.pick(3) + tested.pick_prefixes(2):
        assert all(start < first or start > end for first, end in model)
    for first, last in model:
        tested.release(*(([first], []) if first == last else ([], [first])))
    assert len(tested) == 0
