# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Region mirrors go from apt's sources; nothing else in them changes by a byte."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import sources
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt.sources import main_mirror
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from hypothesis import given
from hypothesis import strategies as st

CASES = yaml.safe_load((Path(__file__).parents[4] / "cases/apt/mirrors.yml").read_text())


def with_main_mirrors(text, path):
    return sources.with_main_mirrors(text, path, sources.region_mirrors(text, path))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_files_of_images_on_ec2(case):
    def silent(mirror):
        return "no IPv6 address" if mirror.host in case["silent"] else None

    texts = {case["path"]: case["before"]}
    if "refused" in case:
        with pytest.raises(PlanError) as caught:
            sources.to_replace(texts, silent)
        assert str(caught.value) == case["refused"]
        return
    going, tried = sources.to_replace(texts, silent)
    assert sources.with_main_mirrors(case["before"], case["path"], going) == (case["after"] or case["before"])
    assert [mirror.host for mirror, _ in tried] == case["tried"]


def test_a_mirror_that_several_files_name_is_asked_once():
    asked = []
    line = "deb http://us-east-1.ec2.archive.example.com/ubuntu noble main\n"
    sources.to_replace({"/etc/apt/sources.list": line, "/etc/apt/sources.list.d/x.list": line}, asked.append)
    assert [str(mirror) for mirror in asked] == ["http://us-east-1.ec2.archive.example.com"]


def test_only_mirrors_that_can_be_asked_are_region_mirrors():
    text = "deb mirror+file:/etc/apt/list noble main\ndeb ftp://cdn-aws.deb.example.org/debian x main\n"
    assert sources.region_mirrors(text, "/etc/apt/sources.list") == []
    text = "deb mirror+https://cdn-aws.deb.example.org:8443/list x main\n"
    assert sources.region_mirrors(text, "/etc/apt/sources.list") == [
        sources.Mirror("https", "cdn-aws.deb.example.org", 8443)
    ]


@pytest.mark.parametrize(
    ("host", "main"),
    [
        ("us-east-1.ec2.archive.example.com", "archive.example.com"),
        ("us-east-1.ec2.ports.example.com", "ports.example.com"),
        ("us-gov-west-1.ec2.archive.example.com", "archive.example.com"),
        ("ap-southeast-2.ec2.archive.example.com", "archive.example.com"),
        ("us-east-1a.ec2.archive.example.com", "archive.example.com"),
        ("cdn-aws.deb.example.org", "deb.example.org"),
        ("CDN-AWS.deb.example.org", "deb.example.org"),
        ("archive.example.com", None),
        ("ec2.archive.example.com", None),
        ("us-east-1.ec2.localdomain", None),
        ("my-cdn-aws.deb.example.org", None),
        ("us-east-1.s3.example.com", None),
        ("us-west-2-lax-1a.ec2.archive.example.com", "archive.example.com"),
    ],
)
def test_which_hosts_are_region_mirrors(host, main):
    assert main_mirror(host) == main


ONE_LINE = """\
# deb http://us-east-1.ec2.archive.example.com/ubuntu jammy main   (switched off: left as it is)
deb http://us-east-1.ec2.archive.example.com/ubuntu/ jammy main restricted\r
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://user:word@cdn-aws.deb.example.org:8080/debian trixie main
	deb-src   http://us-east-1.ec2.archive.example.com/ubuntu jammy main # us-east-1.ec2.archive.example.com
deb http://security.example.com/ubuntu jammy-security main

deb file:///srv/packages ./"""


def test_one_line_sources():
    after = with_main_mirrors(ONE_LINE, "/etc/apt/sources.list")
    assert after.splitlines(keepends=True)[:4] == [
        "# deb http://us-east-1.ec2.archive.example.com/ubuntu jammy main   (switched off: left as it is)\n",
        "deb http://archive.example.com/ubuntu/ jammy main restricted\r\n",
        "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg]"
        " https://user:word@deb.example.org:8080/debian trixie main\n",
        "\tdeb-src   http://archive.example.com/ubuntu jammy main # us-east-1.ec2.archive.example.com\n",
    ]
    assert after.splitlines()[4:] == ONE_LINE.splitlines()[4:]
    assert not after.endswith("\n")


DEB822 = """\
# http://us-east-1.ec2.archive.example.com
Types: deb
uris: http://us-east-1.ec2.archive.example.com/ubuntu
# http://us-east-1.ec2.archive.example.com/off
  http://cdn-aws.deb.example.org/debian
Suites: noble
Description: see http://us-east-1.ec2.archive.example.com/
 and http://us-east-1.ec2.archive.example.com/

Types: deb
URIs: mirror+file:///etc/apt/mirrors/debian.list
"""


def test_deb822_sources_change_in_their_uris_only():
    after = with_main_mirrors(DEB822, "/etc/apt/sources.list.d/ubuntu.sources")
    expected = DEB822.splitlines()
    expected[2] = "uris: http://archive.example.com/ubuntu"
    expected[4] = "  http://deb.example.org/debian"
    assert after.splitlines() == expected


def test_a_list_of_mirrors_as_debian_images_have():
    text = "# http://cdn-aws.deb.example.org/\nhttps://cdn-aws.deb.example.org/debian\tpriority:1\n"
    after = with_main_mirrors(text, "/etc/apt/mirrors/debian.list")
    assert after == "# http://cdn-aws.deb.example.org/\nhttps://deb.example.org/debian\tpriority:1\n"


@given(st.text(), st.sampled_from(["sources.list", "x.sources", "/etc/apt/mirrors/x.list"]))
def test_twice_is_once_and_text_without_region_mirrors_stays(text, path):
    once = with_main_mirrors(text, path)
    assert with_main_mirrors(once, path) == once
    if ".ec2." not in text.lower() and "cdn-aws." not in text.lower():
        assert once == text
