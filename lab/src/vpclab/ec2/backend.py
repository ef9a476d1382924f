# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of one region: the lab's parts before moto's."""

from __future__ import annotations

from ipaddress import IPv6Network
from random import Random
from typing import Any

import moto.ec2.models.instances
import moto.ec2.models.vpcs
from moto.ec2.models.vpcs import VPC

from vpclab.ec2.instance import LabInstance
from vpclab.ec2.instances import LabInstanceBackend
from vpclab.ec2.network import next_vpc_network, vpc_ipv6
from vpclab.ec2.resources import ImageBackend, LabTagBackend
from vpclab.ec2.tokens import ClientTokens
from vpclab.topology import Machines

ACCOUNT = "123456789012"
"""Every credential is this account's."""


class LabBackend(LabInstanceBackend, LabTagBackend, ImageBackend):
    """One region of the account."""

    def __init__(self, region_name: str, machines: Machines, vpcs: dict[str, LabBackend]) -> None:
        self.machines = machines
        self.random = Random()
        self.instances: dict[str, LabInstance] = {}
        self.interface_tokens = ClientTokens()
        self.instance_tokens = ClientTokens()
        self._regions = vpcs
        super().__init__(region_name, ACCOUNT)

    def create_vpc(self, *args: Any, **kwargs: Any) -> VPC:
        """Make a VPC; an Amazon-provided network is one that no VPC of any region has."""
        self._offer_network()
        return super().create_vpc(*args, **kwargs)

    def associate_vpc_cidr_block(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give a VPC a further network; the same holds."""
        self._offer_network()
        return super().associate_vpc_cidr_block(*args, **kwargs)

    def _offer_network(self) -> None:
        taken: list[IPv6Network] = [
            network for region in self._regions.values() for vpc in region.vpcs.values() for network in vpc_ipv6(vpc)
        ]
        # moto draws the network inside a constructor, by this module function; the endpoint's lock is held here.
        moto.ec2.models.vpcs.random_ipv6_cidr = lambda: str(next_vpc_network(taken))


def install() -> None:
    """Let moto make the lab's instances."""
    moto.ec2.models.instances.Instance = LabInstance  # type: ignore[misc]  # a class of moto's, on purpose
