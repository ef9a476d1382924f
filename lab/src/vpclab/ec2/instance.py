# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One instance: what the API wants of it, and the state that its machine has reached."""

from __future__ import annotations

import base64
from typing import Any, Literal

from moto.ec2.models.instances import Instance, InstanceState

from vpclab.ec2.interface import LabInterface
from vpclab.ec2.recorded import Recorded
from vpclab.ec2.resources import ROOT_DEVICE
from vpclab.topology import InstanceState as StateName

STATE_CODES: dict[StateName, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}


def state_name(wanted: str, reported: StateName, was_up: bool) -> StateName:
    """The state that EC2 would show: what is wanted once the machine is there, the way to it until then.

    A machine which was up since its last start (``was_up``) and has stopped, though it should run, was shut down from
    the inside: that is an ordinary ``stopped`` on EC2.
    """
    down = reported in ("stopped", "terminated")
    if wanted == "terminated":
        return "terminated" if reported == "terminated" else "shutting-down"
    if wanted == "stopped":
        return "stopped" if down else "stopping"
    if reported == "running":
        return "running"
    return "stopped" if was_up and down else "pending"


class LabInstance(Recorded, Instance):
    """moto's instance, whose state comes from the machines and whose interfaces exist before it does.

    ``shown_state`` is set only while a late read looks at what it was.
    """

    wanted: Literal["running", "stopped", "terminated"] = "running"
    boots: int = 1
    was_up: bool = False
    released: float | None = None
    shown_state: StateName | None = None
    nics: dict[int, LabInterface]  # type: ignore[assignment]  # nobody makes others

    def __del__(self) -> None:
        """Nothing: moto gives addresses back here, the lab does when an interface goes."""

    @property
    def _state(self) -> InstanceState:
        if self.shown_state is not None:
            return InstanceState(self.shown_state, STATE_CODES[self.shown_state])
        if self.released is not None:
            return InstanceState("terminated", STATE_CODES["terminated"])
        reported = self.ec2_backend.machines.state(self.id)
        if reported == "running" and not self.was_up:
            self.was_up = True
        name = state_name(self.wanted, reported, self.was_up)
        return InstanceState(name, STATE_CODES[name])

    @_state.setter
    def _state(self, _: InstanceState) -> None:
        """moto sets it once in its constructor, where nothing is known of the machine yet."""

    def boot_again(self) -> None:
        """Ask the machine for one more boot."""
        self.boots += 1
        self.was_up = False

    def prep_nics(self, nic_spec: list[dict[str, Any]], *_: Any, **__: Any) -> None:
        """Attach the interfaces, which the backend has found or made by now."""
        self.nics = {}
        for spec in nic_spec:
            self.attach_eni(self.ec2_backend.get_network_interface(spec["NetworkInterfaceId"]), spec["DeviceIndex"])
        # The last step of the constructor: the volumes come next, and look the instance up.
        self.ec2_backend.instances[self.id] = self

    def attach_eni(self, eni: Any, device_index: int) -> str:
        """Attach an interface; the caller has checked that it may be."""
        self.nics = {**self.nics, int(device_index): eni}
        return super().attach_eni(eni, device_index)

    def detach_eni(self, eni: Any) -> None:
        """Detach an interface."""
        self.nics = {index: nic for index, nic in self.nics.items() if nic is not eni}
        super().detach_eni(eni)

    def setup_defaults(self) -> None:
        """Make the root volume under the name that the image gives it."""
        volume = self.ec2_backend.create_volume(size=8, zone_name=self.availability_zone)
        self.ec2_backend.attach_volume(volume.id, self.id, ROOT_DEVICE, True)

    @property
    def source_dest_check(self) -> bool:
        """The check of the first interface, which an instance's attribute stands for."""
        return self.nics[0].source_dest_check if getattr(self, "nics", None) else True

    @source_dest_check.setter
    def source_dest_check(self, value: bool) -> None:
        if getattr(self, "nics", None):
            self.nics[0].source_dest_check = value

    @property
    def security_groups(self) -> Any:
        """The groups of the first interface: an instance has no others."""
        return self.nics[0].group_set if getattr(self, "nics", None) else []

    @security_groups.setter
    def security_groups(self, groups: Any) -> None:
        if getattr(self, "nics", None):
            self.nics[0]._group_set = list(groups)

    @property
    def network_interfaces(self) -> list[dict[str, Any]]:
        """The interfaces as DescribeInstances shows them, by device index."""
        return [self.nics[index].shown_by_instance() for index in sorted(self.nics)]

    @property
    def ipv6_address(self) -> str | None:
        """The address that DescribeInstances shows for the instance itself."""
        addresses = self.nics[0].addresses if 0 in self.nics else []
        return str(addresses[0]) if addresses else None

    @property
    def private_ip_address(self) -> str | None:
        """The primary private address, none once it is terminated."""
        return self.nics[0].private_ip_address if 0 in self.nics else None

    @property
    def private_ip(self) -> str | None:
        """The same, under moto's other name."""
        return self.private_ip_address

    @property
    def private_dns_name(self) -> str:
        """The internal name of the primary address, or of the instance itself if it has no IPv4; "" when terminated."""
        return (self.nics[0].private_dns_name or f"{self.id}.ec2.internal") if 0 in self.nics else ""

    @property
    def public_ip(self) -> None:
        """None: the lab gives no public IPv4 addresses."""

    @property
    def public_ip_address(self) -> None:
        """None, as above."""

    @property
    def user_data_bytes(self) -> bytes:
        """The user data as the host reads it."""
        return base64.b64decode(str(self.user_data)) if self.user_data else b""

    def shown(self) -> dict[str, Any]:
        """The instance as RunInstances and DescribeInstances show it."""
        state, options = self._state, self.metadata_options
        return {
            "AmiLaunchIndex": self.ami_launch_index,
            "Architecture": self.architecture,
            "BlockDeviceMappings": [
                {
                    "DeviceName": device,
                    "Ebs": {
                        "AttachTime": volume.attach_time,
                        "DeleteOnTermination": volume.delete_on_termination,
                        "Status": self.get_block_device_status(volume.status),
                        "VolumeId": volume.volume_id,
                    },
                }
                for device, volume in self.block_device_mapping.items()
            ],
            "ClientToken": self.client_token,
            "EbsOptimized": self.ebs_optimized,
            "EnaSupport": True,
            "Hypervisor": self.hypervisor,
            "ImageId": self.image_id,
            "InstanceId": self.id,
            "InstanceType": self.instance_type,
            "Ipv6Address": self.ipv6_address,
            "KeyName": self.key_name or None,
            "LaunchTime": self.launch_time,
            "MetadataOptions": {
                "State": options.state,
                "HttpTokens": options.http_tokens,
                "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
                "HttpEndpoint": options.http_endpoint,
                "HttpProtocolIpv6": options.http_protocol_ipv6,
                "InstanceMetadataTags": options.instance_metadata_tags,
            },
            "Monitoring": {"State": self.monitoring_state},
            "NetworkInterfaces": self.network_interfaces,
            "Placement": {"AvailabilityZone": self.availability_zone, "GroupName": "", "Tenancy": "default"},
            "PrivateDnsName": self.private_dns_name,
            "PrivateIpAddress": self.private_ip_address,
            "ProductCodes": [],
            "PublicDnsName": "",
            "RootDeviceName": self.root_device_name,
            "RootDeviceType": self.root_device_type,
            "SecurityGroups": [{"GroupId": group.id, "GroupName": group.name} for group in self.security_groups],
            "SourceDestCheck": self.source_dest_check,
            "State": {"Code": state.code, "Name": state.name},
            "StateTransitionReason": "",
            "SubnetId": self.subnet_id,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
            "VirtualizationType": self.virtualization_type,
            "VpcId": self.vpc_id,
        }

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What DescribeInstances' filter of this name compares."""
        if filter_name.startswith("network-interface.") and filter_name.count(".") >= 1:
            own = filter_name.removeprefix("network-interface.")
            return [nic.get_filter_value(own, method_name) for nic in self.nics.values()]
        match filter_name:
            case "instance-state-name":
                return self._state.name
            case "instance-state-code":
                return self._state.code
            case "instance-id":
                return self.id
            case "instance.group-id" | "group-id":
                return [group.id for group in self.security_groups]
            case "instance.group-name" | "group-name":
                return [group.name for group in self.security_groups]
            case "availability-zone":
                return self.availability_zone
            case "ip-address" | "dns-name":
                return None
            case "metadata-options.http-tokens":
                return self.metadata_options.http_tokens
            case "ipv6-address":
                return [str(address) for nic in self.nics.values() for address in nic.addresses]
            case _:
                if hasattr(self, attribute := filter_name.replace("-", "_")):
                    return getattr(self, attribute)
                return super().get_filter_value(filter_name, method_name or "DescribeInstances")
