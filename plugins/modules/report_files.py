#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module report_files: documentation alone, the action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_files
short_description: Write reports on the controller
version_added: 0.1.0
description:
  - Writes files on the controller, whatever host the task is for, and makes their folders. Each is whole or not there.
  - A report says how something is; to write it is no change. Writes in check mode too.
  - Replaces M(ansible.builtin.copy) on the controller where many small runs count, as it starts no process.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where to write. Relative to the folder that C(ansible-playbook) was started in.
        type: path
        required: true
      content:
        description: The whole content.
        type: str
        required: true
attributes:
  action:
    description: Runs as an action plugin; nothing is run on the host.
    support: full
  check_mode:
    description: Writes in check mode too.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Any.
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Write the report
  ipv6.aws_containers.report_files:
    files:
      - path: build/verify.json
        content: "{{ verify_report | to_nice_json }}"
"""

RETURN = r"""
paths:
  description: The files that were written.
  returned: always
  type: list
  elements: str
  sample: [build/verify.json]
"""
