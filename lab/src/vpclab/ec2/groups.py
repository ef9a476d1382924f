# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security groups: rules in the form EC2 stores them, and no deletion of a group that is in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from vpclab.ec2.interface import LabInterface
from vpclab.ec2.refusal import Refusal, dependency, invalid

PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
"""Protocol numbers which EC2 shows by name."""


class GroupBackend(EC2Backend):
    """moto's backend with security groups as EC2 keeps them."""

    enis: dict[str, LabInterface]  # type: ignore[assignment]  # nobody makes others

    def create_security_group(
        self, name: str, description: str, vpc_id: str | None = None, **kwargs: Any
    ) -> SecurityGroup:
        """Make a group in a VPC; there is no default VPC to fall back on."""
        if not vpc_id:
            raise Refusal("VPCIdNotSpecified", "No default VPC for this user")
        self.get_vpc(vpc_id)
        group = super().create_security_group(name, description, vpc_id=vpc_id, **kwargs)
        if group.is_default:
            self.authorize_security_group_ingress(group.id, "-1", "-1", "-1", [], source_groups=[{"GroupId": group.id}])
        return group

    def get_security_group_from_id(self, group_id: str) -> SecurityGroup | None:
        """The group with this id, if there is one."""
        return next((groups[group_id] for groups in self.groups.values() if group_id in groups), None)

    def describe_security_groups(
        self, group_ids: list[str] | None = None, groupnames: list[str] | None = None, filters: Any = None
    ) -> list[SecurityGroup]:
        """The groups with these ids or names, or all, which match the filters."""
        for group_id in group_ids or []:
            if self.get_security_group_from_id(group_id) is None:
                raise InvalidSecurityGroupNotFoundError(group_id)
        try:
            return super().describe_security_groups(group_ids, groupnames, filters)
        except KeyError as unknown:
            raise invalid(f"The filter {unknown} is invalid") from None

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Delete a group that no interface has and no other group's rule names; a VPC's default group stays."""
        group = self._named(name, group_id)
        if group.is_default:
            raise Refusal(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        used = any(group in eni.group_set for eni in self.enis.values())
        if used or any(self._refers(other, group.id) for other in self._others(group)):
            raise dependency(f"resource {group.id} has a dependent object")
        self.drop_group(group)

    def drop_group(self, group: SecurityGroup) -> None:
        """Forget a group without asking whether somebody may."""
        del self.groups[group.vpc_id or ""][group.id]
        self.tags.pop(group.id, None)

    def _named(self, name: str | None, group_id: str | None) -> SecurityGroup:
        group = self.get_security_group_from_id(group_id) if group_id else self.get_security_group_from_name(name or "")
        if group is None:
            raise InvalidSecurityGroupNotFoundError(group_id or name)
        return group

    def _others(self, group: SecurityGroup) -> Iterator[SecurityGroup]:
        return (other for other in self.groups[group.vpc_id or ""].values() if other is not group)

    @staticmethod
    def _refers(group: SecurityGroup, group_id: str) -> bool:
        rules = [*group.ingress_rules, *group.egress_rules]
        return any(rule.source_group.get("GroupId") == group_id for rule in rules)

    def _iterate_security_rules(
        self,
        ip_protocol: str,
        group_id: str,
        from_port: Any,
        to_port: Any,
        ip_ranges: list[Any],
        *args: Any,
        **kwargs: Any,
    ) -> Iterator[SecurityGroupRule]:
        protocol = PROTOCOLS.get(str(ip_protocol).lower(), str(ip_protocol).lower())
        if from_port is None or to_port is None:
            if protocol in ("tcp", "udp"):
                raise invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
            from_port = to_port = -1
        ranges = [_canonical(ip_range) for ip_range in ip_ranges]
        return super()._iterate_security_rules(protocol, group_id, from_port, to_port, ranges, *args, **kwargs)


def _canonical(ip_range: Mapping[str, str]) -> dict[str, str]:
    """A rule's network as EC2 stores it: host bits cleared, IPv6 compressed."""
    key = "CidrIp" if "CidrIp" in ip_range else "CidrIpv6"
    try:
        network = ip_network(ip_range[key], strict=False)
    except ValueError:
        raise invalid(f"CIDR block {ip_range[key]} is malformed") from None
    if network.version != (4 if key == "CidrIp" else 6):
        raise invalid(f"CIDR block {ip_range[key]} is malformed")
    return {**ip_range, key: str(network)}
