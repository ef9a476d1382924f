# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of modules that only look."""

from __future__ import annotations


class ModuleDocFragment:
    """What holds of every module that looks at a host and changes nothing; where more is to be said, it says so."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Runs the same in check mode, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Any Linux with Python 3.9.
    platforms: linux
    support: full
"""
