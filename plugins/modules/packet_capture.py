#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module packet_capture: which IPv6 packets arrive at a host, without tcpdump."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packet_capture
short_description: Count the IPv6 packets that arrive at a host, by source, destination, kind and hop limit
version_added: 0.1.0
description:
  - C(state=started) opens the capture and returns; what arrives from then on is counted in the background.
  - C(state=collected) returns the counts and ends the capture.
  - Needs root and Python 3.9 on the host, and no other program. Nothing on the host is changed.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.observing
options:
  name:
    description: Name of the capture; two at a time need two names.
    type: str
    default: verify
  state:
    description: Whether to begin the capture or to fetch what it saw. Starting one that runs begins it anew.
    type: str
    choices: [started, collected]
    required: true
  interface:
    description: The interface to capture on. All of them when not given.
    type: str
  networks:
    description: Count only packets from or to these networks, e.g. the containers' prefixes. All packets when empty.
    type: list
    elements: str
    default: []
  seconds:
    description: The capture ends by itself after this time if nobody collects it.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Capture what comes to the containers
  ipv6.aws_containers.packet_capture:
    state: started
    interface: ens5
    networks: ["2600:1f18:47b:ca03::8/126"]

- name: See what came
  ipv6.aws_containers.packet_capture:
    state: collected
  register: capture
"""

RETURN = r"""
flows:
  description: One entry a kind of packet, sorted. Only with C(state=collected).
  returned: when collected
  type: list
  elements: dict
  sample:
    - interface: ens5
      source: "2600:1f18:47b:ca03::e"
      destination: "2600:1f18:47b:ca03::a"
      protocol: icmpv6
      kind: 128
      port: 0
      hop_limit: 63
      count: 3
received:
  description: Packets that the capture was given by the kernel, those left out by O(networks) included.
  returned: when collected
  type: int
dropped:
  description: Packets that the kernel could not hand to the capture. The counts are complete only when this is 0.
  returned: when collected
  type: int
overflow:
  description: Packets not counted because there were more kinds of them than the capture keeps apart.
  returned: when collected
  type: int
"""

import ipaddress
from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._observe import capture


def _intervals(networks: Sequence[str]) -> list[tuple[int, int]]:
    """Networks as (first address, mask) numbers. Raises ``CaptureError`` naming the bad one."""
    found = []
    for index, text in enumerate(networks):
        try:
            network = ipaddress.IPv6Network(text)
        except ValueError as error:
            raise capture.CaptureError(f"networks[{index}]: must be an IPv6 network: {error}") from error
        found.append((int(network.network_address), int(network.netmask)))
    return found


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "verify"},
            "state": {"type": "str", "choices": ["started", "collected"], "required": True},
            "interface": {"type": "str"},
            "networks": {"type": "list", "elements": "str", "default": []},
            "seconds": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    asked = module.params
    result: dict = {}
    try:
        if asked["state"] == "started":
            capture.start(asked["name"], asked["interface"], _intervals(asked["networks"]), asked["seconds"])
        else:
            result = capture.collect(asked["name"])
    except (capture.CaptureError, OSError) as error:
        module.fail_json(msg=f"packet_capture: {error}")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
