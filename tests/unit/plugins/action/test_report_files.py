# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on the controller: whole, in check mode too, never a change; what is in the way of one is named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from ansible_collections.ipv6.aws_containers.plugins.action import report_files


def run(*files: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    task = SimpleNamespace(args={"files": list(files)}, async_val=0, check_mode=check_mode, diff=False)
    return report_files.ActionModule(task, mock.Mock(), mock.Mock(), None, None, None).run(task_vars={})


@pytest.mark.parametrize("check_mode", [False, True])
def test_files_are_written_with_their_folders(tmp_path: Path, check_mode: bool) -> None:
    report, picture = tmp_path / "new/deep/report.json", tmp_path / "picture.svg"
    picture.write_text("older and longer", encoding="utf-8")
    content = '{"a": "…"}\n'
    answer = run(
        {"path": str(report), "content": content}, {"path": str(picture), "content": "<svg/>"}, check_mode=check_mode
    )
    assert answer == {"changed": False, "paths": [str(report), str(picture)]}
    assert report.read_text(encoding="utf-8") == content
    assert picture.read_text(encoding="utf-8") == "<svg/>"
    assert report.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in report.parent.iterdir()] == ["report.json"]


def test_a_path_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    answer = run({"path": str(tmp_path / "file/report.json"), "content": ""})
    assert answer["failed"]
    assert answer["msg"].startswith(f"{tmp_path}/file/report.json: ")


def test_a_folder_in_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    answer = run({"path": str(tmp_path / "report.json"), "content": "x"})
    assert answer["failed"]
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
