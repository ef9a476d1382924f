# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was there before the role: its first run's word stands."""

from __future__ import annotations

import json

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import record


def test_the_first_word_stands():
    first = record.follow(
        None, '{"debug": true}', {"mtu": 1}, {}, ["docker.io", "nftables"], {"bash", "curl"}, "restart"
    )
    second = record.follow(first, '{"mtu": 1}', {"mtu": 2}, {"mtu": 1}, ["conntrack"], (), "reload")
    assert second == record.Record(
        '{"debug": true}',
        {"mtu": 2},
        ("conntrack", "docker.io", "nftables"),
        ("bash", "curl"),
        "reload",
        replaced={"mtu": 1},
    )
    assert record.follow(second, "", {"mtu": 2}, {"mtu": 1}, [], (), None) == second


def test_an_engine_that_was_there_is_not_ours_in_another_version():
    found = record.follow(None, None, {}, {}, ["docker-ce=5:28.5.2-1", "conntrack"], {"docker-ce", "bash"}, None)
    assert found.packages == ("conntrack",)


def test_it_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "record"
    assert record.read(str(path)) is None
    kept = record.follow(None, None, {"mtu": 1}, {"mtu": 9000}, ["docker.io"], {"bash"}, "restart", hold=True)
    path.write_text(kept.text())
    assert record.read(str(path)) == kept
    path.write_text('{"mtu": 1}')
    with pytest.raises(ValueError, match="must be the record that this role keeps of a host"):
        record.read(str(path))


def test_an_older_record_knows_what_the_file_had_at_first(tmp_path):
    path = tmp_path / "record"
    older = {"original": '{"debug": false}', "managed": {"debug": True, "mtu": 1}, "packages": [], "before": ["bash"]}
    path.write_text(json.dumps(older))
    assert record.read(str(path)).replaced == {"debug": False}
