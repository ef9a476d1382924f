# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the endpoint says no: an error code and a message, as EC2's answers carry them."""

from __future__ import annotations


class Refusal(Exception):
    """A request that EC2 would refuse.

    ``code`` is EC2's error code, ``status`` the HTTP status of the answer. A code that is not recorded anywhere for the
    case at hand is ``InvalidParameterValue``, and the place that raises it says so.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refusal:
    """An ``InvalidParameterValue`` refusal."""
    return Refusal("InvalidParameterValue", message)


def dependency(message: str) -> Refusal:
    """A ``DependencyViolation`` refusal: something still needs what is to be deleted."""
    return Refusal("DependencyViolation", message)


def unsupported(message: str) -> Refusal:
    """Something that EC2 offers and the lab does not: status 501, which no client retries."""
    return Refusal("UnsupportedOperation", f"the lab does not offer this: {message}", status=501)
