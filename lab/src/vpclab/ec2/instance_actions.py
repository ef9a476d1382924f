# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API actions on instances and instance types: parameters in, answers out."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models.instances import Reservation
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import parse_user_data

from vpclab.ec2.catalogue import type_limits
from vpclab.ec2.instances import launch_tags
from vpclab.ec2.interface_actions import ipv6_ask
from vpclab.ec2.paging import page, refuse_ids_with_limit
from vpclab.ec2.refusal import Refusal, unsupported
from vpclab.ec2.wire import Plain

CONSOLE_BYTES = 64 * 1024
"""EC2 keeps the last 64 KiB of a console."""
TYPES_PER_PAGE = 100


def shown_reservation(reservation: Reservation) -> dict[str, Any]:
    """A reservation as RunInstances and DescribeInstances show it."""
    instances: list[Any] = reservation.instances
    return {
        "ReservationId": reservation.id,
        "OwnerId": reservation.owner_id,
        "Groups": [],
        "Instances": [instance.shown() for instance in instances],
    }


class InstanceActions(InstanceResponse):
    """Replaces those of moto's instance actions that are not strict enough."""

    params: dict[str, Any]

    def run_instances(self) -> ActionResult:
        """RunInstances, idempotent by ClientToken."""
        params = dict(self.params)
        for name in ("LaunchTemplate", "InstanceMarketOptions", "IamInstanceProfile"):
            if params.get(name):
                raise unsupported(f"RunInstances with {name}")
        asks = [ipv6_ask(spec) for spec in params.get("NetworkInterfaces", [])]
        moto = {
            "user_data": parse_user_data(params.get("UserData")),
            "options": {
                "instance_type": params.get("InstanceType", "m1.small"),
                "is_instance_type_default": not params.get("InstanceType"),
                "region_name": self.region,
                "key_name": params.get("KeyName"),
                "tags": launch_tags(params),
                "ebs_optimized": bool(params.get("EbsOptimized")),
                "disable_api_termination": bool(params.get("DisableApiTermination")),
                "instance_initiated_shutdown_behavior": params.get("InstanceInitiatedShutdownBehavior"),
                "monitoring_state": "enabled" if params.get("Monitoring", {}).get("Enabled") else "disabled",
                "metadata_options": params.get("MetadataOptions", {}),
                "client_token": params.get("ClientToken"),
                **({"block_device_mappings": mappings} if (mappings := self._parse_block_device_mapping()) else {}),
            },
        }
        self.error_on_dryrun()
        backend = self.ec2_backend
        if known := backend.instance_tokens.find(params):
            return Plain(shown_reservation(backend.reservations[known]))
        reservation = backend.launch(params, ipv6_ask(params), asks, **moto)
        backend.instance_tokens.remember(params, reservation.id)
        return Plain(shown_reservation(reservation))

    def terminate_instances(self) -> ActionResult:
        """TerminateInstances."""
        self.error_on_dryrun()
        changed = self.ec2_backend.terminate_instances(self._get_param("InstanceIds", []))
        return ActionResult(
            {
                "TerminatingInstances": [
                    {"InstanceId": instance.id, "CurrentState": instance._state, "PreviousState": before}
                    for instance, before in changed
                ]
            }
        )

    def describe_instances(self) -> ActionResult:
        """DescribeInstances, in pages of reservations."""
        self.error_on_dryrun()
        refuse_ids_with_limit(self.params, "InstanceIds")
        found = self.ec2_backend.found_reservations(
            self._get_param("InstanceIds", []), self._filters_from_querystring()
        )
        shown, token = page(
            found,
            lambda reservation: reservation.id,
            token=self._get_param("NextToken"),
            max_results=self._get_int_param("MaxResults"),
        )
        return Plain({"Reservations": list(map(shown_reservation, shown)), "NextToken": token})

    def describe_instance_types(self) -> ActionResult:
        """DescribeInstanceTypes, in pages of at most a hundred whether asked to or not."""
        refuse_ids_with_limit(self.params, "InstanceTypes")
        found = self.ec2_backend.describe_instance_types(
            self._get_param("InstanceTypes", []), self._filters_from_querystring()
        )
        shown, token = page(
            found,
            lambda kind: kind["InstanceType"],
            token=self._get_param("NextToken"),
            max_results=self._get_int_param("MaxResults"),
            largest=TYPES_PER_PAGE,
        )
        return ActionResult({"InstanceTypes": shown, "NextToken": token})

    def modify_instance_metadata_options(self) -> ActionResult:
        """ModifyInstanceMetadataOptions."""
        instance_id = self._get_param("InstanceId")
        options = self.ec2_backend.modify_metadata_options(instance_id, self.params)
        return ActionResult({"InstanceId": instance_id, "InstanceMetadataOptions": options})

    def get_console_output(self) -> ActionResult:
        """GetConsoleOutput: what the machine has written, its last 64 KiB."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if self._get_param("Latest") and not type_limits(instance.instance_type).nitro:
            raise Refusal("UnsupportedOperation", f"{instance.instance_type} does not support latest console output")
        output = self.ec2_backend.machines.console_output(instance.id).encode()[-CONSOLE_BYTES:]
        return ActionResult(
            {
                "InstanceId": instance.id,
                "Timestamp": utcnow(),
                "Output": Base64EncodedString.from_encoded_bytes(b64encode(output)) if output else None,
            }
        )

    def reboot_instances(self) -> ActionResult:
        """RebootInstances."""
        self.error_on_dryrun()
        self.ec2_backend.reboot_instances(self._get_param("InstanceIds", []))
        return EmptyResult()
