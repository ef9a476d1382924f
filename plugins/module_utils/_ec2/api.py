# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's verbs, one a method: paginated, retried by botocore, errors naming what was attempted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports it, with what to install
    BotoCoreError = ClientError = Exception

# Throttling (RequestLimitExceeded) and server errors are retried by botocore with jittered exponential backoff.
RETRIES = {"retries": {"mode": "standard", "max_attempts": 12}, "max_pool_connections": 16}

# A filter takes at most this many values (EC2 API reference, "Filter").
_FILTER_VALUES = 200
_PAGE = 1000


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

    ``calls`` counts them by EC2's name, pages included.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()

    def subnets(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the subnets that exist."""
        return self._by_values("describe_subnets", "Subnets", "subnet-id", ids, "describe the subnets")

    def subnets_tagged(self, key: str, value: str) -> list[dict[str, Any]]:
        """The subnets that carry the tag."""
        filters = [{"Name": f"tag:{key}", "Values": [value]}]
        return self._pages("describe_subnets", "Subnets", filters, f"look for the subnets tagged {key}={value}")

    def interfaces(self, filters: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
        """The interfaces that match every filter, all pages."""
        listed = [{"Name": name, "Values": list(values)} for name, values in sorted(filters.items())]
        return self._pages(
            "describe_network_interfaces", "NetworkInterfaces", listed, "describe the network interfaces"
        )

    def interfaces_by_id(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of the interfaces that a read shows (it may lag a write)."""
        verb, key = "describe_network_interfaces", "NetworkInterfaces"
        return self._by_values(verb, key, "network-interface-id", ids, "describe the network interfaces")

    def reservations(self, subnet_id: str) -> list[dict[str, Any]]:
        """The subnet's IPv6 CIDR reservations."""
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
        verb, key = "describe_instances", "Reservations"
        found = self._by_values(verb, key, "instance-id", ids, "describe the instances")
        return [instance for entry in found for instance in entry["Instances"]]

    def create_interface(self, what: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Create an interface and return it as EC2 describes it at once (its status may be ``pending``)."""
        return self._call(f"create {what}", "create_network_interface", **request)["NetworkInterface"]

    def assign(self, what: str, request: Mapping[str, Any]) -> None:
        """Assign addresses or prefixes."""
        self._call(f"assign {what}", "assign_ipv6_addresses", **request)

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

    def console(self, instance_id: str) -> str:
        """What the instance wrote to its console, up to now where the type can say so (Nitro)."""
        action = f"read the console of {instance_id}"
        try:
            answer = self._call(action, "get_console_output", InstanceId=instance_id, Latest=True)
        except Ec2Error as error:
            if error.code != "UnsupportedOperation":
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
            filters = [{"Name": name, "Values": wanted[start : start + _FILTER_VALUES]}]
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

        return self._naming(action, lambda: list(read()))

    def _call(self, action: str, verb: str, **request: Any) -> dict[str, Any]:
        self._count(verb)
        return self._naming(action, lambda: getattr(self._client, verb)(**request))

    def _count(self, verb: str) -> None:
        self.calls["".join(part.capitalize() for part in verb.split("_"))] += 1

    @staticmethod
    def _naming(action: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            raise Ec2Error(action, error) from error
