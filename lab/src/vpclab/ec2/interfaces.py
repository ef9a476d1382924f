# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network interfaces: create, assign, attach, modify, delete, with every check before the first change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Any

from moto.ec2.exceptions import (
    InvalidNetworkAttachmentIdError,
    InvalidNetworkInterfaceIdError,
    InvalidSecurityGroupNotFoundError,
)
from moto.ec2.models.security_groups import SecurityGroup

from vpclab.ec2.addresses import AddressSpace
from vpclab.ec2.catalogue import type_limits
from vpclab.ec2.filters import select
from vpclab.ec2.interface import Ipv6Ask, LabInterface, prefix_network
from vpclab.ec2.network import NetworkBackend
from vpclab.ec2.refusal import Refusal, invalid
from vpclab.ec2.subnet import LabSubnet
from vpclab.ec2.tokens import ClientTokens

GROUPS_PER_INTERFACE = 5


class InterfaceBackend(NetworkBackend):
    """That, with network interfaces; nothing of moto's own ones is left."""

    interface_tokens: ClientTokens

    def get_network_interface(self, eni_id: str) -> LabInterface:
        """The interface with this id, or the refusal that there is none."""
        try:
            return self.enis[eni_id]
        except KeyError:
            raise InvalidNetworkInterfaceIdError(eni_id) from None

    def create_network_interface(
        self,
        subnet: LabSubnet | str,
        private_ip_address: str | None = None,
        private_ip_addresses: Sequence[Mapping[str, Any]] | None = None,
        group_ids: Sequence[str] | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        delete_on_termination: bool | None = False,
        *,
        ipv6: Ipv6Ask | None = None,
        primary_ipv6: bool = False,
        secondary_ips_count: int | None = None,
        **_: Any,
    ) -> LabInterface:
        """Make an interface; ``ipv6`` holds at most one kind of address ask (checked here)."""
        if isinstance(subnet, str):
            subnet = self.get_subnet(subnet)
        ask = ipv6 or Ipv6Ask()
        ask.require_one_kind()
        if not ask and subnet.assign_ipv6_address_on_creation:
            ask = Ipv6Ask(address_count=1)
        # Both rules are documented, their codes are not recorded.
        if primary_ipv6 and (ask.prefixes or ask.prefix_count):
            raise invalid("enablePrimaryIpv6 cannot be used together with IPv6 prefixes")
        if primary_ipv6 and not ask:
            raise invalid("enablePrimaryIpv6 needs an IPv6 address")
        groups = self._groups_for(subnet, group_ids)
        private_ips = self._private_ips(
            subnet, private_ip_address, private_ip_addresses or (), secondary_ips_count or 0
        )
        addresses, prefixes = self._resolve(subnet, ask)

        eni = LabInterface(
            self,
            subnet,
            self._mac_address(),
            groups,
            description or "",
            delete_on_termination=bool(delete_on_termination),
        )
        if private_ips:
            subnet.ipv4.claim(private_ips, [], eni.id)
        eni.private_ips = [IPv4Address(ip) for ip in private_ips]
        self._give(eni, addresses, prefixes)
        if primary_ipv6:
            eni.primary_ipv6 = eni.addresses[0]
        eni.add_tags(dict(tags or {}))
        self.enis[eni.id] = eni
        return eni

    def delete_network_interface(self, eni_id: str) -> None:
        """Delete an interface that is not attached."""
        eni = self.get_network_interface(eni_id)
        if eni.attachment_id:
            # Recorded: not InvalidNetworkInterface.InUse, which is what a second attach gets.
            raise invalid(f"Network interface '{eni_id}' is currently in use.")
        if eni.private_ips:
            eni.subnet.ipv4.release([int(ip) for ip in eni.private_ips], [])
        self._take(eni, list(eni.addresses), [int(prefix.network_address) for prefix in eni.prefixes])
        del self.enis[eni_id]
        self.interface_tokens.forget(eni_id)
        self.tags.pop(eni_id, None)

    def get_all_network_interfaces(self, eni_ids: list[str] | None = None, filters: Any = None) -> list[LabInterface]:
        """The interfaces with these ids, or all, which match the filters."""
        found = [self.get_network_interface(eni_id) for eni_id in eni_ids] if eni_ids else self.enis.values()
        return select(found, filters)

    # Addresses --------------------------------------------------------------------------------------------------------

    def assign_ipv6(self, eni_id: str, ask: Ipv6Ask) -> tuple[list[str], list[str]]:
        """Give more addresses or prefixes to an interface; the answer names the new ones only.

        An address that the interface has already is refused as in use: whether EC2 takes a repetition is not recorded.
        """
        eni = self.get_network_interface(eni_id)
        ask.require_text_or_count()
        if eni.primary_ipv6 and (ask.prefixes or ask.prefix_count):
            raise invalid(f"'{eni_id}' has a primary IPv6 address and takes no IPv6 prefixes")  # code not recorded
        addresses, prefixes = self._resolve(eni.subnet, ask)
        self._check_limits(eni, more_ipv6=len(addresses), more_prefixes=len(prefixes))
        self._give(eni, addresses, prefixes)
        return [str(IPv6Address(address)) for address in addresses], [str(prefix_network(start)) for start in prefixes]

    def unassign_ipv6(
        self, eni_id: str, texts: Sequence[str], prefix_texts: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """Take addresses and prefixes from an interface which has all of them, or nothing."""
        eni = self.get_network_interface(eni_id)
        if not texts and not prefix_texts:
            raise Refusal("MissingParameter", "Either ipv6Addresses or ipv6Prefixes must be specified")
        space = self._space(eni.subnet)
        addresses = [IPv6Address(value) for value in dict.fromkeys(map(space.address, texts))]
        starts = list(dict.fromkeys(map(space.prefix, prefix_texts)))
        for address in addresses:
            if address not in eni.addresses:
                # Recorded for private IPv4 addresses (in Netflix/titus-executor and others); for IPv6 the same.
                raise invalid(f"Some of the specified addresses are not assigned to interface {eni_id}: {address}")
            if address == eni.primary_ipv6:
                raise invalid(f"The primary IPv6 address {address} of {eni_id} cannot be unassigned")  # nor this one
        for start in starts:
            if prefix_network(start) not in eni.prefixes:
                raise invalid(f"Some of the specified prefixes are not assigned to interface {eni_id}")
        self._take(eni, addresses, starts)
        return list(map(str, addresses)), [str(prefix_network(start)) for start in starts]

    def assign_private_ips(self, eni_id: str, texts: Sequence[str], count: int) -> LabInterface:
        """Give more private IPv4 addresses to an interface."""
        eni = self.get_network_interface(eni_id)
        space = eni.subnet.ipv4
        values = [space.address(text) for text in texts]
        space.check(values, [])
        values += space.pick(count)
        self._check_limits(eni, more_ipv4=len(values))
        space.claim(values, [], eni.id)
        eni.private_ips = [*eni.private_ips, *map(IPv4Address, values)]
        return eni

    def unassign_private_ips(self, eni_id: str, texts: Sequence[str]) -> None:
        """Take secondary private IPv4 addresses from an interface."""
        eni = self.get_network_interface(eni_id)
        addresses = [IPv4Address(eni.subnet.ipv4.address(text)) for text in texts]
        for address in addresses:
            if address not in eni.private_ips[1:]:
                raise invalid(f"Some of the specified addresses are not assigned to interface {eni_id}: {address}")
        eni.subnet.ipv4.release([int(address) for address in addresses], [])
        eni.private_ips = [address for address in eni.private_ips if address not in addresses]

    # Attachments ------------------------------------------------------------------------------------------------------

    def attach_network_interface(self, eni_id: str, instance_id: str, device_index: int) -> LabInterface:
        """Attach a free interface to an instance of its availability zone, within the instance type's limits."""
        eni = self.get_network_interface(eni_id)
        instance = self.get_instance(instance_id)
        if instance.state not in ("running", "stopped"):
            raise Refusal("IncorrectState", f"Instance '{instance_id}' is not 'running' or 'stopped'.")
        self.require_free(eni)
        if eni.availability_zone != instance.availability_zone:
            raise different_zones()
        if device_index in instance.nics:
            # Seen in hashicorp/terraform-provider-aws, pull request 906.
            raise invalid(
                f"Instance '{instance_id}' already has an interface attached at device index '{device_index}'."
            )
        limits = type_limits(instance.instance_type)
        if len(instance.nics) >= limits.interfaces:
            raise Refusal(
                "AttachmentLimitExceeded",
                f"Interface count {len(instance.nics) + 1} exceeds the limit for {instance.instance_type}",
            )
        limits.check_subnet(eni.subnet.v4 is None)
        limits.check_interface(len(eni.private_ips), len(eni.addresses), len(eni.prefixes))
        instance.attach_eni(eni, device_index)
        return eni

    def detach_network_interface(self, attachment_id: str) -> None:
        """Detach an interface which is not the instance's first one."""
        eni = next((eni for eni in self.enis.values() if eni.attachment_id == attachment_id), None)
        if eni is None:
            raise InvalidNetworkAttachmentIdError(attachment_id)
        if eni.device_index == 0:
            # Seen in getmoto/moto, issue 7678.
            raise Refusal(
                "OperationNotPermitted",
                "The network interface at device index 0 and networkCard index 0 cannot be detached.",
            )
        eni.instance.detach_eni(eni)

    def require_free(self, eni: LabInterface) -> None:
        """Refuse an interface that is attached."""
        if eni.attachment_id:
            raise Refusal("InvalidNetworkInterface.InUse", f"Interface: [{eni.id}] in use.")

    def modify_interface(self, eni_id: str, params: Mapping[str, Any]) -> None:
        """Change what ModifyNetworkInterfaceAttribute's parameters name."""
        eni = self.get_network_interface(eni_id)
        if group_ids := params.get("Groups"):
            eni._group_set = self._groups_for(eni.subnet, group_ids)
        if "SourceDestCheck" in params:
            eni.source_dest_check = params["SourceDestCheck"]["Value"]
        if "Description" in params:
            eni.description = params["Description"].get("Value", "")
        if "Attachment" in params:
            if not eni.attachment_id or params["Attachment"].get("AttachmentId") != eni.attachment_id:
                raise InvalidNetworkAttachmentIdError(params["Attachment"].get("AttachmentId"))
            eni.delete_on_termination = params["Attachment"]["DeleteOnTermination"]
        if "EnablePrimaryIpv6" in params:
            self._set_primary(eni, params["EnablePrimaryIpv6"])

    def _set_primary(self, eni: LabInterface, wanted: bool) -> None:
        # That it can't be undone, needs an address and goes with no prefix is documented; the codes are not recorded.
        if not wanted and eni.primary_ipv6:
            raise invalid(f"The primary IPv6 address of '{eni.id}' cannot be disabled once it is enabled")
        if wanted and eni.prefixes:
            raise invalid(f"'{eni.id}' has IPv6 prefixes: enablePrimaryIpv6 cannot be used together with them")
        if wanted and not eni.addresses:
            raise invalid(f"'{eni.id}' has no IPv6 address: enablePrimaryIpv6 needs one")
        if wanted and eni.primary_ipv6 is None:
            eni.primary_ipv6 = eni.addresses[0]

    # Steps ------------------------------------------------------------------------------------------------------------

    def _groups_for(self, subnet: LabSubnet, group_ids: Sequence[str] | None) -> list[SecurityGroup]:
        if not group_ids:
            default = self.get_default_security_group(subnet.vpc_id)
            if default is None:
                raise InvalidSecurityGroupNotFoundError("default")
            return [default]
        if len(group_ids) > GROUPS_PER_INTERFACE:
            raise Refusal(
                "SecurityGroupsPerInterfaceLimitExceeded",
                f"The maximum number of security groups per interface is {GROUPS_PER_INTERFACE}, got {len(group_ids)}",
            )
        groups = []
        for group_id in dict.fromkeys(group_ids):
            group = self.get_security_group_from_id(group_id)
            if group is None:
                raise InvalidSecurityGroupNotFoundError(group_id)
            if group.vpc_id != subnet.vpc_id:
                raise Refusal(
                    "InvalidParameter",
                    f"Security group {group_id} and subnet {subnet.id} belong to different networks.",
                )
            groups.append(group)
        return groups

    def _private_ips(
        self, subnet: LabSubnet, first: str | None, more: Sequence[Mapping[str, Any]], count: int
    ) -> list[int]:
        named = sorted(more, key=lambda item: not item.get("Primary"))
        texts = ([first] if first else []) + [item["PrivateIpAddress"] for item in named]
        if subnet.v4 is None and not texts and not count:
            return []
        values = [subnet.ipv4.address(text) for text in dict.fromkeys(texts)]
        subnet.ipv4.check(values, [])
        return values + subnet.ipv4.pick(count + (0 if values else 1))

    def _resolve(self, subnet: LabSubnet, ask: Ipv6Ask) -> tuple[list[int], list[int]]:
        """The addresses and prefix starts that an ask comes to, all of them free."""
        if not ask:
            return [], []
        space = self._space(subnet)
        addresses = [space.address(text) for text in ask.addresses]
        prefixes = [space.prefix(text) for text in ask.prefixes]
        space.check(addresses, prefixes)
        return addresses + space.pick(ask.address_count), prefixes + space.pick_prefixes(ask.prefix_count)

    def _space(self, subnet: LabSubnet) -> AddressSpace[IPv6Network]:
        if subnet.v6 is None:
            raise invalid(f"The subnet '{subnet.id}' has no IPv6 CIDR block")  # code not recorded
        return subnet.v6

    def _check_limits(
        self, eni: LabInterface, *, more_ipv4: int = 0, more_ipv6: int = 0, more_prefixes: int = 0
    ) -> None:
        if eni.instance is not None:
            type_limits(eni.instance.instance_type).check_interface(
                len(eni.private_ips) + more_ipv4, len(eni.addresses) + more_ipv6, len(eni.prefixes) + more_prefixes
            )

    def _give(self, eni: LabInterface, addresses: list[int], prefixes: list[int]) -> None:
        if addresses or prefixes:
            self._space(eni.subnet).claim(addresses, prefixes, eni.id)
            eni.addresses = [*eni.addresses, *map(IPv6Address, addresses)]
            eni.prefixes = [*eni.prefixes, *map(prefix_network, prefixes)]

    def _take(self, eni: LabInterface, addresses: list[IPv6Address], starts: list[int]) -> None:
        if addresses or starts:
            self._space(eni.subnet).release([int(address) for address in addresses], starts)
            eni.addresses = [address for address in eni.addresses if address not in addresses]
            eni.prefixes = [prefix for prefix in eni.prefixes if int(prefix.network_address) not in starts]

    def _mac_address(self) -> str:
        # Locally administered, like EC2's own; 40 random bits keep thousands of interfaces apart.
        return ":".join(["0a", *(f"{byte:02x}" for byte in self.random.randbytes(5))])


def different_zones() -> Refusal:
    """The refusal of an interface and an instance in different availability zones."""
    return Refusal(
        "InvalidParameterCombination",
        "You may not attach a network interface to an instance if they are not in the same availability zone",
    )
