# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's repository from a web server on loopback: only the pinned key is ever written."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from types import SimpleNamespace

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import release
from ansible_collections.ipv6.aws_containers.plugins.modules import docker_repository
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._apt.test_openpgp import (
    ARMOURED,
    BINARY,
    FINGERPRINT,
)

OTHER = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        """Say nothing on the test's standard error."""


@pytest.fixture
def site(tmp_path):
    """The URL of a folder with a vendor's keys in it: whose name says what is wrong with each."""
    for name, content in {
        "good": ARMOURED,
        "two": BINARY + BINARY,
        "page": b"<html>moved</html>",
    }.items():
        (tmp_path / "site" / name / "debian").mkdir(parents=True)
        (tmp_path / "site" / name / "debian" / "gpg").write_bytes(content)
    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A trixie of amd64; ``host.source`` and ``host.key`` are what the module may write."""
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)
    monkeypatch.setattr(docker_repository, "run", lambda command: "amd64\n")
    os_release = tmp_path / "os-release"
    os_release.write_text('ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n')
    monkeypatch.setattr(release, "PATH", str(os_release))
    return SimpleNamespace(
        source=tmp_path / "sources" / "docker.sources", key=tmp_path / "keyrings" / "docker.asc", release=os_release
    )


@pytest.fixture
def run(host, capsys):
    def call(**parameters):
        given = {"path": str(host.source), "key_path": str(host.key), "fingerprint": FINGERPRINT, **parameters}
        with patch_module_args(given), pytest.raises(SystemExit):
            docker_repository.main()
        return json.loads(capsys.readouterr().out)

    return call


def test_the_key_is_fetched_once_and_the_source_trusts_it(site, run, host):
    first = run(url=f"{site}/good", fingerprint=FINGERPRINT.lower())
    assert (first["changed"], first["fingerprint"], first["before"]) == (True, FINGERPRINT, None)
    assert host.key.read_bytes() == ARMOURED
    assert f"URIs: {site}/good/debian\nSuites: trixie\n" in host.source.read_text()
    assert f"Signed-By: {host.key}\n" in host.source.read_text()
    (host.source.parent.parent / "site" / "good" / "debian" / "gpg").unlink()
    assert not run(url=f"{site}/good")["changed"]


@pytest.mark.parametrize(
    ("name", "fingerprint", "message"),
    [
        ("good", OTHER, f"must hold the key {OTHER} and no other, got {FINGERPRINT}"),
        ("two", FINGERPRINT, "and no other, got"),
        ("page", FINGERPRINT, "is not in OpenPGP format"),
        ("gone", FINGERPRINT, "can't be fetched"),
        ("good", "131FECA6", "docker_vendor_fingerprint: must be a whole fingerprint"),
    ],
)
def test_another_key_is_refused_and_nothing_is_written(site, run, host, name, fingerprint, message):
    answer = run(url=f"{site}/{name}", fingerprint=fingerprint)
    assert answer["failed"]
    assert message in answer["msg"]
    assert not host.key.exists()
    assert not host.source.exists()


def test_a_release_that_the_roles_are_not_made_for_is_refused(site, run, host):
    host.release.write_text('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n')
    answer = run(url=f"{site}/good")
    assert "must be Debian 12 or later, or Ubuntu 22.04 or later, got Debian GNU/Linux 11 (bullseye)" in answer["msg"]
    assert not host.key.exists()


def test_a_key_file_with_another_key_is_replaced(site, run, host):
    host.key.parent.mkdir()
    host.key.write_bytes(BINARY + BINARY)
    assert run(url=f"{site}/good")["changed"]
    assert host.key.read_bytes() == ARMOURED


def test_check_mode_fetches_nothing(run, host):
    answer = run(url="http://127.0.0.1:9", _ansible_check_mode=True)
    assert answer["changed"]
    assert not host.key.exists()
    assert not host.source.exists()


class TestRestored:
    """A run that is refused later leaves apt as it was."""

    def test_a_source_that_was_not_there_goes_with_its_key(self, site, run, host):
        first = run(url=f"{site}/good")
        assert run(state="restored", before=first["before"])["changed"]
        assert not host.key.exists()
        assert not host.source.exists()

    def test_another_one_is_back(self, site, run, host):
        run(url=f"{site}/good")
        was = host.source.read_text()
        second = run(url=f"{site}/good/")
        assert not second["changed"]
        host.source.write_text("# another\n" + was)
        third = run(url=f"{site}/good")
        assert run(state="restored", before=third["before"])["changed"]
        assert host.source.read_text() == "# another\n" + was
        assert host.key.exists()
