# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which container gets which address, which has to go, and what is refused before anything is written."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import containers
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.containers import (
    Observed,
    observed,
    opened_by_others,
    place,
    read_observed,
    render,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.declared import parse
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.ports import Declared, Rules
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from hypothesis import given
from hypothesis import strategies as st

SUBNET = IPv6Network("2001:db8::/64")
PREFIX = IPv6Network("2001:db8::8/126")
WIDE = IPv6Network("2001:db8::1:0:0:0/80")
DEFAULT_BRIDGE, ROUTED = "default_bridge", "routed"


def there(address, attached=True, ours=True):
    return Observed(IPv6Address(address) if address else None, attached, ours)


def declare(*names, **more):
    return [{"name": name, "image": "demo/web:1", **more} for name in names]


def planned(declared, found=None, network=ROUTED, prefix=PREFIX, count=None, opened=None):
    wanted, room = parse(declared, network, prefix, SUBNET, count)
    return place(wanted, network, room, found or {}, opened)


def addresses(plan):
    return {one.container.name: str(one.address) for one in plan.placed}


def refusal(declared, network=ROUTED, prefix=PREFIX, count=None):
    with pytest.raises(PlanError) as caught:
        parse(declared, network, prefix, SUBNET, count)
    return str(caught.value)


class TestAddresses:
    def test_the_first_is_after_the_bridges(self):
        assert addresses(planned(declare("web", "two"))) == {"web": "2001:db8::a", "two": "2001:db8::b"}

    def test_pinned_ones_are_kept_apart(self):
        declared = [*declare("auto"), *declare("pinned", address="::a")]
        assert addresses(planned(declared)) == {"auto": "2001:db8::b", "pinned": "2001:db8::a"}

    def test_an_absolute_address_is_as_good(self):
        assert addresses(planned(declare("web", address="2001:db8::b"))) == {"web": "2001:db8::b"}

    def test_a_container_keeps_the_address_it_has(self):
        found = {"old": there("2001:db8::b")}
        assert addresses(planned(declare("new", "old"), found)) == {"new": "2001:db8::a", "old": "2001:db8::b"}

    def test_a_new_pin_takes_no_ones_address_unasked(self):
        found = {"auto": there("2001:db8::a"), "pinned": there("2001:db8::b")}
        with pytest.raises(PlanError) as caught:
            planned([*declare("auto"), *declare("pinned", address="::a")], found)
        assert str(caught.value) == (
            "containers[pinned].address: is held by auto, which would have to move: pin pinned elsewhere, pin auto "
            "too, or take auto away, got 2001:db8::a"
        )

    def test_two_change_places_when_both_are_told_to(self):
        found = {"one": there("2001:db8::a"), "two": there("2001:db8::b")}
        plan = planned([*declare("one", address="::b"), *declare("two", address="::a")], found)
        assert addresses(plan) == {"one": "2001:db8::b", "two": "2001:db8::a"}
        assert plan.remove == ("one", "two")

    def test_a_pin_takes_the_address_of_one_that_goes_and_may_be_that_which_it_has(self):
        found = {"gone": there("2001:db8::a"), "stays": there("2001:db8::b")}
        plan = planned([*declare("new", address="::a"), *declare("stays", address="::b")], found)
        assert (addresses(plan), plan.remove) == ({"new": "2001:db8::a", "stays": "2001:db8::b"}, ("gone",))

    @pytest.mark.parametrize(
        ("prefix", "first"),
        [
            ("2001:db8:0:0:1::/80", "2001:db8::1:0:0:8000"),
            ("2001:db8::/64", "2001:db8::8000"),
            ("2001:db8::1:0/112", "2001:db8::1:8000"),
            ("2001:db8::1:0/113", "2001:db8::1:2"),
        ],
    )
    def test_in_a_large_prefix_automatic_ones_have_a_part_of_their_own(self, prefix, first):
        assert addresses(planned(declare("web"), prefix=IPv6Network(prefix))) == {"web": first}

    def test_pins_may_be_in_that_part_and_whoever_is_outside_stays(self):
        declared = [*declare("auto"), *declare("pinned", address="::1:0:0:8000"), *declare("old")]
        found = {"old": there("2001:db8::1:0:0:5")}
        assert addresses(planned(declared, found, prefix=WIDE)) == {
            "auto": "2001:db8::1:0:0:8001",
            "pinned": "2001:db8::1:0:0:8000",
            "old": "2001:db8::1:0:0:5",
        }

    def test_containers_of_others_keep_theirs(self):
        found = {"foreign": there("2001:db8::a", ours=False)}
        plan = planned(declare("web"), found)
        assert addresses(plan) == {"web": "2001:db8::b"}
        assert plan.remove == ()

    def test_no_address_is_left(self):
        found = {"foreign": there("2001:db8::a", ours=False)}
        with pytest.raises(PlanError, match=r"containers\[two\].address: no address is free in 2001:db8::8/126"):
            planned(declare("web", "two"), found)

    def test_docker_chooses_on_docker0(self):
        assert addresses(planned(declare("web"), network=DEFAULT_BRIDGE)) == {"web": "None"}

    @given(st.lists(st.integers(2, 9), unique=True, max_size=4), st.integers(0, 4), st.data())
    def test_all_differ_and_lie_inside_and_a_second_plan_changes_nothing(self, pins, autos, data):
        declared = [*declare(*[f"auto-{n}" for n in range(autos)])]
        declared += [declare(f"pin-{n}", address=str(WIDE.network_address + n))[0] for n in pins]
        declared = data.draw(st.permutations(declared))
        plan = planned(declared, prefix=WIDE)
        given_out = [one.address for one in plan.placed]
        assert len(set(given_out)) == len(declared)
        assert all(WIDE.network_address + 2 <= address <= WIDE.broadcast_address for address in given_out)
        found = {one.container.name: Observed(one.address, True, True) for one in plan.placed}
        again = planned(data.draw(st.permutations(declared)), found, prefix=WIDE)
        assert addresses(again) == addresses(plan)
        assert again.remove == ()


class TestAssigned:
    """Where only what containers can hold is assigned: a packet for any other address never arrives."""

    def test_addresses_come_from_those_that_are_assigned(self):
        names = ["web", "two", "three"]
        given_out = addresses(planned(declare(*names), prefix=WIDE, count=3))
        assert given_out == {"web": "2001:db8::1:0:0:2", "two": "2001:db8::1:0:0:3", "three": "2001:db8::1:0:0:4"}

    def test_a_container_beyond_them_comes_back(self):
        found = {"web": there("2001:db8:0:0:1::5")}
        plan = planned(declare("web"), found, prefix=WIDE, count=3)
        assert (addresses(plan), plan.remove) == ({"web": "2001:db8::1:0:0:2"}, ("web",))
        on_docker0 = planned(declare("web"), found, network=DEFAULT_BRIDGE, prefix=WIDE, count=3)
        assert on_docker0.remove == ("web",)
        assert planned(declare("web"), found, network=DEFAULT_BRIDGE, prefix=WIDE, count=4).remove == ()

    def test_a_pin_beyond_them_is_refused(self):
        message = refusal(declare("web", address="2001:db8:0:0:1::5"), prefix=WIDE, count=3)
        assert message == (
            "containers[web].address: must be one of the addresses that are assigned to the host, 2001:db8::1:0:0:2 to "
            "2001:db8::1:0:0:4 of 2001:db8:0:0:1::/80, got 2001:db8::1:0:0:5"
        )

    def test_more_than_they_are(self):
        message = refusal(declare("web", "two", "three"), prefix=WIDE, count=2)
        assert message.startswith("containers: must be at most 2, the containers that have addresses assigned in ")
        assert message.endswith("(container_count), got 3")

    def test_on_docker0_others_containers_take_of_them(self):
        """Docker deals its addresses from the lowest on, whoever a container belongs to."""
        found = {"foreign": there("2001:db8::a", ours=False), "elsewhere": there(None, attached=False, ours=False)}
        assert planned(declare("web"), found, network=DEFAULT_BRIDGE).remove == ()
        with pytest.raises(PlanError, match=r"^containers: must be at most 1: docker0 has 1 of others.* 2, got 2$"):
            planned(declare("web", "two"), found, network=DEFAULT_BRIDGE)


class TestOpened:
    """Where ports are declared for a container that is not the role's: whoever got the address would inherit them."""

    DB = {IPv6Address("2001:db8::a"): "db by the role docker"}  # noqa: RUF012

    def test_an_automatic_container_is_not_put_there(self):
        assert addresses(planned(declare("web"), opened=self.DB)) == {"web": "2001:db8::b"}
        with pytest.raises(PlanError, match=r"containers\[two\].address: no address is free"):
            planned(declare("web", "two"), opened=self.DB)

    def test_a_pin_there_is_refused_and_so_is_who_has_the_address(self):
        says = (
            "containers[web].address: has ports that are declared for db by the role docker, which web would inherit: "
            "pin web elsewhere, or declare those ports no more, got 2001:db8::a"
        )
        for declared, found in ((declare("web", address="::a"), {}), (declare("web"), {"web": there("2001:db8::a")})):
            with pytest.raises(PlanError) as caught:
                planned(declared, found, opened=self.DB)
            assert str(caught.value) == says

    def test_who_leaves_it_or_is_not_the_roles_is_not_asked(self):
        found = {"web": there("2001:db8::a"), "db": there("2001:db8::a", ours=False)}
        assert addresses(planned(declare("web", address="::b"), found, opened=self.DB)) == {"web": "2001:db8::b"}

    def test_what_the_guard_knows_of_others(self):
        port = ("tcp", 80, 80, IPv6Network("::/0"))
        one, two, three = (IPv6Address(f"2001:db8::{n}") for n in "abc")
        rules = Rules(
            declared={
                "docker": (
                    Declared("db", "pub6", one, (port,)),
                    Declared(str(two), "pub6", two, (port,)),
                    Declared("by-name", "pub6", None, (port,)),
                ),
                "containers": (Declared("web", "pub6", three, (port,)),),
            }
        )
        assert opened_by_others(rules) == {
            "2001:db8::a": "db by the role docker",
            "2001:db8::b": "it by the role docker",
        }
        assert opened_by_others(Rules()) == {}


class TestImages:
    def imaged(self, declared, found):
        return {one["image"] for one in render(planned(declared, found), ROUTED, "pub6", docker_closes=True)["imaged"]}

    def test_those_of_new_and_moved_ones_and_of_another_image_have_to_be_there(self):
        declared = [{"name": "web", "image": "demo/web:2"}]
        has = {"attached": True, "ours": True}
        assert self.imaged(declared, {}) == {"demo/web:2"}
        assert self.imaged(declared, {"web": Observed(IPv6Address("2001:db8::a"), image="demo/web:1", **has)}) == {
            "demo/web:2"
        }
        moves = [{**declared[0], "address": "::b"}]
        assert self.imaged(moves, {"web": Observed(IPv6Address("2001:db8::a"), image="demo/web:2", **has)})

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            ("demo/web:2", "demo/web:2"),
            ("demo/web", "demo/web:latest"),
            ("host:5000/web:latest", "host:5000/web"),
            ("web@sha256:ab", "web@sha256:ab"),
        ],
    )
    def test_when_nothing_changes_nobody_is_asked_for_any(self, wanted, there):
        found = {"web": Observed(IPv6Address("2001:db8::a"), True, True, there)}
        assert self.imaged([{"name": "web", "image": wanted}], found) == set()


