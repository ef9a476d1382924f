# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told, before anything goes, of what will."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import daemon, leave, packages, record

OURS = '{\n  "debug": true\n}\n'


def test_the_file_and_the_packages_that_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = tmp_path / "daemon.json", tmp_path / "store.json"
    path.write_text(OURS)
    store.write_text(record.Record(None, {"debug": True}, ("docker.io",), ("bash",)).text())
    monkeypatch.setattr(daemon, "PATH", str(path))
    monkeypatch.setattr(packages, "removable", lambda ours, before: ["containerd", *ours])
    told = leave.absent(str(store), check_mode=True)
    assert [(one["before_header"], one["before"], one["after"]) for one in told["diff"]] == [
        (str(path), OURS, ""),
        ("packages", "containerd\ndocker.io\n", ""),
    ]
    assert path.read_text() == OURS
