# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases the host roles work on, by their os-release; any other is refused."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host.release import Release, check
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n', Release("debian", "bookworm")),
        ('ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n', Release("debian", "trixie")),
        ("ID=debian\nVERSION_CODENAME=forky\n", Release("debian", "forky")),
        ('VERSION_ID="22.04"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n', Release("ubuntu", "jammy")),
        ("ID='ubuntu'\nVERSION_ID='26.04'\nVERSION_CODENAME=resolute\n", Release("ubuntu", "resolute")),
        ("ID=debian\n", Release("debian", "")),
    ],
)
def test_releases_that_the_roles_are_made_for(text, release):
    assert check(text) == release


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (
            'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_ID="11"\n',
            "Debian GNU/Linux 11 (bullseye)",
        ),
        ('PRETTY_NAME="Ubuntu 20.04.6 LTS"\nID=ubuntu\nVERSION_ID="20.04"\n', "Ubuntu 20.04.6 LTS"),
        ('PRETTY_NAME="Ubuntu 21.10"\nID=ubuntu\nVERSION_ID="21.10"\n', "Ubuntu 21.10"),
        ('PRETTY_NAME="Fedora Linux 43"\nID=fedora\nVERSION_ID=43\n', "Fedora Linux 43"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n', "linuxmint 22"),
        (None, "none"),
    ],
)
def test_other_releases_are_refused(text, got):
    with pytest.raises(PlanError) as caught:
        check(text)
    rule = "must be Debian 12 or later, or Ubuntu 22.04 or later"
    assert str(caught.value) == f"/etc/os-release: {rule}, got {got}"
