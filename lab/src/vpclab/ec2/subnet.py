# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One subnet: its two address spaces, its reservations, how a describe shows it, what a filter compares."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from random import Random
from typing import Any, Literal

from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.subnets import Subnet, SubnetCidrReservation

from vpclab.ec2.addresses import AddressSpace
from vpclab.ec2.refusal import Refusal, invalid


class LabSubnet(Subnet):
    """moto's subnet with address spaces instead of generators, and reservations which are intervals.

    ``shown_free`` is set only while a late read looks at how many addresses were free.
    """

    shown_free: int | None = None

    def __init__(
        self,
        ec2_backend: Any,
        subnet_id: str,
        vpc_id: str,
        ipv4: IPv4Network | None,
        ipv6: IPv6Network | None,
        availability_zone: Zone,
        random: Random,
    ) -> None:
        self._random = random
        self.v4 = AddressSpace(ipv4, random) if ipv4 is not None else None
        self.v6: AddressSpace[IPv6Network] | None = None
        super().__init__(
            ec2_backend,
            subnet_id,
            vpc_id,
            str(ipv4) if ipv4 is not None else "",
            str(ipv6) if ipv6 is not None else None,
            availability_zone,
            default_for_az=False,
            map_public_ip_on_launch=False,
            ipv6_native=ipv4 is None,
        )
        if self.v4 is None:
            # What DescribeSubnets shows of one (seen in ManageIQ/manageiq-providers-amazon, pull request 914).
            self.cidr_block = None  # type: ignore[assignment]  # moto has no such subnets yet
            self.private_dns_name_options_on_launch = {
                "HostnameType": "resource-name",
                "EnableResourceNameDnsARecord": False,
                "EnableResourceNameDnsAAAARecord": True,
            }

    @property
    def ipv4(self) -> AddressSpace[IPv4Network]:
        """The IPv4 addresses; refuse for an IPv6-only subnet (the code is not recorded)."""
        if self.v4 is None:
            raise invalid(f"The subnet '{self.id}' is IPv6-only: no IPv4 address can be assigned in it")
        return self.v4

    # moto's ``map_public_ip_on_launch`` and friends stay as they are; what follows replaces or adds.

    @property
    def ipv6_cidr_block_association_set(self) -> list[dict[str, Any]]:
        """The IPv6 associations in the API's shape (moto nests the state once too often)."""
        return [
            {
                "AssociationId": association["associationId"],
                "Ipv6CidrBlock": association["ipv6CidrBlock"],
                "Ipv6CidrBlockState": {"State": association["ipv6CidrBlockState"]["State"]},
            }
            for association in self.ipv6_cidr_block_associations.values()
        ]

    @property
    def available_ip_address_count(self) -> int:
        """How many IPv4 addresses are free; 0 in an IPv6-only subnet."""
        if self.shown_free is not None:
            return self.shown_free
        return self.v4.free if self.v4 is not None else 0

    def attach_ipv6_cidr_block_associations(self, ipv6_cidr_block: str) -> dict[str, Any]:
        """Associate an IPv6 network; the caller has checked it."""
        self.v6 = AddressSpace(IPv6Network(ipv6_cidr_block), self._random)
        return super().attach_ipv6_cidr_block_associations(ipv6_cidr_block)

    def detach_subnet_cidr_block(self, association_id: str) -> dict[str, Any]:
        """Take the IPv6 network away; the caller has checked that nobody uses it."""
        association = super().detach_subnet_cidr_block(association_id)
        self._cidr_reservations = [r for r in self._cidr_reservations if r.cidr.version == 4]
        del self.ipv6_cidr_block_associations[association_id]
        self.v6 = None
        return association

    def create_cidr_reservation(
        self,
        reservation_type: Literal["explicit", "prefix"],
        cidr_block: Any,
        _: list[dict[str, Any]] | None = None,
    ) -> SubnetCidrReservation:
        """Reserve an interval (moto enumerates its addresses, which never ends for a /80)."""
        space: AddressSpace[IPv4Network | IPv6Network] | None = self.v4 if cidr_block.version == 4 else self.v6
        if space is None:
            raise invalid(f"Reservation CIDR should be within subnet CIDR block ({self.cidr_block or self.cidr})")
        reservation = SubnetCidrReservation(self.ec2_backend, self.id, cidr_block, reservation_type, self.owner_id)
        space.reserve(cidr_block, reservation_type, reservation.id)
        self._cidr_reservations.append(reservation)
        return reservation

    def delete_subnet_cidr_reservation(self, reservation_id: str) -> SubnetCidrReservation | None:
        """Drop a reservation; None when this subnet has none of that id."""
        found = next((r for r in self._cidr_reservations if r.id == reservation_id), None)
        if found is not None:
            self._cidr_reservations.remove(found)
            self.ec2_backend.tags.pop(reservation_id, None)
            for space in (self.v4, self.v6):
                if space is not None:
                    space.unreserve(reservation_id)
        return found

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What DescribeSubnets' filter of this name compares."""
        associations = self.ipv6_cidr_block_association_set
        match filter_name:
            case "ipv6-cidr-block-association.ipv6-cidr-block":
                return [association["Ipv6CidrBlock"] for association in associations]
            case "ipv6-cidr-block-association.association-id":
                return [association["AssociationId"] for association in associations]
            case "ipv6-cidr-block-association.state":
                return [association["Ipv6CidrBlockState"]["State"] for association in associations]
            case "ipv6-native":
                return self.v4 is None
            case "subnet-arn":
                return self.arn
            case _:
                return super().get_filter_value(filter_name, method_name)


def ipv6_subnet_network(text: str, ranges: list[IPv6Network]) -> IPv6Network:
    """Parse a subnet's IPv6 CIDR; refuse what is malformed, of a wrong length, or in none of the VPC's ``ranges``."""
    try:
        network = ip_network(text)
    except ValueError:
        raise invalid(
            f"Value ({text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block."
        ) from None
    if not isinstance(network, IPv6Network) or network.prefixlen not in range(44, 65, 4):
        raise invalid(
            f"Value ({text}) for parameter ipv6CidrBlock is invalid: the length must be /44 to /64 in steps of 4"
        )
    if not any(network.subnet_of(candidate) for candidate in ranges):
        raise Refusal("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    return network
