# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EC2 endpoint on moto, as strict as EC2: addresses, limits, states, dependencies, pages, tokens."""

from vpclab.ec2.endpoint import Endpoint, NullMachines
from vpclab.ec2.server import Server, serve

__all__ = ["Endpoint", "NullMachines", "Server", "serve"]
