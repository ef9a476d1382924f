# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All API actions of the endpoint: the lab's own before moto's."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

import moto.core.responses
from moto.core.utils import method_names_from_class
from moto.ec2.responses import EC2Response

from vpclab.ec2.instance_actions import InstanceActions
from vpclab.ec2.interface_actions import InterfaceActions
from vpclab.ec2.network_actions import GroupActions, SubnetActions

if TYPE_CHECKING:
    from vpclab.ec2.backend import LabBackend


class LabActions(InterfaceActions, InstanceActions, SubnetActions, GroupActions, EC2Response):
    """One request: moto makes an object of this class for each."""

    # moto always says ``pending`` in the answer of a launch, also in a repeated one: here the machines know.
    RESPONSE_KEY_PATH_TO_TRANSFORMER: ClassVar = {  # type: ignore[misc]  # moto declares it as an instance's
        path: transform
        for path, transform in EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if path != "RunInstances.Reservation.Instances.Instance.State"
    }

    def __init__(self, backend: LabBackend) -> None:
        super().__init__()
        self._backend = backend

    @property
    def ec2_backend(self) -> LabBackend:
        """The region's state."""
        return self._backend


def install() -> None:
    """Let moto look up a class's actions once, not with ``inspect`` in every request (a third of a call's time)."""
    moto.core.responses.method_names_from_class = cache(method_names_from_class)
