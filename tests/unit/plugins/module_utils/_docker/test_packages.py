# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is there, or would be: from what dpkg and apt print."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import packages
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

POLICY = """\
docker.io:
  Installed: (none)
  Candidate: 26.1.5+dfsg1-9+b14
  Version table:
     26.1.5+dfsg1-9+b14 500
docker-cli:
  Installed: (none)
  Candidate: (none)
  Version table:
"""


def answers(monkeypatch, dpkg, policy):
    monkeypatch.setattr(packages, "_dpkg", lambda names: dpkg)
    monkeypatch.setattr(packages, "run", lambda command: policy)


def test_before_the_installation_the_candidate_counts(monkeypatch):
    answers(monkeypatch, "installed nftables 1.0.6-2\nconfig-files docker.io 20.10.24\n", POLICY)
    found = packages.observe(["docker.io", "nftables"], ["docker-cli"])
    assert found == packages.Packages("26.1.5+dfsg1-9+b14", False, ("docker.io",))


def test_what_is_installed_counts_more_than_the_candidate(monkeypatch):
    answers(monkeypatch, "installed docker.io 20.10.24+dfsg1-1\ninstalled nftables 1.0.6-2\n", POLICY)
    found = packages.observe(["docker.io", "nftables"], ["docker-cli"])
    assert found == packages.Packages("20.10.24+dfsg1-1", True, ())


def test_an_optional_package_is_missing_only_where_it_is_to_be_had(monkeypatch):
    answers(monkeypatch, "installed docker.io 26.1.5\n", "docker-cli:\n  Installed: (none)\n  Candidate: 26.1.5\n")
    assert packages.observe(["docker.io"], ["docker-cli"]).missing == ("docker-cli",)


def test_an_engine_that_is_nowhere(monkeypatch):
    answers(monkeypatch, "", "")
    assert packages.observe(["docker.io"], []) == packages.Packages(None, False, ("docker.io",))


VENDOR = """\
docker-ce:
  Installed: 5:29.0.0-1~debian.13~trixie
  Candidate: 5:29.1.0-1~debian.13~trixie
  Version table:
     5:29.1.0-1~debian.13~trixie 500
        500 https://download.docker.com/linux/debian trixie/stable amd64 Packages
 *** 5:29.0.0-1~debian.13~trixie 500
        500 https://download.docker.com/linux/debian trixie/stable amd64 Packages
        100 /var/lib/dpkg/status
     5:28.5.2-1~debian.13~trixie 500
        500 https://download.docker.com/linux/debian trixie/stable amd64 Packages
     5:28.5.1-1~debian.13~trixie 500
        500 https://download.docker.com/linux/debian trixie/stable amd64 Packages
"""


class TestPin:
    """An engine of the version that was asked for: not the newest, and not the one that is there."""

    def test_the_newest_that_fits_replaces_another(self, monkeypatch):
        answers(monkeypatch, "installed docker-ce 5:29.0.0-1~debian.13~trixie\n", VENDOR)
        found = packages.observe(["docker-ce"], [], "28.5", ["docker-ce"])
        version = "5:28.5.2-1~debian.13~trixie"
        assert found == packages.Packages(version, True, (f"docker-ce={version}",))

    def test_one_that_fits_stays_and_apt_is_not_asked(self, monkeypatch):
        answers(monkeypatch, "installed docker-ce 5:28.5.1-1~debian.13~trixie\n", None)
        found = packages.observe(["docker-ce"], [], "28.5", ["docker-ce"])
        assert found == packages.Packages("5:28.5.1-1~debian.13~trixie", True, ())

    def test_28_5_is_not_28_50(self):
        assert packages.matches("5:28.5.2-1~debian.13", "28.5")
        assert packages.matches("20.10.24+dfsg1", "20.10.24")
        assert not packages.matches("28.50.1", "28.5")
        assert not packages.matches("128.5.1", "28.5")

    @pytest.mark.parametrize(
        ("pin", "rule"),
        [
            ("27", "docker_version: must be one that apt has of docker-ce: 5:29.1.0-1~debian.13~trixie, 5:29.0.0-1~"),
            ("latest", "docker_version: must be the beginning of an engine's version, such as 28.5, got latest"),
        ],
    )
    def test_what_can_not_be_had_is_refused(self, monkeypatch, pin, rule):
        answers(monkeypatch, "installed docker-ce 5:29.0.0-1~debian.13~trixie\n", VENDOR)
        with pytest.raises(PlanError) as caught:
            packages.observe(["docker-ce"], [], pin, ["docker-ce"])
        assert rule in str(caught.value)


class TestRemovable:
    """Only what we brought, what came with it, and what nobody else needs."""

    NOW = "installed docker.io 1\ninstalled containerd 1\ninstalled conntrack 1\ninstalled curl 1\ninstalled keeps 1\n"

    def host(self, monkeypatch, removals):
        def run(command, **_more):
            if command[0] == "dpkg-query":
                return self.NOW
            if command[0] == "apt-mark":
                return "containerd\ncurl\n"
            assert command[:2] == ["apt-get", "--simulate"]
            return "".join(f"Remv {name} [1]\n" for name in removals[tuple(command[3:])])

        monkeypatch.setattr(packages, "run", run)

    def test_with_all_that_came_with_them_but_nothing_from_before(self, monkeypatch):
        removals = {
            ("remove", "docker.io"): ["docker.io"],
            ("remove", "conntrack"): ["conntrack"],
            ("autoremove", "conntrack", "docker.io"): ["docker.io", "conntrack", "containerd", "curl"],
        }
        self.host(monkeypatch, removals)
        before = ["curl", "keeps"]
        assert packages.removable(["docker.io", "conntrack", "gone"], before) == [
            "conntrack",
            "containerd",
            "docker.io",
        ]

    def test_what_somebody_has_come_to_need_stays(self, monkeypatch):
        removals = {
            ("remove", "docker.io"): ["docker.io"],
            ("remove", "conntrack"): ["conntrack", "keeps"],
            ("autoremove", "docker.io"): ["docker.io", "containerd"],
        }
        self.host(monkeypatch, removals)
        assert packages.removable(["docker.io", "conntrack"], ["curl"]) == ["containerd", "docker.io"]
