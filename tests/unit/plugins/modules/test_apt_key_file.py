# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module apt_key_file against a web server on loopback: only the pinned key is ever written."""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.ipv6.aws_containers.plugins.modules import apt_key_file
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
    """The URL of a folder with keys in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "key.asc").write_bytes(ARMOURED)
    (folder / "two.gpg").write_bytes(BINARY + BINARY)
    (folder / "page").write_text("<html>moved</html>")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, text, **more: None)

    def call(**parameters):
        with patch_module_args(parameters), pytest.raises(SystemExit):
            apt_key_file.main()
        return json.loads(capsys.readouterr().out)

    return call


def test_the_pinned_key_is_fetched_once(site, run, tmp_path):
    path = tmp_path / "keyrings" / "key.asc"
    first = run(url=f"{site}/key.asc", fingerprint=FINGERPRINT.lower(), path=str(path))
    assert (first["changed"], first["fingerprint"]) == (True, FINGERPRINT)
    assert path.read_bytes() == ARMOURED
    assert not run(url=f"{site}/gone", fingerprint=FINGERPRINT, path=str(path))["changed"]


@pytest.mark.parametrize(
    ("name", "fingerprint", "message"),
    [
        ("key.asc", OTHER, f"must hold the key {OTHER} and no other, got {FINGERPRINT}"),
        ("two.gpg", FINGERPRINT, "and no other, got"),
        ("page", FINGERPRINT, "is not in OpenPGP format"),
        ("gone", FINGERPRINT, "can't be fetched"),
        ("key.asc", "131FECA6", "fingerprint: must be a whole fingerprint"),
    ],
)
def test_anything_else_is_refused_and_not_written(site, run, tmp_path, name, fingerprint, message):
    path = tmp_path / "key.asc"
    answer = run(url=f"{site}/{name}", fingerprint=fingerprint, path=str(path))
    assert answer["failed"]
    assert message in answer["msg"]
    assert not path.exists()


def test_a_key_file_with_another_key_is_replaced(site, run, tmp_path):
    path = tmp_path / "key.asc"
    path.write_bytes(BINARY + BINARY)
    assert run(url=f"{site}/key.asc", fingerprint=FINGERPRINT, path=str(path))["changed"]
    assert path.read_bytes() == ARMOURED


def test_check_mode_fetches_nothing(run, tmp_path):
    path = tmp_path / "key.asc"
    answer = run(url="http://127.0.0.1:9/", fingerprint=FINGERPRINT, path=str(path), _ansible_check_mode=True)
    assert answer["changed"]
    assert not path.exists()
