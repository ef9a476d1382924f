# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's files; nft itself checks them where it may."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import IPv6Address, IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import guard, ports, way_in
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

PREFIXES = [IPv6Network("2001:db8::8/126"), IPv6Network("2001:db8:0:0:1::/80")]
ALL, SOME = IPv6Network("::/0"), IPv6Network("2001:db8:5::/48")
HOST = [("tcp", 22, 22, ALL), ("tcp", 9100, 9100, SOME), ("udp", 60000, 61000, ALL)]


def test_prefixes_that_are_none_are_all_named():
    assert guard.parse_prefixes([str(prefix) for prefix in PREFIXES], "prefixes") == PREFIXES
    with pytest.raises(PlanError) as caught:
        guard.parse_prefixes(["2001:db8::9/126", "2001:db8::8/126", "x"], "prefixes")
    rule = "must be an aligned IPv6 prefix such as 2001:db8::8/126"
    assert [str(violation) for violation in caught.value.violations] == [
        f"prefixes[0]: {rule}, got '2001:db8::9/126'",
        f"prefixes[2]: {rule}, got 'x'",
    ]
    with pytest.raises(PlanError, match=f"^docker_container_prefix: {rule}, got 'x'$"):
        guard.parse_prefixes(["x"], "docker_container_prefix")


class TestContainers:
    def test_ports_are_for_anybody_or_for_those_named(self):
        (found,) = guard.parse_declared(
            [{"name": "web", "ports": [80, {"port": 443, "from": [str(SOME)]}]}], "bridge", [], "containers"
        )
        assert found == ports.Declared("web", "bridge", None, (("tcp", 80, 80, ALL), ("tcp", 443, 443, SOME)))

    def test_what_is_wrong_with_them_is_said_all_at_once_by_the_name_of_whoever_gave_them(self):
        given = [
            {"name": "web", "address": "2001:db9::a", "ports": ["x"]},
            {"ports": [80]},
            {"address": "2001:db8::9", "ports": [{"port": 80, "from": ["y"]}]},
            {"name": "db", "address": "z", "prots": [5432]},
            {"name": ["a"], "ports": []},
            "all",
        ]
        with pytest.raises(PlanError) as caught:
            guard.parse_declared(given, "bridge", PREFIXES, "docker_container_ports")
        said = [str(violation) for violation in caught.value.violations]
        assert [one.partition("]")[0] for one in said] == [
            "docker_container_ports[" + who for who in ("web", "web", "1", "2001:db8::9", "db", "db", "db", "4", "5")
        ]
        for one in (
            "web].address: must lie in the host's container prefix 2001:db8::8/126, 2001:db8:0:0:1::/80, got "
            "2001:db9::a",
            "web].ports[0]: must be a port like 80/tcp or 5000-5010/udp, got 'x'",
            "1]: must have a name or an address",
            "2001:db8::9].ports[0].from[0]: must be an IPv6 network such as 2001:db8::/32, got 'y'",
            "db].prots: must be one of name, address, ports, got prots",
            "db].address: must be an IPv6 address, got 'z'",
            "db].ports: must be a list of ports such as 80/tcp, got nothing",
            "4].name: must be a container's name, got ['a']",
            "5]: must be a dictionary, got 'all'",
        ):
            assert "docker_container_ports[" + one in said


class TestDiffs:
    """A person reads what is declared, and which files go; not the keeper's program."""

    PROGRAM = guard.PROGRAM["keeper"]
    TEXT = "import os\n"

    def test_what_is_written_is_shown_but_of_the_program_its_name(self):
        changes = [files.Change(ports.TABLE_FILE, None, "table\n"), files.Change(self.PROGRAM, None, self.TEXT)]
        table, names = guard.diffs(changes)
        assert (table["before_header"], table["after"]) == (ports.TABLE_FILE, "table\n")
        assert (names["before"], names["after"]) == ("", f"{self.PROGRAM}, new\n")
        (again,) = guard.diffs([files.Change(self.PROGRAM, "old\n", self.TEXT)])
        assert (again["before"], again["after"]) == (f"{self.PROGRAM}\n", f"{self.PROGRAM}, rewritten\n")

    def test_of_what_goes_the_names_and_what_was_declared(self):
        changes = [files.Change(one, self.TEXT, None) for one in (self.PROGRAM, ports.TABLE_FILE)]
        db = ports.Declared("db", "bridge", None, (("tcp", 5432, 5432, SOME),))
        web = ports.Declared("web", "pub6", IPv6Address("2001:db8::a"), (("tcp", 80, 80, ALL), ("udp", 53, 54, ALL)))
        names, declared = guard.diffs(changes, ports.Rules(False, {"docker": (db,), "containers": (web,)}))
        assert (names["before"], names["after"]) == (f"{self.PROGRAM}\n{ports.TABLE_FILE}\n", "")
        assert declared["before"] == (
            "containers: web at 2001:db8::a: ::/0 . tcp . 80, ::/0 . udp . 53-54\n"
            "docker: db at bridge: 2001:db8:5::/48 . tcp . 5432\n"
        )
        assert declared["after"] == ""

    def test_nothing_for_nothing(self):
        assert guard.diffs([], ports.Rules()) == []


