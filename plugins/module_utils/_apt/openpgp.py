# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of an OpenPGP key, so that an archive's key can be pinned on a host that has no gpg.

Source: RFC 4880, sections 4.2 (packets), 6.2 (armour) and 12.2 (fingerprints); RFC 9580 for version 6 keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

_ARMOUR = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?P<text>.*?)-----END PGP", re.DOTALL)
_PUBLIC_KEY = 6


class KeyFileError(ValueError):
    """The bytes are not an OpenPGP public key."""


def normal(fingerprint: str) -> str:
    """A fingerprint as people write it (spaces, colons, small letters) → its 40 or 64 hexadecimal digits.

    Raises ValueError: a short key id pins nothing.
    """
    digits = re.sub(r"[\s:]", "", fingerprint).upper().removeprefix("0X")
    if not re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", digits):
        raise ValueError(f"must be a whole fingerprint (40 or 64 hexadecimal digits), got {fingerprint!r}")
    return digits


def fingerprints(key: bytes) -> list[str]:
    """The fingerprints of the primary keys in a key file, armoured or binary. Raises KeyFileError."""
    found = [_fingerprint(body) for tag, body in _packets(_binary(key)) if tag == _PUBLIC_KEY]
    if not found:
        raise KeyFileError("holds no OpenPGP public key")
    return found


def _binary(key: bytes) -> bytes:
    match = _ARMOUR.search(key)
    if not match:
        return key
    lines = match.group("text").replace(b"\r", b"").split(b"\n")
    start = lines.index(b"") + 1 if b"" in lines else 0
    encoded = b"".join(line for line in lines[start:] if not line.startswith(b"="))
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise KeyFileError(f"has broken armour: {error}") from error


def _packets(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and body of each packet, in order."""
    found = []
    at = 0
    try:
        while at < len(data):
            head = data[at]
            if not head & 0x80:
                raise KeyFileError("is not in OpenPGP format")
            at += 1
            tag, size, at = _new_length(data, head, at) if head & 0x40 else _old_length(data, head, at)
            if at + size > len(data):
                raise KeyFileError("is cut off")
            found.append((tag, data[at : at + size]))
            at += size
    except IndexError:
        raise KeyFileError("is cut off") from None
    return found


def _new_length(data: bytes, head: int, at: int) -> tuple[int, int, int]:
    tag, first = head & 0x3F, data[at]
    if first < 192:
        return tag, first, at + 1
    if first < 224:
        return tag, ((first - 192) << 8) + data[at + 1] + 192, at + 2
    if first == 255:
        return tag, int.from_bytes(data[at + 1 : at + 5], "big"), at + 5
    raise KeyFileError("has a packet of unknown length, which no key has")


def _old_length(data: bytes, head: int, at: int) -> tuple[int, int, int]:
    octets = {0: 1, 1: 2, 2: 4}.get(head & 0x03)
    if octets is None:
        raise KeyFileError("has a packet of unknown length, which no key has")
    return (head >> 2) & 0x0F, int.from_bytes(data[at : at + octets], "big"), at + octets


def _fingerprint(body: bytes) -> str:
    version = body[0] if body else 0
    if version == 4:
        return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()  # the format's own hash
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    raise KeyFileError(f"has a key of version {version}; versions 4 and 6 are known")
