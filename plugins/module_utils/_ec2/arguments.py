# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specifications as values: the modules compose theirs from these."""

from __future__ import annotations

from typing import Any


def fleet_argument() -> dict[str, Any]:
    """``fleet``."""
    return {"fleet": {"type": "str", "default": "default"}}


def wait_argument(seconds: int) -> dict[str, Any]:
    """``wait_timeout``, with its default in seconds."""
    return {"wait_timeout": {"type": "int", "default": seconds}}


def progress_argument() -> dict[str, Any]:
    """``progress_file``."""
    return {"progress_file": {"type": "path"}}


def strings_argument(name: str) -> dict[str, Any]:
    """A list of strings, empty by default."""
    return {name: {"type": "list", "elements": "str", "default": []}}


def hosts_argument() -> dict[str, Any]:
    """``hosts`` as a list of dictionaries.

    Choices and ranges are left to the core, which reports every fault at once.
    """
    options = {
        "name": {"type": "str", "required": True},
        "subnet_id": {"type": "str"},
        "instance_type": {"type": "str"},
        "container_mode": {"type": "str"},
        "container_count": {"type": "int"},
        "host_address": {"type": "str"},
        "container_prefix": {"type": "str"},
    }
    return {"hosts": {"type": "list", "elements": "dict", "options": options}}
