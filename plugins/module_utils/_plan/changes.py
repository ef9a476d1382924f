# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change is a value: it sorts in the order of work, prints as a sentence, serialises as plain data.

Work goes in phases. What frees addresses comes first, then reservations, then what takes addresses: a phase begins when
the one before is done, and within a phase hosts don't wait for one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .addresses import Block, address_text

RELEASE = "release_reservation"
DELETE = "delete_interface"
RESTORE = "restore_tags"
UNASSIGN_ADDRESSES = "unassign_addresses"
UNASSIGN_PREFIXES = "unassign_prefixes"
RESERVE = "create_reservation"
CREATE = "create_interface"
CLAIM = "claim_prefix"
ASSIGN_ADDRESSES = "assign_addresses"
ASSIGN_PREFIXES = "assign_prefixes"
GROUPS = "set_security_groups"
TAG = "set_tags"
ATTACH = "attach_interface"

# The phases, each with its actions in the order in which one host's are done.
PHASES = (
    (RELEASE, DELETE, RESTORE, UNASSIGN_ADDRESSES, UNASSIGN_PREFIXES),
    (RESERVE,),
    (CREATE, CLAIM, ASSIGN_ADDRESSES, ASSIGN_PREFIXES, GROUPS, TAG, ATTACH),
)
ACTIONS = tuple(action for phase in PHASES for action in phase)
_PHASE = {action: number for number, phase in enumerate(PHASES) for action in phase}
_STEP = {action: step for step, action in enumerate(ACTIONS)}

_SENTENCES = {
    RELEASE: "release reservation {reservation} of {prefixes}",
    DELETE: "delete {eni}",
    RESTORE: "tag {eni} again with {tags}",
    UNASSIGN_ADDRESSES: "unassign {addresses} from {eni}",
    UNASSIGN_PREFIXES: "unassign {prefixes} from {eni}",
    RESERVE: "reserve {prefixes}",
    CREATE: "create an interface in {subnet} with {addresses}",
    CLAIM: "tag {eni} as about to get {tags}",
    ASSIGN_ADDRESSES: "assign {addresses} to {eni}",
    ASSIGN_PREFIXES: "assign {prefixes} to {eni}",
    GROUPS: "put {eni} into {groups}",
    TAG: "tag {eni} with {tags}",
    ATTACH: "attach {eni} to {instance} as device {device}",
}


@dataclass(frozen=True)
class Change:
    """One write.

    ``eni_id`` is ``None`` while the interface is only planned: then it is the one created for ``host``. ``host`` is
    empty for what belongs to the whole fleet, its reservations: then ``subnet_id`` says where, and ``prefixes`` holds
    the one range.
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
    instance_id: str | None = None
    device_index: int | None = None
    reservation_id: str | None = None

    @property
    def phase(self) -> int:
        """0 frees, 1 reserves, 2 takes: each begins when the one before is done."""
        return _PHASE[self.action]

    @property
    def order(self) -> tuple[int, str, str, int, str]:
        """Sort key: by phase, then by host (reservations by subnet) and step."""
        where = self.subnet_id or "" if not self.host else ""
        return self.phase, self.host, where, _STEP[self.action], self.eni_id or self.reservation_id or ""

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
            instance=self.instance_id,
            device=self.device_index,
            reservation=self.reservation_id,
        )
        return f"{self.host or self.subnet_id}: {sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: ``action``, ``host``, ``eni_id`` and those of the other fields that say something."""
        values: dict[str, Any] = {
            "subnet_id": self.subnet_id,
            "addresses": [address_text(value) for value in self.addresses],
            "prefixes": [str(block) for block in self.prefixes],
            "security_groups": list(self.groups),
            "tags": dict(sorted(self.tags.items())),
            "description": self.description,
            "instance_id": self.instance_id,
            "device_index": self.device_index,
            "reservation_id": self.reservation_id,
        }
        known = {key: value for key, value in values.items() if value not in (None, [], {}, "")}
        return {"action": self.action, "host": self.host, "eni_id": self.eni_id, **known}
