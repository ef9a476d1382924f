# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's verbs, one a method: paginated, retried by botocore, errors naming what was attempted."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from .clock import Clock
from .codes import THROTTLED, UNSUPPORTED

try:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
except ImportError:  # AnsibleAWSModule reports it, with what to install
    BotoCoreError = ClientError = ConnectionClosedError = ReadTimeoutError = Exception

# Lost answers, server errors and throttling are retried by botocore, a few times and with jitter.
#
# Mode "standard", because it keeps its pace under stray throttling: 400 hosts of mode prefix (800 writes), with every
# fifth call throttled, took 22 s; in mode "adaptive", which slows all calls down for each one that is refused, 333 s.
# Where writes empty a bucket that is refilled by 5 a second, "standard" alone gives up after 33 s, because its quota of
# retries runs out. So a call that botocore gave up is made again here: then they took 153 s ("adaptive": 151 s), and
# 150 s is what the bucket allows.
RETRIES = {"retries": {"mode": "standard", "total_max_attempts": 6}, "max_pool_connections": 16}

# Seconds for which a call is made again that was throttled or not answered; the first pause between two; the longest.
# It is safe to repeat: what was throttled has done nothing, and what was not answered carries a token, or names what it
# wants and never how many.
_PERSISTENCE = 300.0
_PAUSE = 0.5
_LONGEST_PAUSE = 4.0

# A filter takes at most this many values (EC2 API reference, "Filter").
_FILTER_VALUES = 200
_PAGE = 1000

# Verb and key of the answer of what is listed in more than one way.
_INTERFACES = ("describe_network_interfaces", "NetworkInterfaces")
_INSTANCES = ("describe_instances", "Reservations")


_T = TypeVar("_T")


class Ec2Error(Exception):
    """EC2 refused, or couldn't be reached.

    ``action`` says what for, ``code`` is EC2's own (``None``: no answer).
    """

    def __init__(self, action: str, cause: Exception) -> None:
        response = getattr(cause, "response", None) or {}
        self.action = action
        self.cause = cause
        self.code: str | None = response.get("Error", {}).get("Code")
        reason = response.get("Error", {}).get("Message") or str(cause)
        super().__init__(f"Could not {action}: {f'{self.code}: ' if self.code else ''}{reason}")


