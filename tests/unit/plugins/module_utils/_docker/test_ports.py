# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are open, to whom: nothing more than declared, nothing less, and never in a form that nft refuses."""

from __future__ import annotations

import json
from ipaddress import IPv6Address, IPv6Network

from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.ports import (
    Declared,
    Opening,
    Rules,
    addresses_of,
    declared_text,
    disjoint,
)
from hypothesis import given
from hypothesis import strategies as st

A, B = IPv6Address("2001:db8::a"), IPv6Address("2001:db8::b")
ALL, WIDE, NARROW = IPv6Network("::/0"), IPv6Network("2001:db8:5::/48"), IPv6Network("2001:db8:5:1::/64")


def declared(address=A, *ports, name="web", network="bridge"):
    return Declared(name, network, address, ports)


def rules(*containers, owner="containers", **more):
    return Rules(declared={owner: containers}, **more)


def elements(text):
    return [line.strip(" ,") for line in text.splitlines() if " . " in line]


openings = st.lists(
    st.builds(
        lambda address, protocol, first, width, source: Opening(address, protocol, first, first + width, source),
        st.sampled_from([A, B, None]),
        st.sampled_from(["tcp", "udp"]),
        st.integers(1, 20),
        st.integers(0, 6),
        st.sampled_from([ALL, WIDE, NARROW, IPv6Network("2001:db8:6::/48")]),
    ),
    max_size=8,
)


def opens(found, address, protocol, port, source):
    return sum(
        one.address == address and one.protocol == protocol and one.first <= port <= one.last and source in one.source
        for one in found
    )


class TestDisjoint:
    @given(openings)
    def test_each_packet_is_let_in_by_one_element_if_it_was_by_any(self, given_openings):
        found = disjoint(given_openings)
        for source in (IPv6Address("2001:db8:5:1::1"), IPv6Address("2001:db8:5:2::1"), IPv6Address("fd00::1")):
            for address in (A, B, None):
                for protocol in ("tcp", "udp"):
                    for port in range(1, 28):
                        packet = (address, protocol, port, source)
                        assert opens(found, *packet) == min(1, opens(given_openings, *packet))

    def test_neighbours_of_the_same_sources_are_one(self):
        found = disjoint([Opening(A, "tcp", 80, 80), Opening(A, "tcp", 81, 90), Opening(A, "tcp", 85, 85, WIDE)])
        assert [one.element() for one in found] == ["::/0 . 2001:db8::a . tcp . 80-90"]

    def test_a_wider_source_takes_in_a_narrower_one(self):
        found = disjoint([Opening(None, "tcp", 22, 22, NARROW), Opening(None, "tcp", 22, 22, WIDE)])
        assert [one.element() for one in found] == ["2001:db8:5::/48 . tcp . 22"]


class TestDeclared:
    def test_owners_are_put_together(self):
        both = Rules(
            declared={
                "containers": (declared(A, ("tcp", 80, 80, WIDE)),),
                "docker": (declared(A, ("tcp", 80, 80, ALL)),),
            }
        )
        assert elements(declared_text(both, {})) == ["::/0 . 2001:db8::a . tcp . 80"]

    def test_a_name_is_wherever_docker_says_and_nowhere_when_it_does_not(self):
        named = rules(declared(None, ("tcp", 80, 80, ALL)))
        assert elements(declared_text(named, {("bridge", "web"): B})) == ["::/0 . 2001:db8::b . tcp . 80"]
        assert elements(declared_text(named, {("pub6", "web"): B, ("bridge", "other"): A})) == []

    def test_where_docker_closes_the_rest_is_closed_from_the_first_word_on(self):
        assert "closed drop" not in declared_text(Rules(docker_closes=True, declared={}), {})
        assert "closed drop" not in declared_text(rules(owner="docker", docker_closes=True), {})
        assert "closed drop" in declared_text(rules(docker_closes=True), {})
        assert "closed drop" in declared_text(
            rules(declared(A, ("tcp", 80, 80, ALL)), owner="docker", docker_closes=True), {}
        )

    def test_the_file_holds_all_of_it(self):
        some = rules(declared(None, ("udp", 5000, 5010, WIDE)), declared(A, ("tcp", 80, 80, ALL)), docker_closes=True)
        assert Rules.read(json.loads(json.dumps(some.to_dict()))) == some


def test_what_docker_answers():
    answer = [
        {
            "Names": ["/web", "/other/alias"],
            "NetworkSettings": {"Networks": {"bridge": {"GlobalIPv6Address": "2001:db8::b"}, "v4": None}},
        },
        {"Names": ["/stopped"], "NetworkSettings": {"Networks": {"bridge": {"GlobalIPv6Address": ""}}}},
        {"Names": ["/host"], "NetworkSettings": {"Networks": None}},
    ]
    assert addresses_of(answer) == {("bridge", "web"): B, ("bridge", "other/alias"): B}
