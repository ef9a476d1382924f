# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's Debian mirror is found in its apt configuration, in both of apt's formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpclab import mirror

DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deb http://a.example/debian trixie main", "http://a.example/debian"),
        ("deb [signed-by=/k arch=amd64] https://a.example/debian/ trixie main contrib # x", "https://a.example/debian"),
        ("# deb http://a.example/debian trixie main", None),
        ("deb-src http://a.example/debian trixie main", None),
        ("deb http://a.example/debian-security trixie-security main", None),
        ("deb http://ubuntu.example/ubuntu noble main", None),
        ("deb cdrom:[Debian] trixie main", None),
        ("deb https://vendor.example nodistro main\ndeb http://b.example/debian sid main", "http://b.example/debian"),
    ],
)
def test_one_line_sources(text: str, expected: str | None) -> None:
    assert mirror.debian_mirror(mirror.parse_one_line(text)) == expected


def test_deb822_sources() -> None:
    found = mirror.parse_deb822(DEB822)
    assert [source.suite for source in found] == ["bookworm", "bookworm-updates", "bookworm-security"]
    assert found[0].components == ("main", "contrib")
    assert mirror.debian_mirror(found) == "http://mirror.example/debian"


def test_a_disabled_stanza_is_no_source() -> None:
    disabled = DEB822.replace("Types: deb\n#", "Types: deb\nEnabled: no\n#")
    assert [source.suite for source in mirror.parse_deb822(disabled)] == ["bookworm-security"]


def test_proxies_of_apt() -> None:
    dump = 'Acquire::http::Proxy "http://proxy.example:3142";\nAcquire::https::Proxy "DIRECT";\nAPT::Color "1";\n'
    assert mirror.parse_proxies(dump) == {"http": "http://proxy.example:3142"}


def test_reads_both_formats_of_a_system(tmp_path: Path) -> None:
    parts = tmp_path / "etc/apt/sources.list.d"
    parts.mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text("deb http://a.example/debian trixie main\n")
    (parts / "debian.sources").write_text(DEB822)
    assert len(mirror.read_sources(tmp_path)) == 4
