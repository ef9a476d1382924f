# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module netplan_static: what it says and refuses. Disk, kernel and netplan are made up; molecule has real ones."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv6Interface, IPv6Network

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import static
from ansible_collections.ipv6.aws_containers.plugins.modules import netplan_static

MAC = "02:11:22:33:44:55"
HOST = IPv6Interface("2600:1f18:47b:ca03::1:1/64")
GATEWAY = "fe80::1066:30ff:feb8:c008"
CLOUD_FILE = "/etc/netplan/50-cloud-init.yaml"
CLOUD = "# cloud-init's\nnetwork: {version: 2, ethernets: {ens5: {dhcp4: true, dhcp6: true, set-name: ens5}}}\n"
DHCP = static.Live(frozenset({(IPv6Interface(f"{HOST.ip}/128"), True)}), ((GATEWAY, "ra"),))
STATIC = static.Live(frozenset({(HOST, False)}), ((GATEWAY, "static"),))
STORE = "/nowhere/store"
ASKED = {"mac_address": MAC, "host_address": str(HOST.ip), "subnet_cidr": str(HOST.network), "store": STORE}


class Machine:
    """A host: its files by path, what its kernel has (``live``) and comes to when netplan applies."""

    def __init__(self):
        self.disk = {CLOUD_FILE: CLOUD, "/etc/os-release": "ID=debian\nVERSION_ID=13\n"}
        self.live, self.after_apply = DHCP, STATIC
        self.came_to, self.netplan, self.pending = str(HOST.ip), "/usr/sbin/netplan", False
        self.answers = True
        #: Whether there is an IPv4 address, whether applying loses it, and whether it comes when it is asked for.
        self.ipv4, self.loses_ipv4, self.leases = True, False, True
        self.finished = []
        #: What the router says when it is asked, and how often it was.
        self.advertises, self.asked = (), 0

    def write(self, one):
        assert self.pending, "nothing is written before the switch is set"
        if one.after is None:
            self.disk.pop(one.path, None)
        else:
            self.disk[one.path] = one.after

    def arm(self, store, seconds, changes, leaving=False, leased=""):
        self.leased = leased
        self.before, self.pending = dict(self.disk), True
        return "present-1"

    def solicit(self, interface):
        self.asked += 1
        return self.advertises

    def tool(self, command):
        assert command == ["networkctl", "reconfigure", "ens5"]
        self.ipv4 = self.leases

    def apply(self):
        self.live, self.was = self.after_apply, self.live
        self.ipv4 = self.ipv4 and not self.loses_ipv4

    def forget_stale(self, interface):
        self.live = replace(self.live, stale=())

    def restore(self, store, why):
        self.disk, self.live, self.pending = self.before, self.was, False


@pytest.fixture
def machine(monkeypatch):
    made, module = Machine(), netplan_static
    for name, value in {
        "interface_of": lambda mac: "ens5" if mac == MAC else None,
        "netplan_files": lambda: sorted(path for path in made.disk if path.startswith("/etc/netplan/")),
        "live": lambda interface: made.live,
        "systemd_version": lambda: 257,
        "check": lambda changes: None,
        "record": lambda store, interface: None,
        "recorded_interface": lambda store: "ens5",
        "forget_stale": made.forget_stale,
        "answers": lambda interface, gateway: made.answers,
        "parent_exists": lambda path: True,
        "has_ipv4": lambda interface: made.ipv4,
        "run": made.tool,
        "_LEASE_SECONDS": -1,
    }.items():
        monkeypatch.setattr(module.host, name, value)
    for name, value in {
        "waiting": lambda store: made.pending,
        "finish": lambda store: made.finished.append(store),
        "arm": made.arm,
        "apply": made.apply,
        "restore": made.restore,
        "wait": lambda what, seconds: what() and what(),
    }.items():
        monkeypatch.setattr(module.switch, name, value)
    monkeypatch.setattr(module.router, "solicit", made.solicit)
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    monkeypatch.setattr(module.login, "connection", lambda: {"server": made.came_to} if made.came_to else {})
    monkeypatch.setattr(module.documents.shutil, "which", lambda name: made.netplan)
    monkeypatch.setattr(files, "read", lambda path: made.disk.get(path))
    monkeypatch.setattr(files, "write", made.write)
    return made


@pytest.fixture
def run(machine, capsys):
    def call(confirm=True, **parameters):
        with patch_module_args(parameters), pytest.raises(SystemExit):
            netplan_static.main()
        if confirm:
            machine.pending = False
        return json.loads(capsys.readouterr().out)

    return call


