# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module of the same name, with its progress on the screen."""

from __future__ import annotations

from ansible_collections.ipv6.aws_containers.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """M(ipv6.aws_containers.host_keys)."""
