#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module container_probe: pings, connections, path MTUs and names from inside containers, or from the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_probe
short_description: Ping addresses, find path MTUs, resolve names and connect to TCP ports from inside containers
version_added: 0.1.0
description:
  - Sends every probe of one call at the same time, so that a whole fleet's matrix takes a few seconds.
  - The packets are made in the network namespace of the container, so that the image needs no tool for it.
  - Needs root and Python 3.9 on the host. Nothing on the host or in a container is changed.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.observing
options:
  pings:
    description: What to ping.
    type: list
    elements: dict
    default: []
    suboptions: &way
      container:
        description: Name of the container to send from. The host itself when not given.
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
      <<: *way
      port:
        description: The TCP port.
        type: int
        required: true
  mtus:
    description:
      - Where to find out how large a packet may be. Whole packets of the interface's own MTU are sent, then of the size
        that a Packet Too Big names, or of 1280 octets where nothing answers.
      - A Packet Too Big is remembered by the container's kernel for its time, as after any other packet.
    type: list
    elements: dict
    default: []
    suboptions: *way
  names:
    description: Which names to ask IPv6 addresses of, of the resolvers in the container's own C(/etc/resolv.conf).
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container to ask from. The host itself, with its own resolvers, when not given.
        type: str
      target:
        description: A name.
        type: str
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
mtus:
  description:
    - One entry a path asked for, in that order. RV(ignore:size) is the interface's MTU, RV(ignore:arrives) the largest
      packet that was answered (null if none), RV(ignore:told) what Packet Too Big messages said, RV(ignore:lost) the
      sizes that nothing answered.
  returned: always
  type: list
  elements: dict
  sample:
    - container: web
      target: "2001:db8:53::1"
      address: "2001:db8:53::1"
      source: "2600:1f18:47b:ca03::a"
      size: 9001
      arrives: 1500
      told: [{by: "2001:db8:53::9", mtu: 1500}]
      lost: []
      error: ""
names:
  description:
    - One entry a name asked for, in that order. RV(ignore:server) is the resolver that answered, of RV(ignore:servers);
      RV(ignore:error) says why there are no RV(ignore:addresses).
  returned: always
  type: list
  elements: dict
  sample:
    - container: web
      target: www.example.org
      servers: [127.0.0.11]
      server: 127.0.0.11
      addresses: ["2001:db8:53::1"]
      error: ""
