# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netplan's files on the host, and the changes to them and to cloud-init's that give an interface a static address.

Scalars are read as netplan reads them, as texts. A symbolic link stays one: its target is changed.
"""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Sequence
from typing import Any

from .._host import files
from .._plan.errors import PlanError, Problems, Violation
from . import host, static
from .cut import cut

try:
    import yaml  # type: ignore[import-untyped]

    YAML_ERROR = None
except ImportError:
    yaml = None
    YAML_ERROR = traceback.format_exc()

#: The folder whose files are their owner's to change.
ETC = "/etc/"
CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-ipv6-aws-containers-network.cfg"
CLOUD_INIT_TEXT = """\
# Written by the Ansible role ipv6.aws_containers.netplan.
# Else cloud-init would put DHCPv6, and every container's address, back on the host's interface.
network:
  config: disabled
"""
_MEANT = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"}


def _loader(text: str) -> Any:
    """For whom 0123, yes and 12:30:45 are texts, as they are to netplan; in YAML 1.1 they are 83, true, 45045."""
    loader = yaml.SafeLoader(text)
    resolvers = loader.yaml_implicit_resolvers.items()
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag in _MEANT] for first, known in resolvers
    }
    return loader


def parsed(text: str) -> Any:
    """What a YAML text says; None when it is empty. Raises yaml.YAMLError or ValueError."""
    return _loader(text).get_single_data()


def read() -> list[static.Document]:
    """Netplan's files, parsed. Raises PlanError for a host without netplan, and for files that are no mappings."""
    problems = Problems()
    if shutil.which("netplan") is None:
        problems.add("netplan", "must be installed; is this a host of ifupdown or NetworkManager?")
    documents = []
    for path in host.netplan_files():
        if os.path.islink(path) and not os.path.exists(path):
            problems.add(path, "must not be a symbolic link to what is not there", os.readlink(path))
            continue
        try:
            content = parsed(files.read(path) or "")
        except (yaml.YAMLError, ValueError) as error:  # ValueError: what is tagged as a number and is none
            problems.add(path, f"must be YAML ({error})")
            continue
        for where, rule, value in static.misshapen(content):
            problems.add(f"{path}: {where}", rule, value)
        documents.append(static.Document(path, content))
    problems.raise_if_any()
    return documents


def planned(documents: Sequence[static.Document], wanted: static.Wanted, mac: str) -> list[files.Change]:
    """The changes to netplan's files and to cloud-init's. Raises PlanError for what can't be changed."""
    name = static.name_in_netplan(documents, wanted.interface, mac)
    changes = {}
    for document in documents:
        if document.path == static.OWN_FILE or not document.path.startswith(ETC):
            continue
        after = static.without_ipv6(document, wanted.interface, mac)
        if after != document:
            one = _change(document.path, _edited(document, after))
            changes[one.path] = one  # two links may have one target
    own = [_change(static.OWN_FILE, static.own_file(name, wanted), 0o600)]
    if host.parent_exists(CLOUD_INIT):
        own.append(_change(CLOUD_INIT, CLOUD_INIT_TEXT))
    return files.needed([*changes.values(), *own])


def own_address() -> Any:
    """The address in our own file; None without one."""
    return static.own_address(parsed(files.read(static.OWN_FILE) or ""))


def _edited(document: static.Document, after: static.Document) -> str:
    """The document's text without what ``after`` lacks, every other byte as it is."""
    text = files.read(document.path) or ""
    edited = cut(text, _loader(text).get_single_node(), document.content, after.content)
    try:
        said = parsed(edited)
    except (yaml.YAMLError, ValueError):
        said = None
    if said != after.content:
        rule = "must give the interface IPv6 in a way that can be taken out of it: without aliases and merge keys"
        raise PlanError([Violation(document.path, rule)])
    return edited


def _change(path: str, after: str, mode: int | None = None) -> files.Change:
    """The change of a file, or of what it is a symbolic link to."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise PlanError([Violation(path, "must be a file, or a symbolic link to one", target)])
    return files.change(target, after, mode)
