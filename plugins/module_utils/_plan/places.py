# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnet each host belongs to: the one it is in, the one it names, or the fleet's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .errors import Problems
from .model import Desired, Request, Subnet, new_subnets
from .ownership import Owned

_EXISTING = "must be an existing subnet of this account and region"


class Places:
    """The subnets of a run; ``locate`` is what the parser asks."""

    def __init__(
        self, desired: Desired, subnets: Mapping[str, Subnet], hosts: Mapping[str, list[Owned]], problems: Problems
    ) -> None:
        self.subnets = {**subnets, **new_subnets(_named(desired))}
        self._default = desired.subnet_id
        self._hosts = hosts
        self._problems = problems
        if desired.subnet_id:
            self._existing("subnet_id", desired.subnet_id)

    def locate(self, path: str, host: str, named: str | None) -> Subnet | None:
        """The subnet of a host; what stands against it is noted.

        A host stays where its interface is, whatever subnet others of the fleet are in.
        """
        where = f"{path}.subnet_id"
        entries = self._hosts.get(host, [])
        if entries:
            interface = entries[0].interface
            if named not in (None, interface.subnet_id):
                rule = f"must stay {interface.subnet_id}, where {interface.id} of {host} is: remove the host first"
                self._problems.add(where, rule, named)
            return self._existing(where, interface.subnet_id)
        if named is not None:
            return self._existing(where, named)
        if not self._default:
            self._problems.add(where, "must be given where there is no subnet_id for all hosts")
            return None
        return self.subnets.get(self._default)

    def vpc(self, requests: Iterable[Request]) -> str:
        """The VPC of the run, of which every subnet must be; empty while it is yet to be made."""
        known = [
            (path, self.subnets[subnet_id])
            for path, subnet_id in [("subnet_id", self._default), *_by_name(requests)]
            if subnet_id in self.subnets and self.subnets[subnet_id].vpc_id
        ]
        if not known:
            return ""
        home = known[0][1].vpc_id
        for path, subnet in known:
            if subnet.vpc_id != home:
                rule = f"must be a subnet of {home}, as the run's others are"
                self._problems.add(path, rule, f"{subnet.id} of {subnet.vpc_id}")
        return home

    def _existing(self, path: str, subnet_id: str) -> Subnet | None:
        subnet = self.subnets.get(subnet_id)
        if subnet is None:
            self._problems.add(path, _EXISTING, subnet_id)
        elif subnet.block is None:
            self._problems.add(path, "must have an IPv6 network associated", subnet_id)
        return subnet


def _by_name(requests: Iterable[Request]) -> Iterator[tuple[str, str]]:
    for request in sorted(requests, key=lambda item: item.host):
        yield f"{request.path}.subnet_id", request.subnet_id


def _named(desired: Desired) -> Iterator[str]:
    """Every subnet's id that is named anywhere."""
    yield desired.subnet_id
    raw = desired.hosts
    items: Iterable[object] = ()
    if isinstance(raw, Mapping):
        items = raw.values()
    elif isinstance(raw, Sequence) and not isinstance(raw, (str, bytes)):
        items = raw
    for item in items:
        named = item.get("subnet_id") if isinstance(item, Mapping) else None
        if isinstance(named, str):
            yield named
