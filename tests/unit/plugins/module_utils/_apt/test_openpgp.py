# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive's key is known by its fingerprint, without gpg on the host."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._apt import openpgp

# Made for this test by gpg, which told the fingerprint; it has an encryption subkey, which must not count.
FINGERPRINT = "D0C595CF28524897A9AB1A426A40DCCC131FECA6"
ARMOURED = b"""-----BEGIN PGP PUBLIC KEY BLOCK-----
Comment: a header

mDMEawQ9hBYJKwYBBAHaRw8BAQdAeKlD1lLhyT1PulOGZ1xmFyZLqO1V78B3EFum
kRiN3vK0LlRlc3Qgb2YgaXB2Ni5hd3NfY29udGFpbmVycyA8dGVzdEBleGFtcGxl
LmNvbT6IkAQTFggAOBYhBNDFlc8oUkiXqasaQmpA3MwTH+ymBQJrBD2EAhsDBQsJ
CAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEGpA3MwTH+ymm7gA/2mkIv3eNGq2OoOR
fWUhTHDH9VyyhNFDl60SsB53T629AP9ZiV1AxVsSMU7+P+YZ3fGxEJ9klV0BweMa
wyIIhwPtC7g4BGsEPYQSCisGAQQBl1UBBQEBB0BXDBNAtZKAYLF4w0eE5RBde8Ii
ifp16HC1+UzjqMrDQQMBCAeIeAQYFggAIBYhBNDFlc8oUkiXqasaQmpA3MwTH+ym
BQJrBD2EAhsMAAoJEGpA3MwTH+ymwxcA/0m6lHWMZmFmdWPoswExaF9612GCl6R9
ynp2XHILv5cUAQDKn6hvQWhH4rCZcSzLCnaBkZ/jQZ+y4bRgB4sqVGIzBw==
=roHs
-----END PGP PUBLIC KEY BLOCK-----
"""
BINARY = base64.b64decode(b"".join(re.findall(rb"(?m)^[A-Za-z0-9+/]{40,}=*$", ARMOURED)))


@pytest.mark.parametrize("key", [ARMOURED, ARMOURED.replace(b"\n", b"\r\n"), BINARY], ids=["armour", "crlf", "binary"])
def test_the_primary_keys_fingerprint(key):
    assert openpgp.fingerprints(key) == [FINGERPRINT]


def test_two_keys_in_one_file_are_two():
    assert openpgp.fingerprints(BINARY + BINARY) == [FINGERPRINT, FINGERPRINT]


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"<html>not found</html>",
        BINARY[:40],
        BINARY[:1],
        ARMOURED.replace(b"mDME", b"m!ME"),
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n",
    ],
    ids=["empty", "html", "cut off", "one byte", "broken armour", "empty armour"],
)
def test_what_is_no_key_is_refused(key):
    with pytest.raises(openpgp.KeyFileError):
        openpgp.fingerprints(key)


def test_a_fingerprint_as_people_write_it():
    assert openpgp.normal("d0c5 95cf 2852 4897 a9ab  1a42 6a40 dccc 131f eca6") == FINGERPRINT
    assert openpgp.normal("0x" + FINGERPRINT) == FINGERPRINT


def test_a_short_key_id_pins_nothing():
    with pytest.raises(ValueError, match="whole fingerprint"):
        openpgp.normal("131FECA6")
