# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any fleet in any subnet, against oracles that know nothing of intervals."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import (
    BITS,
    Block,
    block_around,
    read_block,
    single,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.allocate import allocate
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import Problems
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.holders import Holders
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Held, Request, Taken, length_for
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.targets import Rules
from hypothesis import assume, given, settings
from hypothesis import strategies as st

# Small enough to write every address down: 256 of them; and 16 delegated prefixes.
TINY = read_block("2001:db8::4500/120")
WIDE = read_block("2001:db8:0:0:4560::/76")
NAMES = [f"host-{index:02d}" for index in range(14)]
SIZES = [4, 8, 16, 32]


@st.composite
def fleets(draw, subnet=TINY, names=NAMES):
    """Requests in a subnet, some of them with pins that lie somewhere in it."""
    requests = []
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=10)):
        mode, count = "block", draw(st.integers(1, 30))
        if subnet is WIDE:
            mode, count = draw(st.sampled_from(["block", "prefix"])), 2
        request = Request(f"hosts[{name}]", name, mode=mode, count=count)
        if subnet is TINY and draw(st.integers(0, 4)) == 0:
            size = 1 << (BITS - request.length)
            pin = Block(subnet.first + size * draw(st.integers(1, 256 // size - 2)), request.length)
            request = replace(request, block=pin)
        if subnet is TINY and draw(st.integers(0, 4)) == 0:
            request = replace(request, address=subnet.first + draw(st.integers(4, 254)))
        requests.append(request)
    return requests


@st.composite
def occupied(draw, subnet=TINY):
    """Others' ranges: single addresses and blocks anywhere in the subnet."""
    low, high = (120, 128) if subnet is TINY else (78, 82)
    ranges = []
    for length in draw(st.lists(st.integers(low + 2, high), max_size=6)):
        size = 1 << (BITS - length)
        # The wide subnet's low end stays free: the oracle would look for a single address past it for ever.
        lowest = 0 if subnet is TINY else max(1, (1 << 48) // size)
        ranges.append(Block(subnet.first + size * draw(st.integers(lowest, subnet.size // size - 1)), length))
    if draw(st.booleans()):
        ranges.append(single(subnet.first + draw(st.integers(0, subnet.size - 1))))
    return ranges


reservations = st.sampled_from([None, Block(TINY.first + 64, 122), Block(TINY.first + 128, 121)])


def allocated(subnet, requests, held=None, taken=(), rules=None, kept_off=()):
    """Allocations, or ``None`` when anything can't be met."""
    problems = Problems()
    others = [Taken(block, "other") for block in taken]
    reserved = [Taken(block, "reserved by other") for block in kept_off]
    found = allocate(subnet, requests, held or {}, others, problems, rules, reserved)
    return None if problems else found


def numbers(block):
    """The addresses of a block, as offsets into the tiny subnet."""
    start = block.first - TINY.first
    return set(range(start, start + block.size))


class Full(Exception):
    """The oracle found no place."""


class Oracle:
    """First fit by trying every number in turn against a set of all the numbers that are used."""

    def __init__(self, requests, held, taken, rules, kept_off):
        self.requests = {request.host: request for request in requests}
        self.held = held
        self.move = rules.move
        self.pool = range(256) if rules.reservation is None else sorted(numbers(rules.reservation))
        self.used = {0, 1, 2, 3, 255}
        self.kept_off = set().union(*map(numbers, kept_off))
        self.no_address = set() if rules.reservation is None else numbers(rules.reservation)
        self.addresses, self.blocks = {}, {}
        for block in taken:
            self.used |= numbers(block) & set(range(256))

    def claim(self, wanted):
        if wanted & self.used or not wanted <= set(range(256)):
            raise Full
        self.used |= wanted

    def size(self, host):
        request = self.requests[host]
        if request.block is not None:
            return request.block.size
        return next(size for size in SIZES if size - 2 >= request.count)

    def kind(self, host):
        """What a host that holds a block wants of it: more, less or the same."""
        have, want = self.held[host].block.size, self.size(host)
        return "more" if want > have else "less" if want < have and host in self.move else "same"

    def place(self, host, start, size):
        self.claim(set(range(start, start + size)))
        self.blocks[host] = (start, size)

    def solve(self):
        old = {host: (held.block.first - TINY.first, held.block.size) for host, held in sorted(self.held.items())}
        for host, held in sorted(self.held.items()):
            self.addresses[host] = held.address - TINY.first
            self.claim({self.addresses[host]})
        for host, (start, size) in old.items():
            if self.kind(host) != "more":
                self.place(host, start, self.size(host) if self.kind(host) == "less" else size)
            elif host not in self.move:
                self.place(host, start, size)
        self.used |= self.kept_off
        growing = [host for host in old if self.kind(host) == "more"]
        for host in growing:
            if host not in self.move:
                start, size = old[host]
                self.used -= set(range(start, start + size))
                wider = self.size(host)
                self.place(host, start // wider * wider, wider)
        for host, request in sorted(self.requests.items()):
            if request.address is not None and host not in self.held:
                self.addresses[host] = request.address - TINY.first
                self.claim({self.addresses[host]})
            if request.block is not None and host not in self.held:
                self.place(host, request.block.first - TINY.first, request.block.size)
        for host in growing:
            wider = self.size(host)
            start = old[host][0] // wider * wider
            if host in self.move and not set(range(start, start + wider)) & self.used:
                self.place(host, start, wider)
        for host in growing:
            if host not in self.blocks:
                start, size = old[host]
                self.search(host, set(range(start, start + size)))
        for host in sorted(self.requests):
            if host not in self.addresses:
                free = [number for number in range(256) if number not in self.used | self.no_address]
                self.addresses[host] = (free or [None])[0]
                self.claim(set(free[:1]) or {0})
            if host not in self.blocks:
                self.search(host, set())
        return {host: (self.addresses[host], *self.blocks[host]) for host in self.requests}

    def search(self, host, avoid):
        size = self.size(host)
        for start in self.pool:
            wanted = set(range(start, start + size))
            if start % size == 0 and wanted <= set(self.pool) and not wanted & (self.used | avoid):
                self.place(host, start, size)
                return
        raise Full


def by_oracle(requests, held=None, taken=(), rules=None, kept_off=()):
    try:
        return Oracle(requests, held or {}, taken, rules or Rules(), kept_off).solve()
    except Full:
        return None


def simple(found):
    """Allocations as the oracle has them."""
    if found is None:
        return None
    return {
        host: (item.address - TINY.first, item.block.first - TINY.first, item.block.size)
        for host, item in found.items()
    }


@given(fleets(), occupied(), reservations, st.lists(st.sampled_from([16, 24, 200, 208]), max_size=2))
@settings(max_examples=300)
def test_new_hosts_get_what_brute_force_gives_them(requests, taken, reservation, kept_off):
    kept_off = [Block(TINY.first + offset, 126) for offset in kept_off]
    rules = Rules(reservation=reservation)
    found = allocated(TINY, requests, taken=taken, rules=rules, kept_off=kept_off)
    assert simple(found) == by_oracle(requests, taken=taken, rules=rules, kept_off=kept_off)


@given(fleets(), fleets(), occupied(), st.sets(st.sampled_from(NAMES)), reservations)
@settings(max_examples=400)
def test_hosts_that_grow_shrink_and_move_get_what_brute_force_gives_them(before, after, taken, move, reservation):
    """Pins of hosts that hold something are left out: the cases have those."""
    first = allocated(TINY, before, taken=taken)
    assume(first)
    held = {host: Held(host, item.address, item.block, where="eni") for host, item in first.items()}
    requests = [replace(r, address=None, block=None) if r.host in held else r for r in after]
    held = {request.host: held[request.host] for request in requests if request.host in held}
    rules = Rules(reservation=reservation, move=frozenset(move))
    found = allocated(TINY, requests, held, taken, rules)
    assert simple(found) == by_oracle(requests, held, taken, rules)


def network(block):
    return ipaddress.IPv6Network((block.first, block.length))


def by_networks(subnet, requests, taken):
    """First fit by trying every network in turn against every network in use."""
    used = [network(block) for block in taken]
    used += [ipaddress.IPv6Network((subnet.first + offset, 128)) for offset in range(4)]
    used.append(ipaddress.IPv6Network((subnet.last, 128)))

    def place(candidates):
        for candidate in candidates:
            if not any(candidate.overlaps(other) for other in used):
                used.append(candidate)
                return candidate
        return None

    result = {}
    for request in sorted(requests, key=lambda request: request.host):
        address = place(ipaddress.IPv6Network((value, 128)) for value in range(subnet.first, subnet.last + 1))
        block = place(network(subnet).subnets(new_prefix=request.length))
        if address is None or block is None:
            return None
        result[request.host] = (int(address[0]), str(block))
    return result


@given(fleets(WIDE), occupied(WIDE))
@settings(max_examples=50)
def test_delegated_prefixes_go_where_brute_force_puts_them(requests, taken):
    found = allocated(WIDE, requests, taken=taken)
    assert (None if found is None else {h: (a.address, str(a.block)) for h, a in found.items()}) == by_networks(
        WIDE, requests, taken
    )


@given(fleets(), occupied(), reservations)
def test_disjoint_contained_aligned_not_reserved(requests, taken, reservation):
    found = allocated(TINY, requests, taken=taken, rules=Rules(reservation=reservation))
    assume(found is not None)
    parts = [part for item in found.values() for part in (single(item.address), item.block)]
    for index, part in enumerate(parts):
        assert TINY.first + 4 <= part.first
        assert part.last < TINY.last
        assert part.first % part.size == 0
        assert not any(part.overlaps(other) for other in [*parts[:index], *taken])
    for request in requests:
        if reservation is not None:
            assert request.block is not None or reservation.covers(found[request.host].block)
            assert request.address is not None or not reservation.covers(single(found[request.host].address))


@given(fleets(), fleets(), occupied(), st.sets(st.sampled_from(NAMES)), st.randoms(use_true_random=False))
def test_order_of_input_means_nothing(before, requests, taken, move, chance):
    first = allocated(TINY, before, taken=taken) or {}
    held = {host: Held(host, item.address, item.block) for host, item in first.items()}
    rules = Rules(move=frozenset(move))
    expected = allocated(TINY, requests, held, taken, rules)
    shuffled, others, turned = list(requests), list(taken), list(held.items())
    for each in (shuffled, others, turned):
        chance.shuffle(each)
    assert allocated(TINY, shuffled, dict(turned), others, rules) == expected


@given(fleets(), fleets(), occupied(), st.sets(st.sampled_from(NAMES)))
def test_what_is_held_stays_when_hosts_come_and_go(before, after, taken, leaving):
    first = allocated(TINY, before, taken=taken)
    assume(first is not None)
    staying = {host: item for host, item in first.items() if host not in leaving}
    held = {host: Held(host, item.address, item.block) for host, item in staying.items()}
    new = [replace(r, address=None, block=None) for r in after if r.host not in held]
    second = allocated(TINY, [r for r in before if r.host in held] + new, held, taken)
    assume(second is not None)
    assert {host: second[host] for host in staying} == staying


def test_the_oracle_and_the_core_agree_on_sizes():
    assert [1 << (BITS - length_for(size - 2)) for size in SIZES] == SIZES


@given(occupied(), st.lists(st.sampled_from("abc"), min_size=7, max_size=7), st.integers(0, 255), st.integers(122, 128))
def test_whoever_is_in_the_way_is_named_the_lowest_first(taken, owners, offset, length):
    entries = [Taken(block, owner) for block, owner in zip(taken, owners, strict=False)]
    wanted = block_around(TINY.first + offset, length)
    half = entries[: len(entries) // 2]
    holders = Holders(half)
    holders.lowest(wanted, "")
    half += entries[len(entries) // 2 :]
    for besides in ("", "a"):
        found = [entry for entry in entries if entry.owner != besides and entry.block.overlaps(wanted)]
        expected = min(found, key=lambda entry: (entry.block, entry.owner), default=None)
        assert holders.lowest(wanted, besides) == expected
