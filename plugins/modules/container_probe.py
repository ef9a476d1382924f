#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module container_probe: pings and TCP connections from inside containers, or from the host itself."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_probe
short_description: Ping addresses and connect to TCP ports from inside containers
version_added: 0.1.0
description:
  - Sends every probe of one call at the same time, so that a whole fleet's matrix takes a few seconds.
  - The packets are made in the network namespace of the container, so that the image needs no tool for it.
  - Needs root and Python 3.9 on the host. Nothing on the host or in a container is changed.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
options:
  pings:
    description: What to ping.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container to ping from. The host itself when not given.
        type: str
      target:
        description: An IPv6 address, or a name that the host resolves to one.
        type: str
        required: true
  connects:
    description: What to connect to.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container to connect from. The host itself when not given.
        type: str
      target:
        description: An IPv6 address, or a name that the host resolves to one.
        type: str
        required: true
      port:
        description: The TCP port.
        type: int
        required: true
  count:
    description: Echo requests a target.
    type: int
    default: 3
  interval:
    description: Seconds between two echo requests to a target.
    type: float
    default: 0.2
  timeout:
    description: Seconds to wait for the last replies, and for a connection to open.
    type: float
    default: 2.0
attributes:
  check_mode:
    description: Runs the same in check mode, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Linux.
    platforms: linux
    support: full
"""

EXAMPLES = r"""
- name: See whether container web reaches another container, and answers at its own port
  ipv6.aws_containers.container_probe:
    pings:
      - {container: web, target: "2600:1f18:47b:ca03::e"}
    connects:
      - {container: web, target: "2600:1f18:47b:ca03::a", port: 80}
  register: probe
"""

RETURN = r"""
pings:
  description: One entry a ping asked for, in that order.
  returned: always
  type: list
  elements: dict
  sample:
    - container: web
      target: "2600:1f18:47b:ca03::e"
      address: "2600:1f18:47b:ca03::e"
      source: "2600:1f18:47b:ca03::a"
      sent: 3
      received: 3
      duplicates: 0
      hop_limits: [62]
      rtt_ms: 0.412
      error: ""
connects:
  description:
    - One entry a connection asked for, in that order. RV(ignore:outcome) is V(ignore:open), V(ignore:refused),
      V(ignore:timeout) (no answer) or begins with V(ignore:unreachable). RV(ignore:source) is the address that it came
      from; empty if there is none.
  returned: always
  type: list
  elements: dict
  sample:
    - container: web
      target: "2600:1f18:47b:ca03::e"
      address: "2600:1f18:47b:ca03::e"
      port: 80
      source: "2600:1f18:47b:ca03::a"
      outcome: open
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._observe import docker, icmp, names, netns, tcp

TARGET = {"container": {"type": "str"}, "target": {"type": "str", "required": True}}


def _by_container(probes: Sequence[dict]) -> dict[str | None, list[dict]]:
    grouped: dict[str | None, list[dict]] = {}
    for probe in probes:
        grouped.setdefault(probe["container"], []).append(probe)
    return grouped


def _namespace(container: str | None) -> int | None:
    """The process whose namespace to enter; None: the host's own. Raises ``LookupError`` when it does not run."""
    if container is None:
        return None
    found = docker.container(container)
    if found is None or not found["pid"]:
        raise LookupError("container {}: {}".format(container, found["status"] if found else "no such container"))
    return int(found["pid"])


def _ping(probes: Sequence[dict], addresses: dict[str, str], asked: dict) -> dict[str, dict]:
    targets = [addresses[probe["target"]] for probe in probes if addresses[probe["target"]]]
    return icmp.ping(targets, asked["count"], asked["interval"], asked["timeout"])


def _connect(probes: Sequence[dict], addresses: dict[str, str], asked: dict) -> dict[tcp.Endpoint, dict[str, str]]:
    endpoints = [(addresses[probe["target"]], probe["port"]) for probe in probes if addresses[probe["target"]]]
    sources = {address: tcp.source(address) for address, _port in endpoints}
    outcomes = tcp.connect(endpoints, asked["timeout"])
    return {endpoint: {"source": sources[endpoint[0]], "outcome": outcome} for endpoint, outcome in outcomes.items()}


def _run(asked: dict) -> dict[str, list[dict]]:
    """Every probe asked for, all containers at once → results in the order asked."""
    probes = asked["pings"] + asked["connects"]
    addresses = {name: names.first_ipv6(name) for name in dict.fromkeys(probe["target"] for probe in probes)}
    with ThreadPoolExecutor(max_workers=64) as pool:

        def submit(work: Callable, grouped: dict[str | None, list[dict]]) -> dict:
            return {
                container: pool.submit(
                    lambda container=container, group=group: netns.inside(
                        _namespace(container), lambda: work(group, addresses, asked)
                    )
                )
                for container, group in grouped.items()
            }

        pings = submit(_ping, _by_container(asked["pings"]))
        connects = submit(_connect, _by_container(asked["connects"]))
        return {
            "pings": [_ping_result(probe, addresses, pings[probe["container"]]) for probe in asked["pings"]],
            "connects": [
                _connect_result(probe, addresses, connects[probe["container"]]) for probe in asked["connects"]
            ],
        }


def _ping_result(probe: dict, addresses: dict[str, str], future: object) -> dict:
    address = addresses[probe["target"]]
    failed = {"sent": 0, "received": 0, "duplicates": 0, "hop_limits": [], "source": "", "rtt_ms": None}
    try:
        tally = future.result().get(address, dict(failed, error="the name has no IPv6 address"))  # type: ignore[attr-defined]
    except (LookupError, OSError, docker.EngineError) as error:
        tally = dict(failed, error=str(error))
    return dict(probe, address=address, **tally)


def _connect_result(probe: dict, addresses: dict[str, str], future: object) -> dict:
    address = addresses[probe["target"]]
    try:
        tried = future.result().get((address, probe["port"]))  # type: ignore[attr-defined]
        trouble = "the name has no IPv6 address"
    except (LookupError, OSError, docker.EngineError) as error:
        tried, trouble = None, str(error)
    return dict(probe, address=address, **(tried or {"source": "", "outcome": f"unreachable ({trouble})"}))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "pings": {"type": "list", "elements": "dict", "default": [], "options": TARGET},
            "connects": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": dict(TARGET, port={"type": "int", "required": True}),
            },
            "count": {"type": "int", "default": 3},
            "interval": {"type": "float", "default": 0.2},
            "timeout": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **_run(module.params))


if __name__ == "__main__":
    main()