def test_check_mode_says_what_comes_and_touches_nothing(machine, run):
    before = dict(machine.disk)
    checked = run(**ASKED, _ansible_check_mode=True, _ansible_diff=True)
    assert (checked["changed"], checked["armed"], machine.disk) == (True, False, before)
    done = run(confirm=False, **ASKED, _ansible_diff=True)
    assert (done["armed"], done["change_id"]) == (True, "present-1"), "the controller has yet to confirm"
    assert {key: done[key] for key in ("changed", "diff", "differences", "gateway")} == {
        key: checked[key] for key in ("changed", "diff", "differences", "gateway")
    }
    assert {one["after_header"]: one["after"] for one in done["diff"]} == {
        path: text for path, text in machine.disk.items() if before.get(path) != text and not path.startswith(STORE)
    }


def test_what_another_run_has_yet_to_confirm_is_not_confirmed_by_one_that_changes_nothing(machine, run):
    run(confirm=False, **ASKED)
    assert machine.pending
    assert not run(**ASKED)["armed"]
    machine.finished.clear()
    run(**ASKED, _ansible_check_mode=True)
    run(state="absent", store=STORE, _ansible_check_mode=True)
    assert machine.finished == []


def test_what_is_so_already_is_left_alone(machine, run):
    run(**ASKED)
    disk = dict(machine.disk)
    again = run(**ASKED)
    assert (again["changed"], again["armed"], again["differences"], again["diff"]) == (False, False, [], [])
    assert machine.disk == disk


def test_a_route_whose_address_is_gone_goes(machine, run):
    """Or a container's address would lead to the host's own interface for as long as the lease had lasted."""
    machine.after_apply = replace(STATIC, stale=(IPv6Network("2600:1f18:47b:ca03::a/128"),))
    assert run(**ASKED)["changed"]
    assert machine.live == STATIC
    machine.live = machine.after_apply
    assert run(**ASKED)["differences"] == ["ens5 has a route to 2600:1f18:47b:ca03::a/128, whose address is gone"]
    assert machine.live == STATIC


def test_absent_is_every_byte_and_says_so_before(machine, run):
    before = dict(machine.disk)
    run(**ASKED)
    after = dict(machine.disk)
    machine.after_apply = DHCP
    checked = run(state="absent", store=STORE, _ansible_check_mode=True)
    assert (checked["changed"], machine.disk) == (True, after)
    gone = run(state="absent", store=STORE)
    assert gone["diff"] == checked["diff"]
    assert {path: text for path, text in machine.disk.items() if not path.startswith(STORE)} == before


def test_a_kernel_that_does_not_come_to_it_is_put_back(machine, run):
    before, machine.after_apply = dict(machine.disk), DHCP
    failed = run(confirm=False, **ASKED)
    assert "the configuration of before is back, because after netplan apply: ens5 does not have" in failed["msg"]
    assert (machine.disk, machine.pending) == (before, False)


def test_a_lost_ipv4_lease_is_asked_for_and_without_it_the_change_is_put_back(machine, run):
    machine.loses_ipv4 = True
    assert run(**ASKED)["armed"]
    assert machine.ipv4
    machine.leases, machine.after_apply, disk = False, DHCP, dict(machine.disk)
    failed = run(confirm=False, state="absent", store=STORE)
    assert failed["msg"].endswith("after netplan apply: ens5 must have an IPv4 address, as before, got none")
    assert (machine.disk, machine.pending, machine.leased) == (disk, False, "ens5")


def test_a_host_without_ipv4_is_not_asked_for_any(machine, run):
    machine.ipv4 = machine.leases = False
    assert run(**ASKED)["armed"]
    assert machine.leased == ""


def test_who_comes_another_way_is_refused_in_check_mode_too_and_let_in_when_asked(machine, run):
    before, machine.came_to = dict(machine.disk), "10.0.0.7"
    for check_mode in (True, False):
        failed = run(**ASKED, _ansible_check_mode=check_mode)
        assert failed["msg"].startswith(f"ansible_host: must be {HOST.ip}, over which the change is confirmed")
        assert failed["msg"].endswith("got 10.0.0.7")
        assert machine.disk == before
    assert run(**ASKED, confirm_over="any")["changed"]
    assert not run(**ASKED)["changed"], "where nothing changes nobody has to confirm"


