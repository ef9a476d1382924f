# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API actions on network interfaces: parameters in, answers out."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import InvalidParameterValueErrorUnknownAttribute
from moto.ec2.responses._base_response import EC2BaseResponse

from vpclab.ec2.interface import Ipv6Ask
from vpclab.ec2.paging import page, refuse_ids_with_limit
from vpclab.ec2.refusal import unsupported
from vpclab.ec2.resources import tags_for
from vpclab.ec2.wire import Plain

_IPV4_PREFIXES = ("Ipv4Prefixes", "Ipv4PrefixCount")


def ipv6_ask(params: dict[str, Any]) -> Ipv6Ask:
    """The IPv6 part of any request that has one; addresses come as texts or as structures, by the action."""
    return Ipv6Ask(
        addresses=tuple(_text(item, "Ipv6Address") for item in params.get("Ipv6Addresses", [])),
        address_count=int(params.get("Ipv6AddressCount") or 0),
        prefixes=tuple(_text(item, "Ipv6Prefix") for item in params.get("Ipv6Prefixes", [])),
        prefix_count=int(params.get("Ipv6PrefixCount") or 0),
    )


def _text(item: str | dict[str, str], key: str) -> str:
    return item if isinstance(item, str) else item[key]


class InterfaceActions(EC2BaseResponse):
    """Replaces moto's ElasticNetworkInterfaces."""

    params: dict[str, Any]

    def create_network_interface(self) -> ActionResult:
        """CreateNetworkInterface, idempotent by ClientToken; it answers ``pending``, as EC2 may."""
        params = dict(self.params)
        self._refuse_ipv4_prefixes()
        self.error_on_dryrun()
        backend = self.ec2_backend
        tags = tags_for(params, "network-interface")
        known = backend.interface_tokens.find(params)
        if known:
            eni = backend.get_network_interface(known)
        else:
            eni = backend.create_network_interface(
                params["SubnetId"],
                params.get("PrivateIpAddress"),
                params.get("PrivateIpAddresses"),
                params.get("Groups"),
                params.get("Description"),
                tags,
                ipv6=ipv6_ask(params),
                primary_ipv6=bool(params.get("EnablePrimaryIpv6")),
                secondary_ips_count=params.get("SecondaryPrivateIpAddressCount"),
            )
            backend.interface_tokens.remember(params, eni.id)
        shown = eni.shown() if known else eni.shown() | {"Status": "pending"}
        return Plain({"NetworkInterface": shown, "ClientToken": params.get("ClientToken")})

    def delete_network_interface(self) -> ActionResult:
        """DeleteNetworkInterface."""
        self.error_on_dryrun()
        self.ec2_backend.delete_network_interface(self._get_param("NetworkInterfaceId"))
        return EmptyResult()

    def describe_network_interfaces(self) -> ActionResult:
        """DescribeNetworkInterfaces, in pages."""
        refuse_ids_with_limit(self.params, "NetworkInterfaceIds")
        self.error_on_dryrun()
        found = self.ec2_backend.get_all_network_interfaces(
            self._get_param("NetworkInterfaceIds", []), self._filters_from_querystring()
        )
        shown, token = page(
            found, lambda eni: eni.id, token=self._get_param("NextToken"), max_results=self._get_int_param("MaxResults")
        )
        return Plain({"NetworkInterfaces": [eni.shown() for eni in shown], "NextToken": token})

    def describe_network_interface_attribute(self) -> ActionResult:
        """DescribeNetworkInterfaceAttribute, one attribute."""
        eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        shown = eni.shown()
        match self._get_param("Attribute"):
            case "description":
                part: dict[str, Any] = {"Description": {"Value": eni.description}}
            case "groupSet":
                part = {"Groups": shown["Groups"]}
            case "sourceDestCheck":
                part = {"SourceDestCheck": {"Value": eni.source_dest_check}}
            case "attachment":
                part = {"Attachment": shown.get("Attachment")}
            case unknown:
                raise InvalidParameterValueErrorUnknownAttribute(unknown)
        return Plain({"NetworkInterfaceId": eni.id, **part})

    def attach_network_interface(self) -> ActionResult:
        """AttachNetworkInterface."""
        self.error_on_dryrun()
        eni = self.ec2_backend.attach_network_interface(
            self._get_param("NetworkInterfaceId"), self._get_param("InstanceId"), self._get_int_param("DeviceIndex")
        )
        return Plain({"AttachmentId": eni.attachment_id, "NetworkCardIndex": 0})

    def modify_network_interface_attribute(self) -> ActionResult:
        """ModifyNetworkInterfaceAttribute."""
        self.error_on_dryrun()
        self.ec2_backend.modify_interface(self._get_param("NetworkInterfaceId"), self.params)
        return EmptyResult()

    def assign_ipv6_addresses(self) -> ActionResult:
        """AssignIpv6Addresses: addresses, prefixes, or both."""
        eni_id = self._get_param("NetworkInterfaceId")
        addresses, prefixes = self.ec2_backend.assign_ipv6(eni_id, ipv6_ask(self.params))
        return Plain(
            {"NetworkInterfaceId": eni_id, "AssignedIpv6Addresses": addresses, "AssignedIpv6Prefixes": prefixes}
        )

    def unassign_ipv6_addresses(self) -> ActionResult:
        """UnassignIpv6Addresses: addresses, prefixes, or both."""
        eni_id = self._get_param("NetworkInterfaceId")
        ask = ipv6_ask(self.params)
        addresses, prefixes = self.ec2_backend.unassign_ipv6(eni_id, ask.addresses, ask.prefixes)
        return Plain(
            {"NetworkInterfaceId": eni_id, "UnassignedIpv6Addresses": addresses, "UnassignedIpv6Prefixes": prefixes}
        )

    def assign_private_ip_addresses(self) -> ActionResult:
        """AssignPrivateIpAddresses."""
        self._refuse_ipv4_prefixes()
        texts = self._get_param("PrivateIpAddresses", [])
        eni = self.ec2_backend.assign_private_ips(
            self._get_param("NetworkInterfaceId"), texts, self._get_int_param("SecondaryPrivateIpAddressCount", 0)
        )
        return Plain({"NetworkInterfaceId": eni.id, "AssignedPrivateIpAddresses": eni.private_ip_addresses})

    def unassign_private_ip_addresses(self) -> ActionResult:
        """UnassignPrivateIpAddresses."""
        self.ec2_backend.unassign_private_ips(
            self._get_param("NetworkInterfaceId"), self._get_param("PrivateIpAddresses", [])
        )
        return EmptyResult()

    def _refuse_ipv4_prefixes(self) -> None:
        if any(self.params.get(name) for name in _IPV4_PREFIXES):
            raise unsupported("delegated IPv4 prefixes")
