# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files change whole or not at all, and what was there first is kept."""

from __future__ import annotations

import os

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.commands import CommandError, run


def test_bytes_of_any_encoding_go_through(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"caf\xe9\r\n")
    files.write(files.change(str(path), files.read(str(path)) + "x"))
    assert path.read_bytes() == b"caf\xe9\r\nx"


def test_the_mode_stays_unless_it_is_given(tmp_path):
    path = tmp_path / "file"
    path.write_text("a")
    path.chmod(0o640)
    files.write(files.change(str(path), "b"))
    assert path.stat().st_mode & 0o777 == 0o640
    files.write(files.change(str(path), "c", 0o600))
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_is_a_state_like_any_other(tmp_path):
    path = str(tmp_path / "folder" / "file")
    assert not files.change(path, None).needed
    files.write(files.change(path, "a"))
    assert files.read(path) == "a"
    files.write(files.change(path, None))
    assert files.read(path) is None


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_arguments):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        files.write(files.change(str(path), "new"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_command_that_fails_says_what_was_attempted_and_what_it_said():
    with pytest.raises(CommandError, match=r"sh -c echo no >&2; exit 3: rc 3: no"):
        run(["sh", "-c", "echo no >&2; exit 3"])


def test_a_tool_that_is_not_there():
    with pytest.raises(CommandError, match="no-such-tool is not installed"):
        run(["no-such-tool", "x"])


def test_a_command_that_does_not_end():
    with pytest.raises(CommandError, match="no end within"):
        run(["sleep", "5"], seconds=0.1)
