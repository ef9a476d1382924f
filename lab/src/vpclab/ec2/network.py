# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPCs, subnets, gateways and routes: what moto lets through and EC2 does not, and IPv6 networks as Amazon's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from random import Random
from typing import Any

from moto.ec2.exceptions import (
    InvalidAvailabilityZoneError,
    InvalidCIDRBlockParameterError,
    InvalidSubnetCidrBlockAssociationID,
    InvalidSubnetConflictError,
    InvalidSubnetIdError,
    InvalidSubnetRangeError,
)
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.models.route_tables import Route
from moto.ec2.models.vpcs import VPC
from moto.ec2.utils import random_subnet_id

from vpclab.ec2.filters import select
from vpclab.ec2.groups import GroupBackend
from vpclab.ec2.refusal import Refusal, dependency, invalid
from vpclab.ec2.subnet import LabSubnet, ipv6_subnet_network

AMAZON_IPV6_POOL = IPv6Network("2600:1f18::/32")
"""Where Amazon-provided networks come from; ``FIRST_VPC_NETWORK`` is the first one, the how-to's."""
FIRST_VPC_NETWORK = IPv6Network("2600:1f18:47b:ca00::/56")
_FIXED_IF_NATIVE = {"assign_ipv6_address_on_creation": True, "map_public_ip_on_launch": False}
ANYWHERE_IPV6 = IPv6Network("::/0")