"""

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._observe import dns, docker, icmp, names, netns, path, tcp

RESOLV_CONF = "/etc/resolv.conf"
WITHOUT_ADDRESS = "the name has no IPv6 address"
TARGET = {"container": {"type": "str"}, "target": {"type": "str", "required": True}}

Probes = Sequence[dict]


def _by_container(probes: Probes) -> dict[str | None, list[dict]]:
    grouped: dict[str | None, list[dict]] = {}
    for probe in probes:
        grouped.setdefault(probe["container"], []).append(probe)
    return grouped


def _look_up(container: str | None) -> dict[str, Any]:
    """What the engine says of a container that runs; nothing of the host. Raises ``LookupError`` when it does not."""
    if container is None:
        return {}
    found = docker.container(container)
    if found is None or not found["pid"]:
        raise LookupError("container {}: {}".format(container, found["status"] if found else "no such container"))
    return found


class Run:
    """The probes of one call, with the addresses of their targets."""

    def __init__(self, asked: dict) -> None:
        self.asked = asked
        probes = asked["pings"] + asked["connects"] + asked["mtus"]
        self.addresses = {name: names.first_ipv6(name) for name in dict.fromkeys(probe["target"] for probe in probes)}

    def _targets(self, probes: Probes) -> list[str]:
        return [self.addresses[probe["target"]] for probe in probes if self.addresses[probe["target"]]]

    def send(self, _place: dict, pings: Probes, mtus: Probes) -> tuple[dict, dict]:
        """Pings first: the packets that fill the way might cost one of them."""
        asked = self.asked
        pinged = icmp.ping(self._targets(pings), asked["count"], asked["interval"], asked["timeout"])
        return pinged, path.discover(self._targets(mtus), asked["count"], asked["interval"], asked["timeout"])

    def connect(self, _place: dict, connects: Probes) -> dict[tcp.Endpoint, dict[str, str]]:
        """The outcome, and the address that it was tried from, by endpoint."""
        addresses = self.addresses
        endpoints = [(addresses[each["target"]], each["port"]) for each in connects if addresses[each["target"]]]
        sources = {address: tcp.source(address) for address in dict(endpoints)}
        outcomes = tcp.connect(endpoints, self.asked["timeout"])
        return {
            endpoint: {"source": sources[endpoint[0]], "outcome": outcome} for endpoint, outcome in outcomes.items()
        }

    def resolve(self, place: dict, probes: Probes) -> dict[str, dict[str, Any]]:
        """What the place's own resolvers answer, by name."""
        with open(place.get("resolv_conf") or RESOLV_CONF, encoding="utf-8", errors="replace") as stream:
            servers = dns.nameservers(stream.read())
        return {probe["target"]: dns.ask(servers, probe["target"], self.asked["timeout"]) for probe in probes}

    def results(self) -> dict[str, list[dict]]:
        """Every probe asked for, all containers at once → results in the order asked."""
        asked = self.asked
        grouped = {kind: _by_container(asked[kind]) for kind in ("pings", "mtus", "connects", "names")}
        with ThreadPoolExecutor(max_workers=64) as pool:
            places = {place for group in grouped.values() for place in group}
            # Begun before those that wait for it, it is never without a thread.
            found = {place: pool.submit(_look_up, place) for place in places}

            def start(work: Callable[..., Any], *kinds: str) -> dict[str | None, Future]:
                """The work in each place that has probes of these kinds."""
                groups = [grouped[kind] for kind in kinds]
                return {
                    place: pool.submit(_inside, found[place], work, *(group.get(place, ()) for group in groups))
                    for place in {place for group in groups for place in group}
                }

            sent = start(self.send, "pings", "mtus")
            tried, told = start(self.connect, "connects"), start(self.resolve, "names")
        return {
            "pings": [self._ping_result(probe, sent[probe["container"]]) for probe in asked["pings"]],
            "mtus": [self._mtu_result(probe, sent[probe["container"]]) for probe in asked["mtus"]],
            "connects": [self._connect_result(probe, tried[probe["container"]]) for probe in asked["connects"]],
            "names": [_name_result(probe, told[probe["container"]]) for probe in asked["names"]],
        }

    def _ping_result(self, probe: dict, future: Future) -> dict:
        address, (answer, trouble) = self.addresses[probe["target"]], _outcome(future)
        empty = {"sent": 0, "received": 0, "duplicates": 0, "hop_limits": [], "source": "", "rtt_ms": None}
        tally = answer[0].get(address) if answer else None
        return dict(probe, address=address, **(tally or dict(empty, error=trouble or WITHOUT_ADDRESS)))

    def _mtu_result(self, probe: dict, future: Future) -> dict:
        address, (answer, trouble) = self.addresses[probe["target"]], _outcome(future)
        empty = {"size": 0, "arrives": None, "told": [], "lost": [], "source": ""}
        way = answer[1].get(address) if answer else None
        return dict(probe, address=address, **(way or dict(empty, error=trouble or WITHOUT_ADDRESS)))

    def _connect_result(self, probe: dict, future: Future) -> dict:
        address, (answer, trouble) = self.addresses[probe["target"]], _outcome(future)
        tried = answer.get((address, probe["port"])) if answer else None
        failed = {"source": "", "outcome": f"unreachable ({trouble or WITHOUT_ADDRESS})"}
        return dict(probe, address=address, **(tried or failed))


def _name_result(probe: dict, future: Future) -> dict:
    answer, trouble = _outcome(future)
    empty = {"servers": [], "server": "", "addresses": [], "error": trouble}
    return dict(probe, **(answer[probe["target"]] if answer else empty))


def _inside(looked: Future, work: Callable[..., Any], *probes: Probes) -> Any:
    """What ``work`` returns in the namespace of what was looked up, given what the engine says of it."""
    place = looked.result()
    return netns.inside(place.get("pid"), lambda: work(place, *probes))


def _outcome(future: Future) -> tuple[Any, str]:
    """The result, or None and what went wrong."""
    try:
        return future.result(), ""
    except (LookupError, OSError, subprocess.CalledProcessError, docker.EngineError) as error:
        return None, str(error)


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
            "mtus": {"type": "list", "elements": "dict", "default": [], "options": TARGET},
            "names": {"type": "list", "elements": "dict", "default": [], "options": TARGET},
            "count": {"type": "int", "default": 3},
            "interval": {"type": "float", "default": 0.2},
            "timeout": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, **Run(module.params).results())


if __name__ == "__main__":
    main()
