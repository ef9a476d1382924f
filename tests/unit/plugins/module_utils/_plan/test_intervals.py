# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set of intervals against Python's own sets."""

from __future__ import annotations

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.intervals import IntervalSet, aligned_sizes
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import length_for
from hypothesis import given
from hypothesis import strategies as st


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
    assert grown.covered(probe, probe + width) == sum(number in known for number in range(probe, probe + width + 1))
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


@given(st.integers(1, 49))
def test_length_for_holds_the_count_and_no_smaller_block_does(count):
    length = length_for(count)
    assert 2 ** (128 - length) - 2 >= count
    assert length == 126 or 2 ** (127 - length) - 2 < count
