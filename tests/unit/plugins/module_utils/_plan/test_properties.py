# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for any fleet in any subnet, against an oracle that knows nothing of intervals."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import changes as actions
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import BITS, Block, read_block, single
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.allocate import allocate
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.intervals import IntervalSet, aligned_sizes
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Desired,
    Held,
    Interface,
    Observed,
    Request,
    Subnet,
    Taken,
    length_for,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.removal import plan_absent
from hypothesis import given, settings
from hypothesis import strategies as st

# Small enough to enumerate: 256 addresses, and 16 delegated prefixes.
TINY = read_block("2001:db8::4500/120")
WIDE = read_block("2001:db8:0:0:4560::/76")
NAMES = [f"host-{index:02d}" for index in range(14)]

counts = st.integers(1, 30)


@st.composite
def fleets(draw, subnet=TINY):
    """Requests in a subnet, some of them with pins that lie somewhere in it."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=10))
    requests = []
    for name in names:
        mode, count = ("block", draw(counts)) if subnet is TINY else (draw(st.sampled_from(["block", "prefix"])), 2)
        request = Request(f"hosts[{name}]", name, mode=mode, count=count)
        if subnet is TINY and draw(st.integers(0, 4)) == 0:
            size = 1 << (BITS - request.length)
            request = replace(
                request, block=Block(subnet.first + size * draw(st.integers(1, 256 // size - 2)), request.length)
            )
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


def allocated(subnet, requests, held=None, taken=()):
    """Allocations, or ``None`` when anything can't be met."""
    problems = Problems()
    found = allocate(subnet, requests, held or {}, [Taken(block, "other") for block in taken], problems)
    return None if problems else found


def network(block):
    return ipaddress.IPv6Network((block.first, block.length))


def oracle(subnet, requests, taken):
    """First fit by trying every candidate in turn against every range in use."""
    whole = network(subnet)
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
    ordered = sorted(requests, key=lambda request: request.host)
    for request in ordered:
        pins = []
        for pin in (request.address and single(request.address), request.block):
            pins.append(place([network(pin)]) if pin else None)
            if pin and pins[-1] is None:
                return None
        result[request.host] = pins
    for request in ordered:
        address, block = result[request.host]
        address = address or place(
            ipaddress.IPv6Network((value, 128)) for value in range(subnet.first, subnet.last + 1)
        )
        block = block or place(whole.subnets(new_prefix=request.length))
        if address is None or block is None:
            return None
        result[request.host] = [address, block]
    return {host: (int(pair[0][0]), str(pair[1])) for host, pair in result.items()}


@given(fleets(), occupied())
def test_same_as_brute_force(requests, taken):
    found = allocated(TINY, requests, taken=taken)
    simple = found and {host: (item.address, str(item.block)) for host, item in found.items()}
    expected = oracle(TINY, requests, taken)
    assert simple == expected or (not requests and found == {})


@given(fleets(WIDE), occupied(WIDE))
@settings(max_examples=50)
def test_same_as_brute_force_with_delegated_prefixes(requests, taken):
    found = allocated(WIDE, requests, taken=taken)
    assert (None if found is None else {h: (a.address, str(a.block)) for h, a in found.items()}) == oracle(
        WIDE, requests, taken
    )


@given(fleets(), occupied())
def test_disjoint_contained_aligned_not_reserved(requests, taken):
    found = allocated(TINY, requests, taken=taken)
    if found is None:
        return
    parts = [part for item in found.values() for part in (single(item.address), item.block)]
    for index, part in enumerate(parts):
        assert TINY.first + 4 <= part.first
        assert part.last < TINY.last
        assert part.first % part.size == 0
        assert not any(part.overlaps(other) for other in [*parts[:index], *taken])


@given(fleets(), occupied(), st.randoms(use_true_random=False))
def test_order_of_input_means_nothing(requests, taken, chance):
    expected = allocated(TINY, requests, taken=taken)
    shuffled, others = list(requests), list(taken)
    chance.shuffle(shuffled)
    chance.shuffle(others)
    assert allocated(TINY, shuffled, taken=others) == expected


@given(fleets(), fleets(), occupied(), st.sets(st.sampled_from(NAMES)))
def test_what_is_held_stays_when_hosts_come_and_go(before, after, taken, leaving):
    first = allocated(TINY, before, taken=taken)
    if first is None:
        return
    staying = {host: item for host, item in first.items() if host not in leaving}
    held = {host: Held(host, item.address, item.block) for host, item in staying.items()}
    new = [replace(r, address=None, block=None) for r in after if r.host not in held]
    second = allocated(TINY, [r for r in before if r.host in held] + new, held, taken)
    if second is not None:
        assert {host: second[host] for host in staying} == staying


@st.composite
def worlds(draw):
    """Raw hosts, pinned or not, and a subnet with others' interfaces in it."""
    hosts = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=6)):
        host = {"name": name, "container_mode": draw(st.sampled_from(["block", "prefix"]))}
        if host["container_mode"] == "block":
            host["container_count"] = draw(counts)
        if draw(st.booleans()):
            host["host_address"] = f"::{draw(st.integers(4, 60)):x}"
        hosts.append(host)
    others = [
        Interface(f"eni-other-{index}", "subnet-1", addresses=frozenset({read_block("2001:db8::/64").first + value}))
        for index, value in enumerate(draw(st.lists(st.integers(4, 200), max_size=5)))
    ]
    return hosts, Observed(
        subnets={"subnet-1": Subnet("subnet-1", read_block("2001:db8::/64"))}, interfaces=tuple(others)
    )


