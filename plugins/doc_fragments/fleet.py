# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of every module that talks to EC2 about a fleet."""

    DOCUMENTATION = r"""
options:
  fleet:
    description:
      - The name of the fleet. Network interfaces are found by the tags C(ipv6.aws_containers:fleet) and
        C(ipv6.aws_containers:host), so several fleets can share a subnet without touching each other's hosts.
      - 1 to 100 letters, digits, dots, dashes or underscores.
    type: str
    default: default
"""

    PROGRESS = r"""
options:
  progress_file:
    description:
      - A file to which the module appends a line for each change that it makes, and for what it waits for.
      - The collection's action plugin sets it where the module runs on the controller itself (a local connection), and
        shows the lines on the screen as they come, about one a second. Elsewhere progress goes to the system's log
        alone.
    type: path
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/ipv6.aws_containers.aws) in C(module_defaults) to set the connection options of all modules
      once.
    support: full
    membership:
      - ipv6.aws_containers.aws
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
"""
