# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's error codes that mean something to us.

All are from "Error codes for the Amazon EC2 API" in its API reference, but for those that name another source.
"""

from __future__ import annotations

# The call may be made again later, as it is.
THROTTLED = "RequestLimitExceeded"

# What is to be taken away is gone already.
INTERFACE_GONE = "InvalidNetworkInterfaceID.NotFound"
# Not in the reference; HashiCorp's AWS provider expects it of DeleteSubnetCidrReservation.
RESERVATION_GONE = "InvalidSubnetCidrReservationID.NotFound"
SUBNET_GONE = "InvalidSubnetID.NotFound"

INTERFACE_IN_USE = "InvalidNetworkInterface.InUse"
ADDRESS_IN_USE = "InvalidIPAddress.InUse"
# The same token with other parameters: another run has made the host's interface.
TOKEN_USED = "IdempotentParameterMismatch"
# The network is another subnet's: of a run that was faster, or of somebody else.
SUBNET_CONFLICT = "InvalidSubnet.Conflict"

# The console can't be read up to now on types that aren't built on Nitro.
UNSUPPORTED = "UnsupportedOperation"

# Refusals that someone else's work may have brought about, or a read that lagged it: describing again decides.
# EC2 does not document its code for an IPv6 address within another's prefix, and for a reservation that overlaps it
# answers InvalidParameterValue (seen in an issue of HashiCorp's AWS provider).
CONFLICTS = frozenset(
    {
        ADDRESS_IN_USE,
        INTERFACE_GONE,
        INTERFACE_IN_USE,
        TOKEN_USED,
        "InvalidParameterValue",
        "InvalidParameter",
        # Of AttachNetworkInterface: the instance went, is going, or has got another interface.
        "InvalidInstanceID.NotFound",
        "IncorrectInstanceState",
        "IncorrectState",
        "AttachmentLimitExceeded",
    }
)
