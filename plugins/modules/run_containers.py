#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module run_containers: documentation alone, the action plugin of this name does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: run_containers
short_description: Run containers, without showing what is in their environment
version_added: 0.1.0
description:
  - Runs M(community.docker.docker_container) for each container, one after the other.
  - Of an environment only the names are shown, not the values, in a difference and in what is returned; the host's
    journal does not get them either. All else that module returns of a container is left out, as its environment is in
    there.
  - With O(state=imaged) none is run, but their images are pulled which the host does not have, all of them, though one
    fails; so that a container is taken away only when what replaces it can be made.
  - From C(-vvv) on Ansible's way of connecting itself prints what a module answers, secrets too.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  containers:
    description: Each the options of M(community.docker.docker_container).
    type: list
    elements: dict
    required: true
  state:
    description: V(run) runs the containers, V(imaged) has their images on the host.
    type: str
    choices: [run, imaged]
    default: run
attributes:
  action:
    description: An action plugin, which runs on the controller.
    support: full
  check_mode:
    description: Says what it would change.
    support: full
  diff_mode:
    description: Shows what differs, but for the values of an environment.
    support: full
  platform:
    description: What M(community.docker.docker_container) runs on.
    platforms: linux
    support: full
"""

EXAMPLES = r"""
- name: Run a web server
  ipv6.aws_containers.run_containers:
    containers:
      - {name: web, image: "registry.example/web:1", env: {TOKEN: "{{ vaulted }}"}}
"""

RETURN = r"""
containers:
  description: By name, C(changed); with O(state=imaged) of one container of each image.
  returned: always
  type: dict
  sample: {web: {changed: true}}
"""
