# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A core's refusal is Ansible's error; a mistake of the core is not."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Violation
from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._errors import translated


def core(answer: object, *, twice: bool = False) -> object:
    """What a core says."""
    if isinstance(answer, Exception):
        raise answer
    return [answer, answer] if twice else answer


def test_a_refusal_is_ansibles_error_and_says_where_it_is_from():
    refusal = PlanError([Violation("hosts[a].container_mode", "must be block or prefix", "x")])
    with pytest.raises(AnsibleFilterError) as caught:
        translated(core, "plan: ")(refusal)
    assert caught.value.message == "plan: hosts[a].container_mode: must be block or prefix, got x"
    with pytest.raises(AnsibleFilterError, match="is short"):
        translated(core, of=ValueError)(ValueError("is short"))


def test_answers_and_other_errors_pass():
    assert translated(core)(4, twice=True) == [4, 4]
    assert translated(core).__doc__ == core.__doc__
    with pytest.raises(ValueError, match="a mistake"):
        translated(core)(ValueError("a mistake"))
