# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module apt_mirrors on a file tree of its own."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import probe
from ansible_collections.ipv6.aws_containers.plugins.modules import apt_mirrors

SOURCES = "etc/apt/sources.list.d/debian.sources"
BEFORE = "Types: deb\nURIs: http://us-east-1.ec2.archive.example.com/debian\nSuites: trixie\n"
AFTER = "Types: deb\nURIs: http://archive.example.com/debian\nSuites: trixie\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    monkeypatch.setattr(probe, "silent", lambda mirror: "no IPv6 address" if ".ec2." in mirror.host else None)
    (tmp_path / SOURCES).parent.mkdir(parents=True)
    (tmp_path / SOURCES).write_text(BEFORE)
    (tmp_path / "etc/cloud/cloud.cfg.d").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="13"\n')
    return tmp_path


@pytest.fixture
def run(root, capsys):
    def call(**parameters):
        with patch_module_args({"root": str(root), **parameters}), pytest.raises(SystemExit):
            apt_mirrors.main()
        return json.loads(capsys.readouterr().out)

    return call


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_sources_change_once_and_the_result_says_what_was_tried(root, run):
    first = run()
    assert (first["changed"], first["sources_changed"]) == (True, True)
    assert (root / SOURCES).read_text() == AFTER
    assert first["tried"] == [
        {"mirror": "http://us-east-1.ec2.archive.example.com", "silent": "no IPv6 address"},
        {"mirror": "http://archive.example.com", "silent": None},
    ]
    assert (
        "preserve_sources_list: true" in (root / apt_mirrors.CLOUD_INIT / "99-ipv6-aws-containers-apt.cfg").read_text()
    )
    second = run()
    assert (second["changed"], second["sources_changed"], second["files"]) == (False, False, [])


def test_a_mirror_that_answers_stays(root, run, monkeypatch):
    monkeypatch.setattr(probe, "silent", lambda mirror: None)
    assert not run()["sources_changed"]
    assert (root / SOURCES).read_text() == BEFORE
    assert run(probe=False)["sources_changed"]


def test_no_mirror_that_answers_is_a_failure_and_nothing_is_written(root, run, monkeypatch):
    monkeypatch.setattr(probe, "silent", lambda mirror: "connection refused")
    before = tree(root)
    failed = run()
    assert failed["failed"]
    assert f"{root / SOURCES}: must answer over IPv6 (connection refused)" in failed["msg"]
    assert tree(root) == before


class TestAbsent:
    def test_every_byte_is_back(self, root, run):
        (root / "etc/apt/sources.list").write_bytes(b"deb http://us-east-1.ec2.archive.example.com/\xff x main\r\n")
        before = tree(root)
        run(force_ipv6=True)
        checked = run(state="absent", _ansible_check_mode=True)
        assert checked["changed"]
        assert tree(root) != before
        gone = run(state="absent")
        assert (gone["changed"], gone["sources_changed"]) == (True, True)
        assert gone["files"] == checked["files"]
        assert tree(root) == before
        assert not run(state="absent")["changed"]

    def test_a_host_that_never_had_the_role_stays_as_it_is(self, root, run):
        before = tree(root)
        assert not run(state="absent")["changed"]
        assert tree(root) == before

    def test_what_was_edited_since_is_refused(self, root, run):
        run()
        (root / SOURCES).write_text(AFTER + "Components: main\n")
        before = tree(root)
        failed = run(state="absent")
        assert f"{root / SOURCES}: must be as this role left it" in failed["msg"]
        assert tree(root) == before

    def test_what_somebody_wrote_between_two_runs_is_what_comes_back(self, root, run):
        run()
        newer = BEFORE.replace("trixie", "forky")
        (root / SOURCES).write_text(newer)
        run()
        run(state="absent")
        assert (root / SOURCES).read_text() == newer


def test_check_mode_says_the_same_and_writes_nothing(root, run):
    before = tree(root)
    checked = run(_ansible_check_mode=True, _ansible_diff=True)
    assert checked["changed"]
    assert {one["before"]: one["after"] for one in checked["diff"]}[BEFORE] == AFTER
    assert tree(root) == before


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


@pytest.mark.parametrize("text", ['ID="amzn"\nVERSION_ID="2023"\n', 'ID=debian\nVERSION_ID="11"\n', None])
def test_another_system_is_refused_and_nothing_is_written(root, run, text):
    path = root / "etc/os-release"
    path.unlink() if text is None else path.write_text(text)
    before = tree(root)
    failed = run()
    assert failed["failed"]
    assert f"{path}: must be Debian 12 or later, or Ubuntu 22.04 or later, got" in failed["msg"]
    assert tree(root) == before


def test_debians_own_lists_and_what_points_to_them(root, run, monkeypatch):
    """As the EC2 images of Debian 12 and later have them: sources name a list, the list names the mirrors."""
    monkeypatch.setattr(probe, "silent", lambda mirror: "timed out" if mirror.host.startswith("cdn-aws.") else None)
    pointing = "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie\n"
    (root / SOURCES).write_text(pointing)
    lists = root / "etc/apt/mirrors"
    lists.mkdir()
    (lists / "debian.list").write_text("https://cdn-aws.deb.example.org/debian\n")
    (lists / "debian-security.list").write_text("https://cdn-aws.deb.example.org/debian-security\n")
    before = tree(root)
    result = run()
    assert [path for path in result["files"] if "/mirrors/" in path] == [
        str(lists / "debian-security.list"),
        str(lists / "debian.list"),
    ]
    assert (root / SOURCES).read_text() == pointing
    assert (lists / "debian.list").read_text() == "https://deb.example.org/debian\n"
    run(state="absent")
    assert tree(root) == before