def test_a_static_host_asks_the_router_for_the_length_that_the_kernel_forgot(machine, run):
    """Without, the wrong one is confirmed, as nothing but the neighbouring subnets is lost by it."""
    wrong, machine.advertises = IPv6Network("2600:1f18:47b:ca00::/60"), (HOST.network,)
    run(**ASKED)
    for live in (STATIC, DHCP):
        machine.live, before = live, dict(machine.disk)
        failed = run(confirm=False, **{**ASKED, "subnet_cidr": str(wrong)})
        rule = f"must be {HOST.network}, which the router advertises"
        assert failed["msg"] == f"netplan_subnet_cidr: {rule}, got {wrong}"
        assert (machine.disk, machine.pending) == (before, False)
    machine.advertises = ()
    assert run(**ASKED)["gateway"] == GATEWAY, "a router that says nothing forbids nothing"


def test_a_router_that_the_kernel_has_heard_is_not_asked(machine, run):
    machine.live = replace(DHCP, advertised=(HOST.network,))
    assert run(**ASKED)["changed"]
    assert machine.asked == 0


def test_check_mode_refuses_a_gateway_that_would_be_put_back(machine, run):
    before, machine.answers = dict(machine.disk), False
    failed = run(confirm=False, **ASKED, gateway="fe80::dead", _ansible_check_mode=True)
    rule = "must answer neighbour discovery on ens5, or the change would be put back"
    assert failed["msg"] == f"netplan_gateway: {rule}, got fe80::dead"
    assert machine.disk == before


def test_only_a_change_that_is_named_can_be_confirmed(run):
    assert "change_id" in run(state="confirmed", store=STORE)["msg"]


def owners(text):
    return {"/etc/netplan/01-owners.yaml": text}


@pytest.mark.parametrize(
    ("disk", "parameters", "netplan", "said"),
    [
        ({}, {}, None, "netplan: must be installed; is this a host of ifupdown or NetworkManager?"),
        (
            {CLOUD_FILE: "network: {version: 2}\n"},
            {},
            "/n",
            f"/etc/netplan: must configure ens5 ({MAC}); is this a host of ifupdown or NetworkManager?",
        ),
        (
            owners("network: {renderer: NetworkManager}\n"),
            {},
            "/n",
            "/etc/netplan/01-owners.yaml: network.renderer: must be networkd, got NetworkManager",
        ),
        (owners("network: 5\n"), {}, "/n", "/etc/netplan/01-owners.yaml: network: must be a mapping"),
        (owners("network: [\n"), {}, "/n", "/etc/netplan/01-owners.yaml: must be YAML"),
        (
            owners("network: {wifis: {w0: {access-points: {x: {password: !!int x}}}}}\n"),
            {},
            "/n",
            "/etc/netplan/01-owners.yaml: must be YAML (invalid literal for int() with base 10: 'x')",
        ),
        (
            owners("network: {ethernets: {ens5: {routes: [10.0.0.0/8]}}}\n"),
            {},
            "/n",
            "/etc/netplan/01-owners.yaml: network.ethernets.ens5.routes[0]: must be a mapping, got 10.0.0.0/8",
        ),
        (
            {},
            {"mac_address": "02:00:00:00:00:99"},
            "/n",
            "netplan_mac_address: must be that of an interface of the host, got 02:00:00:00:00:99",
        ),
        ({}, {"mac_address": ""}, "/n", "netplan_mac_address: must be that of an interface of the host, got ''"),
        (
            {},
            {"gateway": "2001:db8::1"},
            "/n",
            "netplan_gateway: must be auto or a link-local IPv6 address such as fe80:ec2::1, got 2001:db8::1",
        ),
        ({}, {"revert_after": 5}, "/n", "netplan_revert_after: must be at least 20 seconds, got 5"),
        (
            {"/etc/os-release": "ID=ubuntu\nVERSION_ID=20.04\n"},
            {},
            "/n",
            "/etc/os-release: must be Debian 12 or later, or Ubuntu 22.04 or later, got ubuntu 20.04",
        ),
    ],
)
def test_what_can_not_be_is_refused_and_the_host_untouched(machine, run, disk, parameters, netplan, said):
    machine.disk |= disk
    machine.netplan = netplan
    before = dict(machine.disk)
    failed = run(confirm=False, **{**ASKED, **parameters})
    assert failed["failed"]
    assert failed["msg"].startswith(said)
    assert (machine.disk, machine.pending, machine.live) == (before, False, DHCP)
