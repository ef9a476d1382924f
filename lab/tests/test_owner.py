# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's marks: what bears them is that lab's and no other's."""

from __future__ import annotations

import pytest

from vpclab.errors import LabError
from vpclab.owner import Lab, chosen


@pytest.mark.parametrize("name", ["", "A", "a.b", "a/b", "-a", "x" * 25, "a b", "../a"])
def test_a_name_that_could_be_mistaken_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="lab name: must be 1 to 24"):
        Lab(name)


def test_no_labs_marks_begin_with_anothers() -> None:
    assert not Lab("a-b").namespace("internet").startswith(Lab("a").namespace(""))
    assert not str(Lab("a-b").disks).startswith(f"{Lab('a').disks}/")


def test_the_lab_is_chosen_by_option_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_NAME", "env")
    assert chosen("given").name == "given"
    assert chosen(None).name == "env"
    monkeypatch.delenv("LAB_NAME")
    assert chosen(None).name == "default"
