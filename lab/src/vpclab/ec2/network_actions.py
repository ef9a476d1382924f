# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API actions on subnets, reservations and security groups which moto does not paginate or does not do whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets

from vpclab.ec2.paging import page, refuse_ids_with_limit
from vpclab.ec2.refusal import Refusal, unsupported
from vpclab.ec2.resources import tags_for

_FAMILIES = ("SubnetIpv4CidrReservations", "SubnetIpv6CidrReservations")


class SubnetActions(Subnets):
    """Replaces those of moto's subnet actions that are not strict enough."""

    params: dict[str, Any]

    def create_subnet(self) -> ActionResult:
        """CreateSubnet, with an IPv4 network or IPv6-only."""
        for name in ("Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv4NetmaskLength", "Ipv6NetmaskLength"):
            if self.params.get(name):
                raise unsupported(f"CreateSubnet with {name}")
        if self.params.get("Ipv6Native"):
            # Both refusals as moto's tests against EC2 found them (getmoto/moto, pull request 9359).
            if not self.params.get("Ipv6CidrBlock"):
                raise Refusal("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")
            if self.params.get("CidrBlock"):
                raise Refusal(
                    "InvalidParameterCombination",
                    "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.",
                )
        elif not self.params.get("CidrBlock"):
            raise Refusal("MissingParameter", "The request must contain the parameter cidrBlock")
        self.error_on_dryrun()
        subnet = self.ec2_backend.create_subnet(
            self.params["VpcId"],
            self.params.get("CidrBlock"),
            self.params.get("Ipv6CidrBlock"),
            self.params.get("AvailabilityZone"),
            self.params.get("AvailabilityZoneId"),
            tags={"subnet": tags_for(self.params, "subnet")},
        )
        return ActionResult({"Subnet": subnet})

    def describe_subnets(self) -> ActionResult:
        """DescribeSubnets, in pages."""
        refuse_ids_with_limit(self.params, "SubnetIds")
        self.error_on_dryrun()
        found = self.ec2_backend.describe_subnets(self._get_param("SubnetIds"), self._filters_from_querystring())
        shown, token = page(
            found,
            lambda subnet: subnet.id,
            token=self._get_param("NextToken"),
            max_results=self._get_int_param("MaxResults"),
        )
        return ActionResult({"Subnets": shown, "NextToken": token})

    def create_subnet_cidr_reservation(self) -> ActionResult:
        """CreateSubnetCidrReservation."""
        self.error_on_dryrun()
        tags = tags_for(self.params, "subnet-cidr-reservation")
        reservation = self.ec2_backend.create_subnet_cidr_reservation(
            self.params["SubnetId"], self.params["ReservationType"], self.params["Cidr"]
        )
        reservation.description = self.params.get("Description")
        reservation.add_tags(tags)
        return ActionResult({"SubnetCidrReservation": reservation})

    def get_subnet_cidr_reservations(self) -> ActionResult:
        """GetSubnetCidrReservations, in pages over both families."""
        self.error_on_dryrun()
        found = self.ec2_backend.get_subnet_cidr_reservations(
            self._get_param("SubnetId"), self._filters_from_querystring()
        )
        shown, token = page(
            [reservation for family in _FAMILIES for reservation in found[family]],
            lambda reservation: reservation.id,
            token=self._get_param("NextToken"),
            max_results=self._get_int_param("MaxResults"),
        )
        answer: dict[str, Any] = {family: [r for r in found[family] if r in shown] for family in _FAMILIES}
        return ActionResult(answer | {"NextToken": token})


class GroupActions(SecurityGroups):
    """Replaces those of moto's security group actions that are not strict enough."""

    params: dict[str, Any]

    def describe_security_groups(self) -> ActionResult:
        """DescribeSecurityGroups, in pages."""
        refuse_ids_with_limit(self.params, "GroupIds")
        self.error_on_dryrun()
        found = self.ec2_backend.describe_security_groups(
            self._get_param("GroupIds", []), self._get_param("GroupNames", []), self._filters_from_querystring()
        )
        shown, token = page(
            found,
            lambda group: group.id,
            token=self._get_param("NextToken"),
            max_results=self._get_int_param("MaxResults"),
        )
        return ActionResult({"SecurityGroups": shown, "NextToken": token})

    def authorize_security_group_ingress(self) -> ActionResult:
        """AuthorizeSecurityGroupIngress: all of the rules or none."""
        return self._whole("ingress_rules", self.ec2_backend.authorize_security_group_ingress)

    def authorize_security_group_egress(self) -> ActionResult:
        """AuthorizeSecurityGroupEgress: all of the rules or none."""
        return self._whole("egress_rules", self.ec2_backend.authorize_security_group_egress)

    def _whole(self, attribute: str, authorize: Callable[..., Any]) -> ActionResult:
        self.error_on_dryrun()
        group = self.ec2_backend.get_security_group_by_name_or_id(
            self._get_param("GroupName") or self._get_param("GroupId")
        )
        before = list(getattr(group, attribute, []))
        try:
            made = [rule for rules in self._process_rules_from_querystring() for rule in authorize(**rules)[0]]
        except Exception:
            if group is not None:
                setattr(group, attribute, before)
            raise
        return ActionResult({"Return": True, "SecurityGroupRules": made})