class NetworkBackend(GroupBackend):
    """That, with VPCs, subnets, gateways and routes."""

    random: Random
    subnets: dict[str, dict[str, LabSubnet]]  # type: ignore[assignment]  # nobody makes others

    # VPCs -------------------------------------------------------------------------------------------------------------

    def create_default_vpc(self) -> None:
        """None: an account may lack a default VPC, and the network builder then has nothing that nobody asked for."""

    def delete_vpc(self, vpc_id: str) -> VPC:
        """Delete a VPC in which only what EC2 made with it is left."""
        self.get_vpc(vpc_id)
        groups = list(self.groups.get(vpc_id, {}).values())
        dependents: list[Any] = [
            *self._subnets_of(vpc_id),
            *(group for group in groups if not group.is_default),
            *(gateway for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id),
            *(gateway for gateway in self.egress_only_internet_gateways.values() if gateway.vpc_id == vpc_id),
            *(
                table
                for table in self.route_tables.values()
                if table.vpc_id == vpc_id and not table.main_association_id
            ),
        ]
        if dependents:
            raise dependency(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        for group in groups:
            self.drop_group(group)
        vpc = super().delete_vpc(vpc_id)
        for acl_id in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            del self.network_acls[acl_id]
        self.tags.pop(vpc_id, None)
        return vpc

    def disassociate_vpc_cidr_block(self, association_id: str) -> dict[str, Any]:
        """Take a network from a VPC none of whose subnets uses it."""
        for vpc in self.vpcs.values():
            held = vpc._cidr_block_association_set.get(association_id)
            if held is None or ":" not in held["cidr_block"]:
                continue
            network = IPv6Network(held["cidr_block"])
            if any(
                subnet.v6 is not None and subnet.v6.network.subnet_of(network) for subnet in self._subnets_of(vpc.id)
            ):
                # The code is not recorded.
                raise invalid(f"The CIDR block with association ID {association_id} is in use by a subnet")
        return super().disassociate_vpc_cidr_block(association_id)

    # Subnets ----------------------------------------------------------------------------------------------------------

    def get_subnet(self, subnet_id: str) -> LabSubnet:
        """The subnet with this id, or the refusal that there is none."""
        for subnets in self.subnets.values():
            if subnet_id in subnets:
                return subnets[subnet_id]
        raise InvalidSubnetIdError(subnet_id)

    def create_subnet(
        self,
        vpc_id: str,
        cidr_block: str | None,
        ipv6_cidr_block: str | None = None,
        availability_zone: str | None = None,
        availability_zone_id: str | None = None,
        ipv6_native: bool = False,
        tags: Mapping[str, Mapping[str, str]] | None = None,
    ) -> LabSubnet:
        """Make a subnet inside its VPC's networks, apart from the other subnets; an IPv6-only one has no IPv4."""
        vpc = self.get_vpc(vpc_id)
        ipv4 = self._ipv4_subnet_network(vpc, cidr_block) if cidr_block else None
        ipv6 = self._ipv6_subnet_network(vpc, ipv6_cidr_block) if ipv6_cidr_block else None
        zone = self._zone(availability_zone, availability_zone_id)
        subnet = LabSubnet(self, random_subnet_id(), vpc_id, ipv4, ipv6, zone, self.random)
        subnet.add_tags(dict((tags or {}).get("subnet", {})))
        self.associate_default_network_acl_with_subnet(subnet.id, vpc_id)
        self.subnets[zone.name][subnet.id] = subnet
        return subnet

    def describe_subnets(self, subnet_ids: list[str] | None = None, filters: Any = None) -> list[LabSubnet]:
        """The subnets with these ids, or all, which match the filters."""
        return select(map(self.get_subnet, subnet_ids) if subnet_ids else self.all_subnets(), filters)

    def delete_subnet(self, subnet_id: str) -> LabSubnet:
        """Delete a subnet without interfaces; its route table lets it go by itself.

        Its reservations go with it (whether EC2 wants them deleted before is not recorded).
        """
        subnet = self.get_subnet(subnet_id)
        if any(eni.subnet is subnet for eni in self.enis.values()):
            raise dependency(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        for table in self.route_tables.values():
            table._associations = {key: target for key, target in table._associations.items() if target != subnet_id}
        for owned in (subnet_id, *(reservation.id for reservation in subnet._cidr_reservations)):
            self.tags.pop(owned, None)
        super().delete_subnet(subnet_id)
        return subnet

    def modify_subnet_attribute(self, subnet_id: str, attr_name: str, attr_value: bool) -> None:
        """Change a subnet's attribute."""
        if self.get_subnet(subnet_id).v4 is None and attr_name in _FIXED_IF_NATIVE:
            if attr_value != _FIXED_IF_NATIVE[attr_name]:
                # That interfaces there always get an IPv6 address and never an IPv4 one is documented, no code is.
                raise invalid(f"The subnet '{subnet_id}' is IPv6-only: {attr_name} cannot be {str(attr_value).lower()}")
        elif attr_name == "assign_ipv6_address_on_creation" and attr_value and self.get_subnet(subnet_id).v6 is None:
            raise invalid(
                "Invalid value 'true' for assign-ipv6-address-on-creation. Cannot set it to true unless the subnet "
                f"({subnet_id}) has an IPv6 CIDR block associated with it."
            )
        super().modify_subnet_attribute(subnet_id, attr_name, attr_value)

    def associate_subnet_cidr_block(self, subnet_id: str, ipv6_cidr_block: str) -> dict[str, Any]:
        """Give a subnet its IPv6 network."""
        subnet = self.get_subnet(subnet_id)
        if subnet.v6 is not None:
            # The code is not recorded.
            raise invalid(f"The subnet '{subnet_id}' already has the IPv6 CIDR block {subnet.v6.network}")
        network = self._ipv6_subnet_network(self.get_vpc(subnet.vpc_id), ipv6_cidr_block)
        return subnet.attach_ipv6_cidr_block_associations(str(network))

    def disassociate_subnet_cidr_block(self, association_id: str) -> tuple[str, dict[str, Any]]:
        """Take the IPv6 network of a subnet in which nobody has an address of it."""
        subnet = next((s for s in self.all_subnets() if association_id in s.ipv6_cidr_block_associations), None)
        if subnet is None:
            raise InvalidSubnetCidrBlockAssociationID(association_id)
        if subnet.v4 is None or (subnet.v6 is not None and len(subnet.v6)):
            # The code is not recorded.
            raise invalid(f"The IPv6 CIDR block of subnet '{subnet.id}' is in use by network interfaces")
        return subnet.id, subnet.detach_subnet_cidr_block(association_id)

    def all_subnets(self) -> list[LabSubnet]:
        """Every subnet of the region."""
        return [subnet for subnets in self.subnets.values() for subnet in subnets.values()]

    def _subnets_of(self, vpc_id: str) -> list[LabSubnet]:
        return [subnet for subnet in self.all_subnets() if subnet.vpc_id == vpc_id]

    def _ipv4_subnet_network(self, vpc: VPC, text: str) -> IPv4Network:
        try:
            network = IPv4Network(text, strict=False)  # EC2 clears the host bits of an IPv4 CIDR
        except ValueError:
            raise InvalidCIDRBlockParameterError(text) from None
        if not 16 <= network.prefixlen <= 28 or not any(map(network.subnet_of, vpc_ipv4(vpc))):
            raise InvalidSubnetRangeError(text)
        if any(other.v4 is not None and network.overlaps(other.v4.network) for other in self._subnets_of(vpc.id)):
            raise InvalidSubnetConflictError(text)
        return network

    def _ipv6_subnet_network(self, vpc: VPC, text: str) -> IPv6Network:
        network = ipv6_subnet_network(text, list(vpc_ipv6(vpc)))
        if any(other.v6 is not None and network.overlaps(other.v6.network) for other in self._subnets_of(vpc.id)):
            raise InvalidSubnetConflictError(text)
        return network

    def _zone(self, name: str | None, identity: str | None) -> Zone:
        zones: list[Zone] = RegionsAndZonesBackend.zones.get(self.region_name, [])
        for zone in zones:
            if name == zone.name or (not name and identity == zone.zone_id):
                return zone
        if zones and not name and not identity:
            return zones[0]
        raise InvalidAvailabilityZoneError(name or identity or "", ", ".join(zone.name for zone in zones))

    # Gateways and routes ----------------------------------------------------------------------------------------------

    def attach_internet_gateway(self, internet_gateway_id: str, vpc_id: str) -> Any:
        """Attach a gateway to a VPC that has none."""
        if any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in self.internet_gateways.values()):
            gateway = self.get_internet_gateway(internet_gateway_id)
            if gateway.vpc is None:
                raise invalid(f"Network {vpc_id} already has an internet gateway attached")
        return super().attach_internet_gateway(internet_gateway_id, vpc_id)

    def delete_internet_gateway(self, internet_gateway_id: str) -> None:
        """Delete a gateway that is attached to no VPC."""
        super().delete_internet_gateway(internet_gateway_id)
        self.tags.pop(internet_gateway_id, None)

    def create_route(self, route_table_id: str, *args: Any, **kwargs: Any) -> Route:
        """Add a route; an internet gateway must belong to the table's VPC."""
        gateway_id = kwargs.get("gateway_id") or ""
        if gateway_id.startswith("igw-"):
            table = self.get_route_table(route_table_id)
            gateway = self.get_internet_gateway(gateway_id)
            if gateway.vpc is None or gateway.vpc.id != table.vpc_id:
                raise invalid(
                    f"route table {route_table_id} and network gateway {gateway_id} belong to different networks"
                )
        return super().create_route(route_table_id, *args, **kwargs)

    def associate_route_table(
        self, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
    ) -> str:
        """Associate a subnet with a route table of its VPC; a subnet has one at most."""
        if subnet_id is not None:
            table = self.get_route_table(route_table_id)
            if self.get_subnet(subnet_id).vpc_id != table.vpc_id:
                raise invalid(f"route table {route_table_id} and subnet {subnet_id} belong to different networks")
            holder = next((t for t in self.route_tables.values() if subnet_id in t._associations.values()), None)
            if holder is not None and holder is not table:
                raise Refusal(
                    "Resource.AlreadyAssociated",
                    f"the association of {subnet_id} with {route_table_id} conflicts with an existing association",
                )
        return super().associate_route_table(route_table_id, gateway_id, subnet_id)

    def delete_route_table(self, route_table_id: str) -> None:
        """Delete a route table without associations."""
        super().delete_route_table(route_table_id)
        self.tags.pop(route_table_id, None)

    def reaches_internet(self, subnet: LabSubnet) -> bool:
        """Whether the subnet's route table, or else the VPC's main one, sends ``::/0`` to the VPC's gateway."""
        tables = [table for table in self.route_tables.values() if table.vpc_id == subnet.vpc_id]
        own = [table for table in tables if subnet.id in table._associations.values()]
        main = [table for table in tables if table.main_association_id is not None]
        return any(
            route.destination_ipv6_cidr_block
            and IPv6Network(route.destination_ipv6_cidr_block) == ANYWHERE_IPV6
            and getattr(getattr(route.gateway, "vpc", None), "id", None) == subnet.vpc_id
            for table in (own or main)[:1]
            for route in table.routes
        )


def vpc_ipv4(vpc: VPC) -> Iterable[IPv4Network]:
    """The IPv4 networks of a VPC."""
    return (IPv4Network(item["cidr_block"], strict=False) for item in _associated(vpc) if ":" not in item["cidr_block"])


def vpc_ipv6(vpc: VPC) -> Iterable[IPv6Network]:
    """The IPv6 networks of a VPC."""
    return (IPv6Network(item["cidr_block"]) for item in _associated(vpc) if ":" in item["cidr_block"])


def _associated(vpc: VPC) -> Iterable[dict[str, Any]]:
    return (
        item for item in vpc._cidr_block_association_set.values() if item["cidr_block_state"]["state"] == "associated"
    )


def next_vpc_network(taken: Iterable[IPv6Network]) -> IPv6Network:
    """The lowest /56 from the first one on which no VPC has: predictable, where Amazon's choice is not."""
    used = set(taken)
    start, step = int(FIRST_VPC_NETWORK.network_address), FIRST_VPC_NETWORK.num_addresses
    while (candidate := IPv6Network((start, FIRST_VPC_NETWORK.prefixlen))).subnet_of(AMAZON_IPV6_POOL):
        if candidate not in used:
            return candidate
        start += step
    raise Refusal("InsufficientAddressCapacity", f"no /56 is left in {AMAZON_IPV6_POOL}")
