# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client tokens: the same token with the same parameters gives the same resource, with others it is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vpclab.ec2.refusal import Refusal

_NOT_COMPARED = ("ClientToken", "DryRun")


class ClientTokens:
    """The tokens that one action has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, str]] = {}
        self._token_of: dict[str, str] = {}

    def find(self, params: Mapping[str, Any]) -> str | None:
        """The id that an earlier request with this token made; refuse the token with other parameters."""
        token = params.get("ClientToken")
        if not token or token not in self._seen:
            return None
        fingerprint, identity = self._seen[token]
        if fingerprint != _fingerprint(params):
            raise Refusal(
                "IdempotentParameterMismatch",
                f"Arguments on this idempotent request are inconsistent with those of a previous request: {token}",
            )
        return identity

    def remember(self, params: Mapping[str, Any], identity: str) -> None:
        """Keep what this request made."""
        if token := params.get("ClientToken"):
            self._seen[token] = (_fingerprint(params), identity)
            self._token_of[identity] = token

    def forget(self, identity: str) -> None:
        """Drop the token that made this resource."""
        if token := self._token_of.pop(identity, None):
            del self._seen[token]


def _fingerprint(params: Mapping[str, Any]) -> str:
    return json.dumps({name: params[name] for name in params if name not in _NOT_COMPARED}, sort_keys=True, default=str)
