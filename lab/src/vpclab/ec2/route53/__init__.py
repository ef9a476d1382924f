# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route 53, as strict as it is: hosted zones, their record sets, and what a resolver is told of them."""

from vpclab.ec2.route53.wire import Route53
from vpclab.ec2.route53.zones import Zones

__all__ = ["Route53", "Zones"]
