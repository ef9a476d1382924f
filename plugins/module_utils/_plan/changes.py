# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is a value: it sorts in the order of work, prints as a sentence, serialises as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .addresses import Block, address_text

DELETE = "delete_interface"
CREATE = "create_interface"
# Says by tag what is about to be assigned, so that a run cut short is completed by the next one with the same block.
CLAIM = "claim_prefix"
ASSIGN_ADDRESSES = "assign_addresses"
ASSIGN_PREFIXES = "assign_prefixes"
GROUPS = "set_security_groups"
TAG = "set_tags"

# What frees addresses comes before anything that may want them; after that each host's steps in this order.
ACTIONS = (DELETE, CREATE, CLAIM, ASSIGN_ADDRESSES, ASSIGN_PREFIXES, GROUPS, TAG)
_FREEING = (DELETE,)

_SENTENCES = {
    DELETE: "delete {eni}",
    CREATE: "create an interface in {subnet} with {addresses}",
    CLAIM: "tag {eni} as about to get {tags}",
    ASSIGN_ADDRESSES: "assign {addresses} to {eni}",
    ASSIGN_PREFIXES: "assign {prefixes} to {eni}",
    GROUPS: "put {eni} into {groups}",
    TAG: "tag {eni} with {tags}",
}


@dataclass(frozen=True)
class Change:
    """One write.

    ``eni_id`` is ``None`` while the interface is only planned: then it is the one created for ``host``.
    """

    action: str
    host: str
    eni_id: str | None = None
    subnet_id: str | None = None
    addresses: tuple[int, ...] = ()
    prefixes: tuple[Block, ...] = ()
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None

    @property
    def order(self) -> tuple[bool, str, int, str]:
        """Sort key: what frees first, then by host and step."""
        return self.action not in _FREEING, self.host, ACTIONS.index(self.action), self.eni_id or ""

    def __lt__(self, other: Change) -> bool:
        return self.order < other.order

    def __str__(self) -> str:
        sentence = _SENTENCES[self.action].format(
            eni=self.eni_id or "its interface",
            subnet=self.subnet_id,
            addresses=", ".join(map(address_text, self.addresses)),
            prefixes=", ".join(map(str, self.prefixes)),
            groups=", ".join(self.groups),
            tags=", ".join(f"{key}={value}" for key, value in sorted(self.tags.items())),
        )
        return f"{self.host}: {sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: ``action``, ``host``, ``eni_id`` and those of the other fields that say something."""
        values: dict[str, Any] = {
            "subnet_id": self.subnet_id,
            "addresses": [address_text(value) for value in self.addresses],
            "prefixes": [str(block) for block in self.prefixes],
            "security_groups": list(self.groups),
            "tags": dict(sorted(self.tags.items())),
            "description": self.description,
        }
        known = {key: value for key, value in values.items() if value}
        return {"action": self.action, "host": self.host, "eni_id": self.eni_id, **known}
