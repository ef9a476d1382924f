# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cores' refusals as Ansible's errors: all that a filter adds to a core."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

_Function = TypeVar("_Function", bound=Callable[..., object])


def translated(function: _Function, begin: str = "", of: type[Exception] = PlanError) -> _Function:
    """The function, but an ``of`` that it raises becomes AnsibleFilterError, its text after ``begin``."""

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        try:
            return function(*args, **kwargs)
        except of as error:
            raise AnsibleFilterError(f"{begin}{error}") from error

    return call  # type: ignore[return-value]
