# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What netplan's files shall say: one static address, IPv4 as it was."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import static
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

CASES = yaml.safe_load((Path(__file__).parents[4] / "cases/netplan/ubuntu.yml").read_text())
MAC = "02:11:22:33:44:55"
HOST = IPv6Interface("2600:1f18:47b:ca03::1:1/64")
GATEWAY = IPv6Address("fe80::1066:30ff:feb8:c008")
PATH = "/etc/netplan/50-cloud-init.yaml"
# As cloud-init writes it on EC2 when the interface has further addresses.
CLOUD = {
    "network": {
        "version": 2,
        "ethernets": {
            "ens5": {
                "match": {"macaddress": MAC},
                "set-name": "ens5",
                "dhcp4": True,
                "dhcp4-overrides": {"route-metric": 100},
                "dhcp6": True,
                "mtu": 9001,
                "addresses": ["2600:1f18:47b:ca03::8/128", "2600:1f18:47b:ca03::9/128", "10.0.0.7/24"],
            },
            "ens6": {"match": {"macaddress": "02:00:00:00:00:66"}, "set-name": "ens6", "dhcp4": True, "dhcp6": True},
        },
    }
}


def document(content, path=PATH):
    return static.Document(path, content)


def stripped(stanza):
    content = {"network": {"version": 2, "ethernets": {"ens5": stanza}}}
    return static.without_ipv6(document(content), "ens5", MAC).content["network"]["ethernets"]["ens5"]


