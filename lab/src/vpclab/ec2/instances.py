# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances: launched only when everything about them is right; their interfaces outlive or follow them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from moto.ec2.exceptions import InvalidAMIIdError, InvalidInstanceIdError, InvalidKeyPairNameError
from moto.ec2.models.instances import MetadataOptions, Reservation
from moto.ec2.utils import convert_tag_spec

from vpclab.ec2.catalogue import TypeLimits, type_limits
from vpclab.ec2.filters import select
from vpclab.ec2.instance import LabInstance
from vpclab.ec2.interface import Ipv6Ask, LabInterface
from vpclab.ec2.interfaces import InterfaceBackend, different_zones
from vpclab.ec2.refusal import Refusal, invalid
from vpclab.ec2.tokens import ClientTokens
from vpclab.topology import Machines

TERMINATED_SECONDS = 3600
"""How long EC2 shows a terminated instance, about."""
METADATA_OPTIONS = {
    "HttpTokens": "http_tokens",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
    "HttpEndpoint": "http_endpoint",
    "HttpProtocolIpv6": "http_protocol_ipv6",
    "InstanceMetadataTags": "instance_metadata_tags",
}


class LabInstanceBackend(InterfaceBackend):
    """All that, with instances on interfaces that exist before them."""

    machines: Machines
    instance_tokens: ClientTokens
    instances: dict[str, LabInstance]

    # Launch -----------------------------------------------------------------------------------------------------------

    def launch(self, params: Mapping[str, Any], ask: Ipv6Ask, asks: Sequence[Ipv6Ask], **moto: Any) -> Reservation:
        """Run instances after all checks. ``ask`` is the request's own IPv6 part, ``asks`` those of its interfaces."""
        count = int(params["MaxCount"])
        specs: list[dict[str, Any]] = [dict(spec) for spec in params.get("NetworkInterfaces", [])]
        limits = self._check_launch(params, specs, ask, count)
        existing = [self.get_network_interface(spec["NetworkInterfaceId"]) for spec in specs if _has_eni(spec)]
        for eni in existing:
            self.require_free(eni)
            limits.check_interface(len(eni.private_ips), len(eni.addresses), len(eni.prefixes))
        if not specs:
            specs, asks = [_inline_spec(params)], [ask]
        for one_ask in asks:
            one_ask.require_addresses_or_count()
        subnets = [
            self.get_network_interface(spec["NetworkInterfaceId"]).subnet
            if _has_eni(spec)
            else self.get_subnet(spec["SubnetId"])
            for spec in specs
        ]
        for subnet in subnets:
            limits.check_subnet(subnet.v4 is None)
        zone = params.get("Placement", {}).get("AvailabilityZone")
        if len({subnet.availability_zone for subnet in subnets} | ({zone} if zone else set())) > 1:
            raise different_zones()
        reservation = Reservation("", "")
        for index in range(count):
            made = self._make_interfaces(specs, asks, limits)
            nics = [
                {"DeviceIndex": int(spec.get("DeviceIndex", 0)), "NetworkInterfaceId": eni.id}
                for spec, eni in zip(specs, made, strict=True)
            ]
            one = self.run_instances(
                params["ImageId"], 1, moto["user_data"], [], nics=nics, **moto["options"] | {"subnet_id": subnets[0].id}
            )
            one.instances[0].ami_launch_index = index
            if index == 0:
                reservation = one
            else:
                reservation.instances += one.instances
                del self.reservations[one.id]
        return reservation

    def _check_launch(
        self, params: Mapping[str, Any], specs: Sequence[Mapping[str, Any]], ask: Ipv6Ask, count: int
    ) -> TypeLimits:
        if not params.get("ImageId"):
            raise Refusal("MissingParameter", "The request must contain the parameter ImageId")
        if params["ImageId"] not in self.amis:
            raise InvalidAMIIdError(params["ImageId"])
        limits = type_limits(params.get("InstanceType") or "m1.small")
        architecture = self.amis[params["ImageId"]].architecture
        if architecture not in limits.architectures:
            raise invalid(
                f"The architecture '{', '.join(limits.architectures)}' of the specified instance type does not match "
                f"the architecture '{architecture}' of the specified AMI."
            )
        key = params.get("KeyName")
        if key and key not in self.key_pairs:
            raise InvalidKeyPairNameError(key)
        self._check_specs(params, specs, ask, count)
        if len(specs) > limits.interfaces:
            raise Refusal(
                "AttachmentLimitExceeded", f"Interface count {len(specs)} exceeds the limit for {limits.name}"
            )
        return limits

    @staticmethod
    def _check_specs(params: Mapping[str, Any], specs: Sequence[Mapping[str, Any]], ask: Ipv6Ask, count: int) -> None:
        if not specs:
            if not params.get("SubnetId"):
                raise Refusal("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
            return
        both = "Network interfaces and an instance-level {} may not be specified on the same request"
        for name, words in (
            ("SubnetId", "subnet ID"),
            ("SecurityGroupIds", "security groups"),
            ("PrivateIpAddress", "private IP address"),
        ):
            if params.get(name):
                raise Refusal("InvalidParameterCombination", both.format(words))
        if ask:
            raise Refusal("InvalidParameterCombination", both.format("IPv6 addresses"))
        indexes = [int(spec.get("DeviceIndex", 0)) for spec in specs]
        if 0 not in indexes or len(set(indexes)) != len(indexes):
            raise invalid(f"Each network interface requires a device index of its own, one of them 0; got {indexes}")
        if count > 1 and any(map(_has_eni, specs)):
            raise Refusal(
                "InvalidParameterCombination", "A network interface may not be specified when launching many instances"
            )
        for spec in specs:
            if _has_eni(spec) and any(spec.get(name) for name in ("SubnetId", "Groups", "Ipv6Addresses")):
                raise Refusal(
                    "InvalidParameterCombination",
                    "A network interface may not specify both a network interface ID and what a new one would be",
                )

    def _make_interfaces(
        self, specs: Sequence[Mapping[str, Any]], asks: Sequence[Ipv6Ask], limits: TypeLimits
    ) -> list[LabInterface]:
        made: list[LabInterface] = []
        new: list[LabInterface] = []
        try:
            for spec, ask in zip(specs, asks, strict=True):
                if _has_eni(spec):
                    eni = self.get_network_interface(spec["NetworkInterfaceId"])
                    eni.delete_on_termination = bool(spec.get("DeleteOnTermination", False))
                else:
                    eni = self.create_network_interface(
                        spec["SubnetId"],
                        spec.get("PrivateIpAddress"),
                        spec.get("PrivateIpAddresses"),
                        spec.get("Groups"),
                        spec.get("Description"),
                        spec.get("Tags"),
                        delete_on_termination=spec.get("DeleteOnTermination", True),
                        ipv6=ask,
                        primary_ipv6=bool(spec.get("PrimaryIpv6")),
                        secondary_ips_count=spec.get("SecondaryPrivateIpAddressCount"),
                    )
                    new.append(eni)
                    limits.check_interface(len(eni.private_ips), len(eni.addresses), len(eni.prefixes))
                made.append(eni)
        except Exception:
            for eni in new:
                self.delete_network_interface(eni.id)
            raise
        return made

    # Life -------------------------------------------------------------------------------------------------------------

    def start_instances(self, instance_ids: list[str]) -> list[tuple[Any, Any]]:
        """Start instances which are stopped; one that runs stays as it is."""
        return [self._want(instance, "running") for instance in self._all_in(instance_ids, "running", "stopped")]

    def stop_instances(self, instance_ids: list[str]) -> list[tuple[Any, Any]]:
        """Stop instances which run."""
        return [
            self._want(instance, "stopped") for instance in self._all_in(instance_ids, "pending", "running", "stopped")
        ]

    def reboot_instances(self, instance_ids: list[str]) -> list[Any]:
        """Boot running instances once more."""
        found = self._all_in(instance_ids, "pending", "running")
        for instance in found:
            instance.boot_again()
        return list(found)

    def terminate_instances(self, instance_ids: list[str]) -> list[tuple[Any, Any]]:
        """Terminate instances; a second time does nothing."""
        if not instance_ids:
            raise Refusal("InvalidParameterCombination", "No instances specified")
        found = [self.get_instance(instance_id) for instance_id in instance_ids]
        for instance in found:
            if instance.disable_api_termination:
                raise Refusal(
                    "OperationNotPermitted",
                    f"The instance '{instance.id}' may not be terminated: its 'disableApiTermination' is set.",
                )
        return [self._want(instance, "terminated") for instance in found]

    def _all_in(self, instance_ids: Sequence[str], *states: str) -> list[LabInstance]:
        found = [self.get_instance(instance_id) for instance_id in instance_ids]
        for instance in found:
            if instance.state not in states:
                raise Refusal(
                    "IncorrectInstanceState",
                    f"This instance '{instance.id}' is not in a state from which it can do that.",
                )
        return found

    @staticmethod
    def _want(instance: LabInstance, wanted: Any) -> tuple[LabInstance, Any]:
        before = instance._state
        if wanted == "running" and before.name == "stopped":
            instance.boot_again()
        instance.wanted = wanted
        return instance, before

    def settle(self) -> bool:
        """Let go of what terminated instances held, once their machines are gone; whether anything changed.

        An interface made before the launch becomes available, one made by the launch is deleted.
        """
        now = time.monotonic()
        terminated = [i for i in self.instances.values() if i.wanted == "terminated"]
        for instance in terminated:
            if instance.released is not None and now - instance.released > TERMINATED_SECONDS:
                self._forget(instance)
        gone = [i for i in terminated if i.released is None and i._state.name == "terminated"]
        for instance in gone:
            instance.released = now
            instance._subnet_id = None
            for eni in list(instance.nics.values()):
                instance.detach_eni(eni)
                if eni.delete_on_termination:
                    self.delete_network_interface(eni.id)
            instance.teardown_defaults()
        return bool(gone)

    def _forget(self, instance: LabInstance) -> None:
        del self.instances[instance.id]
        self.tags.pop(instance.id, None)
        for key, reservation in list(self.reservations.items()):
            reservation.instances = [other for other in reservation.instances if other is not instance]
            if not reservation.instances:
                del self.reservations[key]

    # Look -------------------------------------------------------------------------------------------------------------

    def get_instance(self, instance_id: str) -> LabInstance:
        """The instance with this id, or the refusal that there is none."""
        try:
            return self.instances[instance_id]
        except KeyError:
            raise InvalidInstanceIdError([instance_id]) from None

    def get_instance_by_id(self, instance_id: str) -> LabInstance | None:
        """The instance with this id, if there is one."""
        return self.instances.get(instance_id)

    def get_multi_instances_by_id(self, instance_ids: list[str], filters: Any = None) -> list[Any]:
        """The instances with these ids which match moto's own kind of filters."""
        return [i for i in map(self.get_instance, instance_ids) if i.applies(filters)]

    def found_reservations(
        self, instance_ids: Sequence[str], filters: Mapping[str, Sequence[str]]
    ) -> list[Reservation]:
        """The reservations, each with those of its instances that have these ids (or any) and match the filters."""
        wanted = {self.get_instance(instance_id).id for instance_id in instance_ids}
        compared = dict(filters)
        reservation_ids = compared.pop("reservation-id", None)
        found = []
        for reservation in self.reservations.values():
            if reservation_ids is not None and reservation.id not in reservation_ids:
                continue
            mine: list[Any] = [i for i in reservation.instances if not wanted or i.id in wanted]
            if shown := select(mine, compared):
                copy = Reservation(reservation.id, reservation.owner_id)
                copy.instances = shown
                found.append(copy)
        return found

    def modify_metadata_options(self, instance_id: str, params: Mapping[str, Any]) -> MetadataOptions:
        """Change the metadata options that are named, and no other (moto resets the rest)."""
        instance = self.get_instance(instance_id)
        options = copy(instance.metadata_options)
        for name, attribute in METADATA_OPTIONS.items():
            if name in params:
                setattr(options, attribute, params[name])
        instance.metadata_options = options
        return options


def launch_tags(params: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The tags of a launch, by resource type."""
    return convert_tag_spec(params.get("TagSpecifications", []))


def _has_eni(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("NetworkInterfaceId"))


def _inline_spec(params: Mapping[str, Any]) -> dict[str, Any]:
    """The one interface of a request that describes it at the instance's level."""
    return {
        "DeviceIndex": 0,
        "SubnetId": params["SubnetId"],
        "Groups": params.get("SecurityGroupIds"),
        "PrivateIpAddress": params.get("PrivateIpAddress"),
        "PrimaryIpv6": params.get("EnablePrimaryIpv6"),
    }
