# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role changed can be put back, byte for byte, and what others wrote stays."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files, originals
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

ODD = "caf\udce9\r\nno end"


@pytest.fixture
def write(tmp_path):
    """Writes a file as a role does: remembered first."""
    store = str(tmp_path / "store")

    def act(name, text):
        change = files.change(str(tmp_path / name), text)
        files.write(originals.remembering(store, [change]))
        files.write(change)

    return act


def put_back(tmp_path):
    for one in originals.restorations(str(tmp_path / "store")):
        files.write(one)


def test_the_first_text_comes_back_however_often_the_role_wrote(tmp_path, write):
    files.write(files.Change(str(tmp_path / "a"), None, ODD))
    for text in ("one", "two", "three"):
        write("a", text)
        write("made", text)
    put_back(tmp_path)
    assert files.read(str(tmp_path / "a")) == ODD
    assert files.read(str(tmp_path / "made")) is None


def test_a_file_that_the_role_removed_comes_back(tmp_path, write):
    files.write(files.Change(str(tmp_path / "a"), None, "theirs"))
    write("a", None)
    put_back(tmp_path)
    assert files.read(str(tmp_path / "a")) == "theirs"


def test_what_others_wrote_between_two_runs_is_the_new_original(tmp_path, write):
    write("a", "ours")
    files.write(files.Change(str(tmp_path / "a"), None, "theirs"))
    write("a", "ours again")
    put_back(tmp_path)
    assert files.read(str(tmp_path / "a")) == "theirs"


def test_what_others_wrote_since_stays_and_is_named(tmp_path, write):
    write("a", "ours")
    files.write(files.Change(str(tmp_path / "a"), None, "theirs"))
    with pytest.raises(PlanError, match=f"{tmp_path}/a: must be as this role left it; .* got edited"):
        put_back(tmp_path)
    assert files.read(str(tmp_path / "a")) == "theirs"


def test_what_is_back_already_needs_nothing(tmp_path, write):
    files.write(files.Change(str(tmp_path / "a"), None, "theirs"))
    write("a", "ours")
    files.write(files.Change(str(tmp_path / "a"), None, "theirs"))
    assert originals.restorations(str(tmp_path / "store")) == []


def test_the_folder_above_goes_only_when_nobody_else_needs_it(tmp_path):
    for role in ("a", "b"):
        files.write(files.Change(str(tmp_path / "all" / role / "x"), None, ""))
    originals.forget(str(tmp_path / "all/a"))
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["b"]
    originals.forget(str(tmp_path / "all/b"))
    assert not (tmp_path / "all").exists()
