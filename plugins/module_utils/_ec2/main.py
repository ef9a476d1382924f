# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules' mains have in common: a client with our retries, and errors turned into failures in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._plan.errors import PlanError
from .api import RETRIES, Ec2Api, Ec2Error
from .waiters import WaitTimeout


def connect(client: Callable[..., Any]) -> Ec2Api:
    """EC2's verbs over the client that ``client(service, config=…)`` makes."""
    return Ec2Api(client("ec2", config=RETRIES))


def failure_of(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """The result of ``work`` and whether it failed: the arguments of ``exit_json`` or ``fail_json``."""
    try:
        return work(), False
    except PlanError as error:
        return {"msg": str(error), "violations": [violation.to_dict() for violation in error.violations]}, True
    except Ec2Error as error:
        return {"msg": str(error), "error_code": error.code}, True
    except WaitTimeout as error:
        return {"msg": str(error)}, True
