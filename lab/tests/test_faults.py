# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults as values: what a description comes to, and all that is wrong with one, at once."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from vpclab.faults import MUTATING, READS, BadFaults, Bucket, Faults, add_flags, from_flags, parse_faults, read_faults


def test_what_is_not_named_is_off() -> None:
    assert read_faults({"throttle": 0.2, "lag": 2}) == Faults(throttle=0.2, lag=2)


def test_buckets_are_ec2s_own_or_given() -> None:
    both = read_faults({"bucket": True})
    assert (both.mutating, both.reads) == (MUTATING, READS) == (Bucket(50, 5), Bucket(100, 20))
    one = read_faults({"bucket": {"mutating": {"burst": 2, "refill": 1}}})
    assert (one.mutating, one.reads) == (Bucket(2, 1), None)


@pytest.mark.parametrize(
    "faults", [Faults(), Faults(0.2, 0.1, 2, 0.5, MUTATING, READS, 7), Faults(reads=Bucket(3, 0.5))]
)
def test_what_is_shown_can_be_read(faults: Faults) -> None:
    assert read_faults(faults.to_dict()) == faults


def test_all_that_is_wrong_is_said_at_once() -> None:
    described = {
        "throttle": 2,
        "lose": True,
        "lag": -1,
        "delay": "long",
        "seed": 0.5,
        "explode": 1,
        "bucket": {"mutating": {"burst": -1, "refill": 5, "leak": 1}, "reads": 100, "writes": {}},
    }
    with pytest.raises(BadFaults) as error:
        read_faults(described)
    assert {problem.path for problem in error.value.problems} == {
        *("throttle", "lose", "lag", "delay", "seed", "explode"),
        *("bucket.mutating.burst", "bucket.mutating.leak", "bucket.reads", "bucket.writes"),
    }
    assert "throttle: must be a number from 0 to 1, got 2" in str(error.value)
    assert 'explode: must be one of throttle, lose, lag, delay, bucket, seed, got "explode"' in str(error.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"1", b'{"lag": NaN}', b'{"bucket": 5}'])
def test_what_is_no_description(text: bytes) -> None:
    with pytest.raises(BadFaults):
        parse_faults(text)


@pytest.mark.parametrize(
    ("flags", "faults"),
    [
        ([], Faults()),
        (["--throttle", "0.2", "--lose", "0.1", "--seed", "3"], Faults(throttle=0.2, lose=0.1, seed=3)),
        (["--lag", "2", "--delay", "0.1", "--bucket"], Faults(lag=2, delay=0.1, mutating=MUTATING, reads=READS)),
        (["--bucket", '{"reads": {"burst": 1, "refill": 1}}'], Faults(reads=Bucket(1, 1))),
    ],
)
def test_flags(flags: list[str], faults: Faults) -> None:
    assert from_flags(_parsed(flags)) == faults


def test_flags_are_checked_as_well() -> None:
    with pytest.raises(BadFaults, match="lose: must be a number from 0 to 1, got 7"):
        from_flags(_parsed(["--lose", "7"]))


def _parsed(flags: list[str]) -> Any:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(flags)
