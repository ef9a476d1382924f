# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an image comes from, by its name alone."""

from __future__ import annotations

HTTPS = 443


def registry(image: str, default: str) -> tuple[str, int]:
    """Host and port that an image is pulled from: its first part if that looks like a host, else ``default``."""
    first, slash, _rest = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return default, HTTPS
    host, _colon, port = first.partition(":")
    return host, int(port) if port.isdigit() else HTTPS


def repository(image: str) -> str:
    """The image's name without tag and digest, as the engine lists it in front of a digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
