# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module apt_mirrors on a file tree of its own."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.modules import apt_mirrors

SOURCES = "etc/apt/sources.list.d/debian.sources"
BEFORE = "Types: deb\nURIs: http://us-east-1.ec2.archive.example.com/debian\nSuites: trixie\n"
AFTER = "Types: deb\nURIs: http://archive.example.com/debian\nSuites: trixie\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    (tmp_path / SOURCES).parent.mkdir(parents=True)
    (tmp_path / SOURCES).write_text(BEFORE)
    (tmp_path / "etc/cloud/cloud.cfg.d").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def run(root, capsys):
    def call(**parameters):
        with patch_module_args({"root": str(root), **parameters}), pytest.raises(SystemExit):
            apt_mirrors.main()
        return json.loads(capsys.readouterr().out)

    return call


def test_sources_change_once_and_their_first_version_is_kept(root, run):
    first = run()
    assert (first["changed"], first["sources_changed"]) == (True, True)
    assert (root / SOURCES).read_text() == AFTER
    assert (root / "var/lib/ipv6.aws_containers/apt" / str(root / SOURCES).lstrip("/")).read_text() == BEFORE
    assert (
        "preserve_sources_list: true" in (root / apt_mirrors.CLOUD_INIT / "99-ipv6-aws-containers-apt.cfg").read_text()
    )
    second = run()
    assert (second["changed"], second["sources_changed"], second["files"]) == (False, False, [])


def test_check_mode_says_the_same_and_writes_nothing(root, run):
    before = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    checked = run(_ansible_check_mode=True, _ansible_diff=True)
    assert checked["changed"]
    assert {one["before"]: one["after"] for one in checked["diff"]}[BEFORE] == AFTER
    assert {path: path.read_text() for path in root.rglob("*") if path.is_file()} == before


def test_ipv6_is_forced_only_as_long_as_it_is_asked_for(root, run):
    run(force_ipv6=True)
    assert 'Acquire::ForceIPv6 "true";' in (root / apt_mirrors.FORCE_IPV6).read_text()
    assert not run(force_ipv6=True)["changed"]
    assert run()["changed"]
    assert not (root / apt_mirrors.FORCE_IPV6).exists()


def test_a_host_without_cloud_init_gets_no_drop_in_for_it(root, run):
    (root / apt_mirrors.CLOUD_INIT).rmdir()
    run()
    assert not (root / apt_mirrors.CLOUD_INIT).exists()