class TestWayIn:
    def test_it_is_found_above_a_sudo_that_empties_the_environment(self, tmp_path):
        for process, parent, environment in ((30, 20, "LANG=C\0"), (20, 10, "SSH_CONNECTION=2001:db8::5 999 ::1 22\0")):
            (tmp_path / str(process)).mkdir()
            (tmp_path / str(process) / "environ").write_text(environment)
            (tmp_path / str(process) / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")
        assert way_in.by_ssh(30, str(tmp_path)) == (IPv6Address("2001:db8::5"), 22)

    @pytest.mark.parametrize("text", ["10.0.0.1 999 10.0.0.2 22", "", "nonsense"])
    def test_another_way_is_none(self, text):
        assert way_in.parse(text) is None

    def test_a_firewall_that_closes_it_is_seen(self):
        assert guard.lets_in(HOST, IPv6Address("2001:db8:5::1"), 9100)
        assert not guard.lets_in(HOST, IPv6Address("2001:db8:6::1"), 9100)
        assert not guard.lets_in([("udp", 22, 22, ALL)], IPv6Address("2001:db8::5"), 22)


def test_docker_does_not_start_unguarded():
    assert "RequiredBy=docker.service" in guard.unit()
    assert "Before=docker.service" in guard.unit()


def test_where_docker_closes_the_table_by_itself_closes_nothing_to_containers():
    assert "name closed drop" in guard.table(PREFIXES, ["br-pub6"])
    assert "name closed drop" not in guard.table(PREFIXES, ["br-pub6"], docker_closes=True)


def test_a_host_is_left_alone_unless_its_ports_are_given():
    assert "hook input" not in guard.table(PREFIXES, ["br-pub6"])
    assert "hook input" in guard.table(PREFIXES, ["br-pub6"], host_ports=[])


def test_to_containers_of_others_comes_what_the_host_declares_and_only_where_the_host_is_closed():
    assert "foreign" not in guard.table(PREFIXES, ["br-pub6"])
    lines = [line.strip() for line in guard.table(PREFIXES, ["br-pub6"], host_ports=HOST).splitlines()]
    begin = lines.index("chain foreign {")
    chain = lines[begin : lines.index("}", begin)]
    for protocol in ("tcp", "udp"):
        published = "ip6 saddr . meta l4proto . ct original proto-dst @host accept"
        assert f"meta l4proto {protocol} ct status dnat {published}" in chain
    # What was translated is judged before containers' own traffic is let through, and the rest ends here.
    closed = chain.index("ct status dnat counter name closed_host drop")
    assert closed < chain.index('meta iifkind "bridge" accept comment "between containers"')
    assert chain[-1] == "counter name closed_host drop"


def test_what_is_no_bridge_is_never_asked_to_be_none():
    """A network card has no kind: a rule that compares it never matches, not even with !=."""
    table = guard.table(PREFIXES, ["br-pub6"], host_ports=HOST)
    assert 'oifkind "bridge" goto foreign' in table
    assert "kind !=" not in table


@pytest.mark.skipif(not shutil.which("nft"), reason="needs nft")
@pytest.mark.parametrize("docker_closes", [True, False], ids=["docker closes", "we close"])
@pytest.mark.parametrize("host_ports", [HOST, [], None], ids=["ports", "no ports", "host left alone"])
def test_nft_takes_the_files(tmp_path, host_ports, docker_closes):
    """In a network namespace of its own where that may be made, as nft asks the kernel even for a check."""
    open_ports = (("tcp", 80, 80, ALL), ("tcp", 79, 81, SOME), ("udp", 5000, 5010, SOME))
    declared = ports.Declared("web", "pub6", IPv6Address("2001:db8::a"), open_ports)
    rules = ports.Rules(docker_closes, {"containers": (declared,)})
    (tmp_path / "declared.nft").write_text(ports.declared_text(rules, {}))
    table = guard.table(PREFIXES, ["docker0", "br-pub6"], docker_closes, host_ports)
    table = table.replace(ports.FOLDER, str(tmp_path))
    assert str(tmp_path) in table
    (tmp_path / "table.nft").write_text(table)
    command = ["unshare", "--net", "nft", "--file", str(tmp_path / "table.nft")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip("may not make a network namespace")
    assert (done.returncode, done.stderr) == (0, "")