class Ec2Api:
    """One verb a call over a boto3 EC2 client.

    ``calls`` counts them by EC2's name, pages included; ``clock`` is the time that the edge goes by.
    """

    def __init__(self, client: Any, clock: Clock | None = None) -> None:
        self._client = client
        self.clock = clock or Clock()
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def subnets(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the subnets that exist."""
        return self._by_values("describe_subnets", "Subnets", "subnet-id", ids, "describe the subnets")

    def subnets_in(self, vpc_id: str) -> list[dict[str, Any]]:
        """Every subnet of the VPC."""
        filters = [_filter("vpc-id", [vpc_id])]
        return self._pages("describe_subnets", "Subnets", filters, f"list the subnets of {vpc_id}")

    def interfaces_tagged(self, key: str, value: str, subnet_id: str | None = None) -> list[dict[str, Any]]:
        """The interfaces that carry the tag, wherever they are or in one subnet."""
        filters = [_filter(f"tag:{key}", [value])] + ([_filter("subnet-id", [subnet_id])] if subnet_id else [])
        return self._pages(*_INTERFACES, filters, f"list the network interfaces tagged {key}={value}")

    def interfaces_in(self, subnet_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Every interface of the subnets, whoever made it, in one list for all of them."""
        return self._by_values(*_INTERFACES, "subnet-id", subnet_ids, "list the subnets' network interfaces")

    def interfaces_by_id(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the interfaces that a read shows (it may lag a write)."""
        return self._by_values(*_INTERFACES, "network-interface-id", ids, "describe the network interfaces")

    def reservations(self, subnet_id: str) -> list[dict[str, Any]]:
        """The subnet's IPv6 CIDR reservations (EC2 lists them for one subnet a call)."""
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {"SubnetId": subnet_id}
        while True:
            page = self._call(f"read the CIDR reservations of {subnet_id}", "get_subnet_cidr_reservations", **request)
            found += page.get("SubnetIpv6CidrReservations") or []
            if not page.get("NextToken"):
                return found
            request["NextToken"] = page["NextToken"]

    def instance_types(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the instance types that the region has (asked by filter: by name, one unknown fails the call)."""
        verb, key = "describe_instance_types", "InstanceTypes"
        return self._by_values(verb, key, "instance-type", names, "describe the instance types", page=100)

    def security_groups(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the security groups that exist."""
        verb, key = "describe_security_groups", "SecurityGroups"
        return self._by_values(verb, key, "group-id", ids, "describe the security groups")

    def instances(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the instances that are known (terminated ones for about an hour)."""
        found = self._by_values(*_INSTANCES, "instance-id", ids, "describe the instances")
        return [instance for entry in found for instance in entry["Instances"]]

    def instances_tagged(self, key: str, value: str) -> list[dict[str, Any]]:
        """The instances that carry the tag, in whatever state."""
        found = self._pages(*_INSTANCES, [_filter(f"tag:{key}", [value])], f"list the instances tagged {key}={value}")
        return [instance for entry in found for instance in entry["Instances"]]

    def create_interface(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Create an interface and return it as EC2 describes it at once (its status may be ``pending``)."""
        return self._call(f"create {what}", "create_network_interface", **request)["NetworkInterface"]

    def assign(self, what: str, request: Mapping[str, Any]) -> None:
        """Assign addresses or prefixes."""
        self._call(f"assign {what}", "assign_ipv6_addresses", **request)

    def unassign(self, what: str, request: Mapping[str, Any]) -> None:
        """Take addresses or prefixes from an interface."""
        self._call(f"unassign {what}", "unassign_ipv6_addresses", **request)

    def attach_interface(self, what: str, eni_id: str, instance_id: str, device_index: int) -> None:
        """Attach an interface that nothing uses to an instance, at a device index that is free there."""
        where = {"NetworkInterfaceId": eni_id, "InstanceId": instance_id, "DeviceIndex": device_index}
        self._call(f"attach {what}", "attach_network_interface", **where)

    def create_reservation(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Reserve a range of a subnet and return the reservation."""
        return self._call(f"reserve {what}", "create_subnet_cidr_reservation", **request)["SubnetCidrReservation"]

    def delete_reservation(self, what: str, reservation_id: str) -> None:
        """Release a reserved range."""
        self._call(f"release {what}", "delete_subnet_cidr_reservation", SubnetCidrReservationId=reservation_id)

    def set_groups(self, what: str, eni_id: str, groups: Iterable[str]) -> None:
        """Replace an interface's security groups."""
        verb = "modify_network_interface_attribute"
        self._call(f"set {what}", verb, NetworkInterfaceId=eni_id, Groups=list(groups))

    def set_tags(self, what: str, resource_id: str, tags: list[dict[str, str]]) -> None:
        """Add tags, or replace their values."""
        self._call(f"tag {what}", "create_tags", Resources=[resource_id], Tags=tags)

    def delete_interface(self, what: str, eni_id: str) -> None:
        """Delete an interface that nothing uses."""
        self._call(f"delete {what}", "delete_network_interface", NetworkInterfaceId=eni_id)

    def create_subnet(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a subnet and return it as EC2 describes it at once (its state may be ``pending``)."""
        return self._call(f"create {what}", "create_subnet", **request)["Subnet"]

    def delete_subnet(self, what: str, subnet_id: str) -> None:
        """Delete a subnet in which nothing is."""
        self._call(f"delete {what}", "delete_subnet", SubnetId=subnet_id)

    def console(self, instance_id: str) -> str:
        """What the instance wrote to its console, up to now where the type can say so (Nitro)."""
        action = f"read the console of {instance_id}"
        try:
            answer = self._call(action, "get_console_output", InstanceId=instance_id, Latest=True)
        except Ec2Error as error:
            if error.code != UNSUPPORTED:
                raise
            answer = self._call(action, "get_console_output", InstanceId=instance_id)
        return answer.get("Output") or ""

    def _by_values(
        self, verb: str, key: str, name: str, values: Iterable[str], action: str, page: int = _PAGE
    ) -> list[dict[str, Any]]:
        """One list whatever the number of values, in as few calls as the filter's limit allows; none for none."""
        wanted = sorted(set(values))
        found: list[dict[str, Any]] = []
        for start in range(0, len(wanted), _FILTER_VALUES):
            filters = [_filter(name, wanted[start : start + _FILTER_VALUES])]
            found += self._pages(verb, key, filters, action, page)
        return found

    def _pages(
        self, verb: str, key: str, filters: list[dict[str, Any]], action: str, page: int = _PAGE
    ) -> list[dict[str, Any]]:
        def read() -> Iterator[dict[str, Any]]:
            pages = self._client.get_paginator(verb).paginate(Filters=filters, PaginationConfig={"PageSize": page})
            for answer in pages:
                self._count(verb)
                yield from answer.get(key) or ()

        return self._persistently(action, lambda: list(read()))

    def _call(self, action: str, verb: str, **request: Any) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            self._count(verb)
            return getattr(self._client, verb)(**request)

        return self._persistently(action, ask)

    def _count(self, verb: str) -> None:
        with self._lock:
            self.calls["".join(part.capitalize() for part in verb.split("_"))] += 1

    def _persistently(self, action: str, call: Callable[[], _T]) -> _T:
        """Call again while EC2 says that it gets too many calls, or hangs up; other errors are raised with the action's
        name."""
        end = self.clock.monotonic() + _PERSISTENCE
        pause = _PAUSE
        while True:
            try:
                return call()
            except (ClientError, BotoCoreError) as cause:
                error = Ec2Error(action, cause)
                passing = error.code == THROTTLED or isinstance(cause, (ConnectionClosedError, ReadTimeoutError))
                if not passing or self.clock.monotonic() >= end:
                    raise error from cause
            self.clock.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(_LONGEST_PAUSE, pause * 1.6)


def _filter(name: str, values: list[str]) -> dict[str, Any]:
    return {"Name": name, "Values": values}