class TestRemoval:
    def test_ours_that_are_no_longer_declared_go_and_others_stay(self):
        found = {"gone": there("2001:db8::a"), "foreign": there(None, attached=False, ours=False)}
        assert planned([], found).remove == ("gone",)

    def test_one_that_is_not_in_the_network_is_made_anew(self):
        found = {"web": there(None, attached=False)}
        assert planned(declare("web"), found).remove == ("web",)
        assert planned(declare("web"), found, network=DEFAULT_BRIDGE).remove == ("web",)

    def test_on_docker0_any_address_will_do(self):
        assert planned(declare("web"), {"web": there("2001:db8::b")}, network=DEFAULT_BRIDGE).remove == ()

    def test_a_name_that_somebody_else_has(self):
        with pytest.raises(PlanError, match=r"containers\[web\].name: is taken by a container that this role did not"):
            planned(declare("web"), {"web": there(None, attached=False, ours=False)})


class TestRefusals:
    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"address": "::c"}, "address: must lie in the host's container prefix 2001:db8::8/126, got 2001:db8::c"),
            ({"address": "2001:db9::a"}, "address: must lie in the host's container prefix"),
            ({"address": "::9"}, "address: must not be the network's or the bridge's own address in"),
            ({"address": "::8"}, "address: must not be the network's or the bridge's own address in"),
            ({"address": "10.0.0.1"}, "address: must be an IPv6 address without a prefix length, got '10.0.0.1'"),
            ({"ports": ["http"]}, "ports[0]: must be a port like 80/tcp or 5000-5010/udp, got 'http'"),
            ({"ports": [80, "70000/tcp"]}, "ports[1]: ports must rise within 1 to 65535, got '70000/tcp'"),
            ({"ports": "80/tcp"}, "ports: must be a list of ports such as 80/tcp, got '80/tcp'"),
            ({"ports": 80}, "ports: must be a list of ports such as 80/tcp, got 80"),
            (
                {"ports": [{"port": 80, "from": ["x"]}]},
                "ports[0].from[0]: must be an IPv6 network such as 2001:db8::/32, got",
            ),
            ({"port": [80]}, "port: must be one of name, image, address, ports"),
            ({"image": ""}, "image: must name an image, got ''"),
            ({"image": "a b"}, "image: must name an image, got 'a b'"),
            ({"ports": ["8080:80"]}, "ports[0]: must be a port like 80/tcp or 5000-5010/udp, got '8080:80'"),
            ({"ports": [{"port": 80, "host": 8080}]}, "ports[0].host: must be port or from, got 8080"),
            ({"published_ports": ["80:80"]}, "published_ports: must be one of name, image, address, ports, "),
            ({7: 1}, "7: must be one of name, image, address, ports, "),
        ],
    )
    def test_path_rule_and_value(self, more, message):
        assert f"containers[web].{message}" in refusal([{**declare("web")[0], **more}])

    def test_a_name_that_docker_refuses(self):
        assert "containers[0].name: must be a container's name" in refusal(declare("-web"))

    def test_two_with_one_address(self):
        message = refusal([*declare("a1", address="::a"), *declare("a2", address="2001:db8::a")])
        assert message == "containers[a2].address: must be one container's only; a1 has it too, got 2001:db8::a"

    def test_two_with_one_name(self):
        assert "containers[web].name: must be one container's only" in refusal(declare("web", "web"))

    @pytest.mark.parametrize("count", [None, 2, 5])
    def test_where_all_of_the_prefix_is_assigned_it_is_the_prefix_that_is_full(self, count):
        message = refusal(declare("aa", "bb", "cc"), count=count)
        assert message == "containers: must be at most 2, the containers that 2001:db8::8/126 holds, got 3"

    def test_no_list_at_all_is_not_an_empty_one(self):
        """Under a misspelt name it would be; and then all containers would go."""
        message = refusal(None)
        assert message == "containers_list: must be given; [] removes all of this role's containers, got nothing"

    def test_what_is_declared_is_a_list(self):
        assert refusal("web") == "containers: must be a list of containers, got 'web'"

    def test_a_pin_on_docker0(self):
        message = refusal(declare("web", address="::a"), network=DEFAULT_BRIDGE)
        assert message == "containers[web].address: must be auto on docker0, where Docker gives the addresses, got ::a"

    def test_every_problem_is_told_at_once(self):
        message = refusal([*declare("web", address="::c"), *declare("-", ports=["x"])])
        assert message.startswith("3 problems, nothing was changed:")

    def test_a_prefix_outside_the_subnet(self):
        message = refusal([], prefix=IPv6Network("2001:db9::8/126"))
        assert message == "containers_prefix: must lie in the subnet 2001:db8::/64, got 2001:db9::8/126"


