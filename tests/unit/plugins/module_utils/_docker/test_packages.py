# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine is there, or would be: from what dpkg and apt print."""

from __future__ import annotations

from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import packages

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