def applied(observed, changes):
    """What EC2 would have after the changes."""
    enis = {interface.id: interface for interface in observed.interfaces}
    for change in changes:
        eni_id = change.eni_id or f"eni-{change.host}"
        if change.action == actions.DELETE:
            del enis[eni_id]
        elif change.action == actions.CREATE:
            enis[eni_id] = Interface(
                eni_id,
                change.subnet_id,
                addresses=frozenset(change.addresses),
                groups=change.groups,
                tags=change.tags,
                description=change.description,
            )
        else:
            eni = enis[eni_id]
            enis[eni_id] = replace(
                eni,
                addresses=eni.addresses | set(change.addresses),
                prefixes=eni.prefixes | set(change.prefixes),
                tags={**eni.tags, **change.tags},
            )
    return replace(observed, interfaces=tuple(enis.values()))


def planned(hosts, observed):
    try:
        return plan_present(Desired("default", "subnet-1", hosts=hosts), observed)
    except PlanError:
        return None


@given(worlds())
def test_nothing_is_left_to_do_after_apply(world):
    hosts, observed = world
    plan = planned(hosts, observed)
    if plan is None:
        return
    again = planned(hosts, applied(observed, plan.changes))
    assert again.changes == ()
    assert again.allocations == plan.allocations
    assert again.before == again.after
    removal = plan_absent("default", None, applied(observed, plan.changes))
    assert applied(applied(observed, plan.changes), removal.changes) == observed


@given(worlds(), st.data())
def test_any_part_of_the_changes_and_a_rerun_end_in_the_same_state(world, data):
    """A run may die between any two calls, hosts side by side: each host has got any number of its changes."""
    hosts, observed = world
    plan = planned(hosts, observed)
    if plan is None:
        return
    done = []
    for host in plan.allocations:
        steps = [change for change in plan.changes if change.host == host]
        done += steps[: data.draw(st.integers(0, len(steps)))]
    middle = applied(observed, done)
    rest = planned(hosts, middle)
    assert rest.allocations == plan.allocations
    ids = {interface.id: interface for interface in applied(middle, rest.changes).interfaces}
    assert ids == {interface.id: interface for interface in applied(observed, plan.changes).interfaces}


@given(worlds(), st.data())
def test_drift_is_repaired(world, data):
    hosts, observed = world
    plan = planned(hosts, observed)
    if plan is None:
        return
    good = applied(observed, plan.changes)
    drifted = replace(
        good,
        interfaces=tuple(
            replace(
                interface,
                addresses=frozenset(data.draw(st.sets(st.sampled_from(sorted(interface.addresses))))),
                prefixes=frozenset(block for block in interface.prefixes if data.draw(st.booleans())),
            )
            if interface.description
            else interface
            for interface in good.interfaces
        ),
    )
    repaired = applied(drifted, planned(hosts, drifted).changes)
    assert {i.id: i for i in repaired.interfaces} == {i.id: i for i in good.interfaces}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 12))), st.integers(0, 99), st.integers(0, 20))
def test_interval_set_is_a_set(pairs, probe, width):
    known = {number for first, extra in pairs for number in range(first, first + extra + 1)}
    built = IntervalSet((first, first + extra) for first, extra in pairs)
    grown = IntervalSet()
    for first, extra in pairs:
        grown.add(first, first + extra)
    assert list(built) == list(grown)
    assert {number for first, last in grown for number in range(first, last + 1)} == known
    assert len(grown) == sum(1 for number in known if number - 1 not in known)
    assert grown.overlaps(probe, probe + width) == any(number in known for number in range(probe, probe + width + 1))
    free = {number for first, last in grown.gaps(0, 120) for number in range(first, last + 1)}
    assert free == set(range(121)) - known


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 12))), st.integers(0, 5), st.integers(0, 60))
def test_first_fit_is_the_lowest(pairs, bits, start):
    known = {number for first, extra in pairs for number in range(first, first + extra + 1)}
    size = 1 << bits
    fitting = [
        first
        for first in range(0, 128, size)
        if first >= start and first + size <= 101 and known.isdisjoint(range(first, first + size))
    ]
    found = IntervalSet((first, first + extra) for first, extra in pairs).first_fit(size, start, 100)
    assert found == (fitting[0] if fitting else None)


@given(st.integers(0, 200), st.integers(0, 100))
def test_aligned_sizes_tile_a_run_with_the_fewest_pieces(first, extra):
    start, pieces = first, list(aligned_sizes(first, first + extra))
    for size in pieces:
        assert start % size == 0
        start += size
    assert start == first + extra + 1
    # Two neighbours that made one aligned piece together would be one too many.
    assert sum(pieces) == extra + 1
    assert len(pieces) <= 2 * 8


@given(counts)
def test_length_for_holds_the_count_and_no_smaller_block_does(count):
    length = length_for(count)
    assert 2 ** (128 - length) - 2 >= count
    assert length == 126 or 2 ** (127 - length) - 2 < count