class TestRender:
    def test_docker_publishes_on_ipv6_only_and_without_a_port_of_the_hosts(self):
        plan = planned(declare("web", ports=[80, "5000-5010/udp"], env={"A": True, "B": 1}))
        data = render(plan, ROUTED, "pub6", docker_closes=True)
        options = data["containers"][0]["options"]
        assert options["published_ports"] == ["[::]::80/tcp", "[::]::5000-5010/udp"]
        assert options["networks"] == [{"name": "pub6", "ipv6_address": "2001:db8::a"}]
        assert options["restart_policy"] == "unless-stopped"
        assert options["env"] == {"A": "true", "B": "1"}
        assert options["labels"][containers.LABEL] == "containers"

    def test_an_option_that_is_no_longer_declared_is_a_difference(self):
        """Docker's module compares what it is given: without the option, with it or not is the same to it."""
        labels = [
            render(planned(declare("web", **more)), ROUTED, "pub6", docker_closes=True)["containers"][0]["options"][
                "labels"
            ]
            for more in ({"env": {"A": "1"}}, {"env": {"A": "2"}}, {})
        ]
        assert labels[0] == labels[1] != labels[2]

    @pytest.mark.parametrize("docker_closes", [True, False])
    def test_the_guard_is_told_of_ports_as_they_were_declared(self, docker_closes):
        ports = ["80/tcp", {"port": 443, "from": ["2001:db8:5::/48"]}]
        plan = planned([*declare("web", ports=ports), *declare("two")])
        data = render(plan, ROUTED, "pub6", docker_closes)
        assert data["declared"] == [{"name": "web", "address": "2001:db8::a", "ports": ports}]

    def test_a_port_for_two_networks_is_published_once(self):
        ports = [{"port": 80, "from": ["2001:db8:5::/48", "2001:db8:6::/48"]}]
        data = render(planned(declare("web", ports=ports)), ROUTED, "pub6", docker_closes=True)
        assert data["containers"][0]["options"]["published_ports"] == ["[::]::80/tcp"]

    def test_where_the_guard_alone_closes_docker_publishes_nothing(self):
        data = render(planned(declare("web", ports=[80])), ROUTED, "pub6", docker_closes=False)
        assert data["containers"][0]["options"]["published_ports"] == []

    def test_without_ports_nothing_is_declared(self):
        assert render(planned(declare("web", "two")), ROUTED, "pub6", docker_closes=True)["declared"] == []

    def test_before_a_container_arrives_only_those_at_their_place_are_open(self):
        """Who was at its address before it may have had ports open, and it has none."""
        declared = [*declare("stays", "comes", ports=[80]), *declare("moves", address="::c", ports=[80])]
        wide = IPv6Network("2001:db8::8/125")
        found = {"stays": there("2001:db8::b"), "moves": there("2001:db8::a"), "gone": there("2001:db8::d")}
        data = render(planned(declared, found, prefix=wide), ROUTED, "pub6", docker_closes=False)
        assert data["arriving"] == ["comes", "moves"]
        assert data["settled"] == [{"name": "stays", "address": "2001:db8::b", "ports": [80]}]
        assert {one["name"] for one in data["declared"]} == {"stays", "comes", "moves"}

    def test_nobody_arrives_where_docker_chooses(self):
        plan = planned(declare("web", ports=[80]), network=DEFAULT_BRIDGE)
        assert render(plan, DEFAULT_BRIDGE, "pub6", docker_closes=False)["arriving"] == []

    def test_on_docker0_one_that_does_not_run_is_at_no_place(self):
        """Its ports could not be opened: nobody knows where. Those of the others can."""
        found = {"web": there("2001:db8::a"), "ended": there(None)}
        wide = IPv6Network("2001:db8::8/125")
        plan = planned(declare("web", "ended", "never", ports=[80]), found, DEFAULT_BRIDGE, wide)
        data = render(plan, DEFAULT_BRIDGE, "pub6", docker_closes=False)
        assert [one["name"] for one in data["settled"]] == ["web"]

    def test_on_docker0_the_address_is_left_to_docker(self):
        plan = planned(declare("web", ports=[80]), network=DEFAULT_BRIDGE)
        data = render(plan, DEFAULT_BRIDGE, "pub6", docker_closes=False)
        assert data["containers"][0]["options"]["networks"] == [{"name": "bridge"}]
        assert data["declared"] == [{"name": "web", "ports": [80]}]


def test_what_docker_answers():
    answer = [
        {
            "Names": ["/web"],
            "Labels": {containers.LABEL: containers.LABEL_VALUE},
            "Image": "demo/web:1",
            "NetworkSettings": {
                "Networks": {"pub6": {"IPAMConfig": {"IPv6Address": "2001:db8::a"}, "GlobalIPv6Address": ""}}
            },
        },
        {
            "Names": ["/other"],
            "Labels": None,
            "NetworkSettings": {"Networks": {"pub6": {"IPAMConfig": None, "GlobalIPv6Address": "2001:db8::b"}}},
        },
        {"Names": ["/host"], "Labels": {}, "NetworkSettings": {"Networks": {"host": {}}}},
    ]
    assert read_observed(observed(answer, "pub6")) == {
        "web": Observed(IPv6Address("2001:db8::a"), True, True, "demo/web:1"),
        "other": there("2001:db8::b", ours=False),
        "host": there(None, attached=False, ours=False),
    }