def test_the_cloud_file_loses_ipv6_of_this_interface_only():
    after = static.without_ipv6(document(CLOUD), "ens5", MAC).content["network"]["ethernets"]
    assert after["ens5"] == {
        "match": {"macaddress": MAC},
        "set-name": "ens5",
        "dhcp4": True,
        "dhcp4-overrides": {"route-metric": 100},
        "mtu": 9001,
        "addresses": ["10.0.0.7/24"],
    }
    assert after["ens6"] == CLOUD["network"]["ethernets"]["ens6"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_files_of_ubuntus_images_on_ec2(case):
    given = document(yaml.safe_load(case["text"]), case["path"])
    assert static.misshapen(given.content) == []
    assert static.without_ipv6(given, "ens5", MAC).content == case["after"]
    assert static.name_in_netplan([given], "ens5", MAC) == case["stanza"]


def test_a_file_without_ipv6_is_as_it_was():
    assert stripped({"dhcp4": True, "addresses": ["10.0.0.7/24"]}) == {"dhcp4": True, "addresses": ["10.0.0.7/24"]}
    empty = document(None)
    assert static.without_ipv6(empty, "ens5", MAC) == empty


def test_gateways_and_routes_go_with_the_addresses():
    stanza = {
        "gateway6": "fe80::1",
        "addresses": [{"2001:db8::1/64": {"label": "x"}}],
        "routes": [{"to": "default", "via": "fe80::1"}, {"to": "::/0", "via": "fe80::1"}, {"to": "10.1.0.0/16"}],
    }
    assert stripped(stanza) == {"routes": [{"to": "10.1.0.0/16"}]}


class TestName:
    """Netplan merges stanzas of one name: our file has to use the same."""

    def name(self, stanzas, path=PATH):
        content = {"network": {"ethernets": stanzas}}
        return static.name_in_netplan([document(None), document(content, path)], "ens5", MAC)

    def test_by_mac_address(self):
        assert self.name({"primary": {"match": {"macaddress": MAC.upper()}}}) == "primary"

    def test_by_name(self):
        assert self.name({"ens5": None}) == "ens5"
        assert self.name({"nic": {"match": {"name": "ens5"}}}) == "nic"

    @pytest.mark.parametrize("stanzas", [{}, {"ens6": {}}, {"ens5": {"match": {"macaddress": "02:00:00:00:00:66"}}}])
    def test_an_interface_that_netplan_does_not_know(self, stanzas):
        with pytest.raises(PlanError, match=r"/etc/netplan: must configure ens5"):
            self.name(stanzas)

    def test_our_own_file_is_no_reason(self):
        with pytest.raises(PlanError, match=r"/etc/netplan: must configure ens5"):
            self.name({"ens5": {}}, static.OWN_FILE)

    def test_a_pattern_is_refused(self):
        with pytest.raises(PlanError) as caught:
            self.name({"all-en": {"match": {"name": "en*"}, "dhcp4": True}})
        path = f"{PATH}: network.ethernets.all-en.match.name"
        assert str(caught.value) == f"{path}: must not be a pattern that ens5 matches, got en*"

    @pytest.mark.parametrize(
        ("network", "where"),
        [
            ({"renderer": "NetworkManager", "ethernets": {"ens5": {}}}, "network.renderer"),
            ({"ethernets": {"ens5": {"renderer": "NetworkManager"}}}, "network.ethernets.ens5.renderer"),
        ],
    )
    def test_another_renderer_is_refused(self, network, where):
        with pytest.raises(PlanError) as caught:
            static.name_in_netplan([document({"network": network})], "ens5", MAC)
        assert str(caught.value) == f"{PATH}: {where}: must be networkd, got NetworkManager"

    def test_another_interfaces_renderer_is_no_matter(self):
        assert self.name({"ens5": {}, "wlan0": {"renderer": "NetworkManager"}}) == "ens5"

    CLOUD = document({"network": {"ethernets": {"ens5": {}}}})

    def of_files(self, **networks):
        """By files besides cloud-init's."""
        others = [document({"network": network}, f"/etc/netplan/{name}.yaml") for name, network in networks.items()]
        return static.name_in_netplan([*others, self.CLOUD], "ens5", MAC)

    def test_the_renderer_of_the_whole_network_is_every_files(self):
        """As Ubuntu's desktop has it: one file that says nothing but this."""
        with pytest.raises(PlanError) as caught:
            self.of_files(**{"01-network-manager-all": {"renderer": "NetworkManager"}})
        path = "/etc/netplan/01-network-manager-all.yaml: network.renderer"
        assert str(caught.value) == f"{path}: must be networkd, got NetworkManager"

    def test_the_last_file_and_the_nearest_word_win(self):
        manager, networkd = {"renderer": "NetworkManager"}, {"renderer": "networkd"}
        assert self.of_files(**{"01-all": manager, "90-all": networkd}) == "ens5"
        assert self.of_files(**{"01-all": manager, "90-own": {"ethernets": {"ens5": networkd}}}) == "ens5"
        assert self.of_files(**{"01-all": manager, "90-own": {"ethernets": {**networkd, "ens5": {}}}}) == "ens5"

    def test_the_renderer_of_all_ethernets(self):
        assert static.misshapen({"network": {"ethernets": {"renderer": "networkd", "ens5": {}}}}) == []
        with pytest.raises(PlanError) as caught:
            self.name({"renderer": "NetworkManager", "ens5": {}})
        assert str(caught.value) == f"{PATH}: network.ethernets.renderer: must be networkd, got NetworkManager"


MAPPING, LIST = "must be a mapping", "must be a list"


@pytest.mark.parametrize(
    "content",
    [None, {}, {"network": None}, {"network": {"ethernets": {"ens5": None, "ens6": {}, "ens7": {"addresses": None}}}}],
)
def test_what_is_empty_is_no_mistake(content):
    assert static.misshapen(content) == []


@pytest.mark.parametrize(
    ("content", "where", "rule"),
    [
        (["network"], "network", MAPPING),
        ({"network": 5}, "network", MAPPING),
        ({"network": {"ethernets": []}}, "network.ethernets", MAPPING),
        ({"network": {"ethernets": {"ens5": True}}}, "network.ethernets.ens5", MAPPING),
    ],
)
def test_where_a_mapping_is_missing(content, where, rule):
    assert [found[:2] for found in static.misshapen(content)] == [(where, rule)]


@pytest.mark.parametrize(
    ("stanza", "where", "rule", "value"),
    [
        ({"match": "ens5"}, "match", MAPPING, "ens5"),
        ({"addresses": 5}, "addresses", LIST, 5),
        ({"addresses": [{}]}, "addresses[0]", "must be an address, or a mapping from one address to its options", {}),
        ({"routes": {"to": "::/0"}}, "routes", LIST, {"to": "::/0"}),
        ({"routes": [{}, "10.0.0.0/8"]}, "routes[1]", MAPPING, "10.0.0.0/8"),
        ({"routing-policy": [5]}, "routing-policy[0]", MAPPING, 5),
    ],
)
def test_a_mistake_within_a_stanza_has_path_rule_and_value(stanza, where, rule, value):
    found = static.misshapen({"network": {"ethernets": {"ens5": stanza}}})
    assert found == [(f"network.ethernets.ens5.{where}", rule, value)]


@pytest.mark.parametrize("prefix_route", [True, False])
def test_our_own_file_is_the_how_tos(prefix_route):
    text = static.own_file("ens5", static.Wanted("ens5", HOST, GATEWAY, prefix_route))
    on_link = [{"to": "2600:1f18:47b:ca03::/64", "scope": "link"}] if prefix_route else []
    assert yaml.safe_load(text) == {
        "network": {
            "version": 2,
            "ethernets": {
                "ens5": {
                    "dhcp6": False,
                    "accept-ra": False,
                    "addresses": ["2600:1f18:47b:ca03::1:1/64"],
                    "routes": [{"to": "::/0", "via": "fe80::1066:30ff:feb8:c008"}, *on_link],
                }
            },
        }
    }


class TestGateway:
    def test_the_live_one(self):
        assert static.gateway("auto", [("fe80::1066:30ff:feb8:c008", "ra"), ("fe80::2", "ra")]) == GATEWAY

    def test_without_a_live_one_that_of_every_vpc(self):
        assert str(static.gateway("auto", [])) == "fe80:ec2::1"
        assert str(static.gateway("auto", [("2001:db8::1", "static")])) == "fe80:ec2::1"

    def test_the_one_given(self):
        assert static.gateway("fe80::1066:30ff:feb8:c008", [("fe80::2", "ra")]) == GATEWAY

    @pytest.mark.parametrize("given", ["router", "2001:db8::1", "fe80::1%ens5", "::", "10.0.0.1"])
    def test_what_is_none(self, given):
        with pytest.raises(PlanError) as caught:
            static.gateway(given, [("fe80::2", "ra")])
        rule = "must be auto or a link-local IPv6 address such as fe80:ec2::1"
        assert str(caught.value) == f"netplan_gateway: {rule}, got {given}"


class TestWay:
    """Who confirms has to come over what he confirms."""

    def test_the_new_address_or_any_that_is_asked_for(self):
        static.check_way("host_address", HOST, "2600:1F18:47b:ca03:0::1:1")
        static.check_way("any", HOST, "10.0.0.7")
        static.check_way("any", HOST, "")

    @pytest.mark.parametrize("came_to", ["10.0.0.7", "2600:1f18:47b:ca03::8", "fe80::1%ens5", "::ffff:10.0.0.7", ""])
    def test_another_way_is_refused(self, came_to):
        with pytest.raises(PlanError) as caught:
            static.check_way("host_address", HOST, came_to)
        rule = f"must be {HOST.ip}, over which the change is confirmed, or netplan_confirm_over must be any"
        assert str(caught.value) == f"ansible_host: {rule}, got {came_to or 'no ssh connection'}"


class TestAddress:
    def test_it_gets_the_subnets_length(self):
        assert static.address("2001:db8::1:1", "2001:db8::/56") == IPv6Interface("2001:db8::1:1/56")

    @pytest.mark.parametrize(
        ("host", "subnet", "message"),
        [
            (
                "2001:db9::1",
                "2001:db8::/64",
                "netplan_host_address: must lie in the subnet 2001:db8::/64, got 2001:db9::1",
            ),
            (
                "::1:1/64",
                "2001:db8::/64",
                "netplan_host_address: must be an IPv6 address without a length, got ::1:1/64",
            ),
            (
                "2001:db8::1%ens5",
                "2001:db8::/64",
                "netplan_host_address: must be an IPv6 address without a length, got 2001:db8::1%ens5",
            ),
            (
                "2600:1f18:47b:ca03::1",
                "2600:1f18:47b:ca03::/60",
                "netplan_subnet_cidr: must be a network, but host bits are set: of this length it is"
                " 2600:1f18:47b:ca00::/60, got 2600:1f18:47b:ca03::/60",
            ),
            (
                "2001:db8::1",
                "2001:db8::1/64",
                "netplan_subnet_cidr: must be a network, but host bits are set: of this length it is 2001:db8::/64, got"
                " 2001:db8::1/64",
            ),
            (
                "2001:db8::1",
                "2001:db8::",
                "netplan_subnet_cidr: must be an IPv6 network with its length, such as 2001:db8::/64, got 2001:db8::",
            ),
            ("2001:db8::1", "", "netplan_subnet_cidr: must be an IPv6 network such as 2001:db8::/64, got ''"),
            ("", "2001:db8::/64", "netplan_host_address: must be an IPv6 address without a length, got ''"),
        ],
    )
    def test_refusals(self, host, subnet, message):
        with pytest.raises(PlanError) as caught:
            static.address(host, subnet)
        assert str(caught.value) == message

    @pytest.mark.parametrize("length", [0, 43, 45, 63, 65, 128])
    def test_a_length_that_no_subnet_of_ec2_has(self, length):
        with pytest.raises(PlanError) as caught:
            static.address("::", f"::/{length}")
        rule = "must have one of the lengths of EC2's subnets, /44, /48, /52, /56, /60, /64"
        assert str(caught.value) == f"netplan_subnet_cidr: {rule}, got ::/{length}"


class TestLength:
    SUBNET = IPv6Network("2600:1f18:47b:ca03::/64")

    def test_the_advertised_one_or_one_that_nobody_advertises(self):
        static.check_length(HOST, [IPv6Network("2001:db8::/64"), self.SUBNET])
        static.check_length(HOST, [IPv6Network("2001:db8::/64")])
        static.check_length(HOST, [])

    @pytest.mark.parametrize("length", [3, 63, 65, 126])
    def test_another_one_is_refused(self, length):
        wrong = IPv6Interface(f"{HOST.ip}/{length}")
        with pytest.raises(PlanError) as caught:
            static.check_length(wrong, [self.SUBNET])
        rule = f"must be {self.SUBNET}, which the router advertises"
        assert str(caught.value) == f"netplan_subnet_cidr: {rule}, got {wrong.network}"


class TestLeaving:
    LEASE = IPv6Interface("2600:1f18:47b:ca03::1:1/128")

    def test_the_lease_and_a_route_are_enough(self):
        live = static.Live(frozenset({(self.LEASE, True)}), ((str(GATEWAY), "ra"),))
        assert static.still_static("ens5", live, HOST) == []

    def test_what_is_missing(self):
        live = static.Live(frozenset({(HOST, False)}), ())
        assert static.still_static("ens5", live, HOST) == [
            f"ens5 still has the static address {HOST}",
            "ens5 has no default route",
        ]
        assert static.still_static("ens5", static.Live(frozenset(), ()), None)[0] == "ens5 has no global address"

    def test_our_own_address_is_read_from_our_own_file(self):
        text = static.own_file("ens5", static.Wanted("ens5", HOST, GATEWAY, True))
        assert static.own_address(yaml.safe_load(text)) == HOST
        assert static.own_address(None) is None


class TestDifferences:
    WANTED = static.Wanted("ens5", HOST, GATEWAY, False)
    ROUTE = ((str(GATEWAY), "static"),)

    def differences(self, addresses, defaults=ROUTE):
        return static.differences(self.WANTED, static.Live(frozenset(addresses), defaults))

    def test_none(self):
        assert self.differences({(HOST, False)}) == []

    def test_the_lease_that_the_address_was(self):
        lease = IPv6Interface("2600:1f18:47b:ca03::1:1/128")
        assert self.differences({(lease, True)}) == [
            "ens5 does not have the static address 2600:1f18:47b:ca03::1:1/64",
            "ens5 has the lease 2600:1f18:47b:ca03::1:1/128",
        ]

    def test_a_containers_address_on_the_host(self):
        extra = IPv6Interface("2600:1f18:47b:ca03::8/128")
        assert self.differences({(HOST, False), (extra, False)}) == ["ens5 has the address 2600:1f18:47b:ca03::8/128"]

    def test_a_route_that_the_router_advertised(self):
        found = self.differences({(HOST, False)}, ((str(GATEWAY), "ra"),))
        assert found == [
            f"default routes on ens5: via {GATEWAY} proto ra; wanted: via {GATEWAY} proto static",
        ]
