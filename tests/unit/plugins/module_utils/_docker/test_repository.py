# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's repository for apt, by release and architecture."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import repository
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.release import Release
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

URL = "https://download.docker.com/linux"
KEY = "/etc/apt/keyrings/docker.asc"
TRIXIE, NOBLE = Release("debian", "trixie"), Release("ubuntu", "noble")


def fields(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("url", [URL, URL + "/"])
@pytest.mark.parametrize(("release", "architecture"), [(TRIXIE, "arm64"), (NOBLE, "s390x")])
def test_the_source_is_the_releases_and_trusts_one_key(url, release, architecture):
    assert fields(repository.text(url, release, architecture, KEY)) == {
        "Types": "deb",
        "URIs": f"{URL}/{release.distribution}",
        "Suites": release.codename,
        "Components": "stable",
        "Architectures": architecture,
        "Signed-By": KEY,
    }
    assert repository.key_url(url, release) == f"{URL}/{release.distribution}/gpg"
    repository.check(url, release, architecture)


@pytest.mark.parametrize(
    ("url", "release", "architecture", "message"),
    [
        ("download.docker.com", TRIXIE, "amd64", "docker_vendor_url: must be an http or https URL without query and"),
        (URL + "?x", TRIXIE, "amd64", "docker_vendor_url: must be an http or https URL"),
        (URL, Release("debian", ""), "amd64", "/etc/os-release: must name the release (VERSION_CODENAME), got ''"),
        (
            URL,
            TRIXIE,
            "riscv64",
            "docker_source: must be distribution on this architecture: the vendor has amd64, arm64",
        ),
        (URL, TRIXIE, "s390x", "ppc64el, got s390x"),
    ],
)
def test_what_can_be_none_is_refused(url, release, architecture, message):
    with pytest.raises(PlanError) as caught:
        repository.check(url, release, architecture)
    assert message in str(caught.value)
