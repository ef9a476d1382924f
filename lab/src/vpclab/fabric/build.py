# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings the machine's namespaces to what a topology says, by the difference to what was built before.

Only the daemon builds, and it starts from nothing, so what was built is known without asking the kernel.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

from vpclab import namespaces
from vpclab.errors import LabError
from vpclab.fabric import links, names, rules
from vpclab.fabric.responder import Responder
from vpclab.owner import Lab
from vpclab.run import in_namespace
from vpclab.topology import Topology

log = logging.getLogger(__name__)

_ROUTER_SETTINGS = (
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
    # The router takes part in no discovery: who has what is known from the topology.
    "net.ipv6.conf.all.accept_ra=0",
    "net.ipv6.conf.default.accept_ra=0",
    "net.ipv6.conf.default.accept_dad=0",
    # No address but those given: a bridge's port needs none, a router's is the topology's.
    "net.ipv6.conf.default.addr_gen_mode=1",
)
_BRIDGE_SETTINGS = ("net.bridge.bridge-nf-call-ip6tables=1", "net.bridge.bridge-nf-call-iptables=1")
"""Security groups track connections, which this kernel's bridge family may not: let it see bridged packets as IP."""

Service = Callable[[str, str], Callable[[], None]]
"""Starts what a VPC offers (id, namespace): its resolver and IMDS. Returns what stops it."""


class Fabric:
    """The lab's network. Calls may come from any thread; each returns when the network is as it says."""

    def __init__(self, lab: Lab, service: Service) -> None:
        self._lab, self._service = lab, service
        self._lock = threading.RLock()
        self._topology = Topology()
        self._instances: frozenset[str] = frozenset()
        self._built: dict[str, tuple[links.Item, ...]] = {}
        self._filters: dict[str, str] = {}
        self._services: dict[str, Callable[[], None]] = {}
        self._responder = Responder()
        self._make(links.INTERNET, ())
        self._reconcile()

    def apply(self, topology: Topology) -> None:
        """Bring the network to a topology."""
        with self._lock:
            self._topology = topology
            self._reconcile()

    def plug(self, instance_id: str) -> str:
        """Give a host a fresh namespace with its interfaces in it; returns the namespace's name."""
        with self._lock:
            self.unplug(instance_id)
            name = self._lab.namespace(instance_id)
            namespaces.create(name)
            self._instances |= {instance_id}
            self._reconcile()
            return name

    def unplug(self, instance_id: str) -> None:
        """Take a host's interfaces and namespace away, with all that its firewall held."""
        with self._lock:
            if instance_id in self._instances:
                self._instances -= {instance_id}
                self._reconcile()
                namespaces.delete(self._lab.namespace(instance_id))

    def close(self) -> None:
        """Take the whole network away."""
        with self._lock:
            for instance_id in self._instances:
                namespaces.delete(self._lab.namespace(instance_id))
            self._instances = frozenset()
            self._topology = Topology()
            self._reconcile()
            self._responder.close()
            namespaces.delete(self._lab.namespace(links.INTERNET))

    def _make(self, what: str, settings: tuple[str, ...]) -> None:
        name = self._lab.namespace(what)
        namespaces.create(name)
        in_namespace(name, "sysctl", "-q", "-w", *_ROUTER_SETTINGS, *settings)
        self._built[what] = ()

    def _reconcile(self) -> None:
        topology, name = self._topology, self._lab.namespace
        # A VPC in which nothing runs needs no network.
        inhabited = {eni.vpc_id for eni in topology.enis if eni.instance_id}
        topology = replace(topology, vpcs=tuple(vpc for vpc in topology.vpcs if vpc.id in inhabited))
        vpcs = {vpc.id: vpc for vpc in topology.vpcs}
        for vpc_id in vpcs.keys() - self._built.keys():
            self._make(vpc_id, _BRIDGE_SETTINGS)
        self._change(links.INTERNET, links.internet(topology, name))
        for vpc_id, vpc in vpcs.items():
            # The filter comes before an interface it guards, and names links that need not be there yet.
            self._filter(vpc_id, rules.ruleset(topology, vpc, self._instances))
            self._change(vpc_id, links.vpc(topology, vpc, self._instances, name))
            if vpc_id not in self._services:
                self._services[vpc_id] = self._service(vpc_id, name(vpc_id))
        there = [eni for eni in names.plugged(topology, self._instances) if eni.vpc_id in vpcs]
        self._responder.update(topology, {eni.id: name(eni.vpc_id) for eni in there})
        for vpc_id in self._built.keys() - vpcs.keys() - {links.INTERNET}:
            self._services.pop(vpc_id, lambda: None)()
            self._filters.pop(vpc_id, None)
            del self._built[vpc_id]
            namespaces.delete(name(vpc_id))

    def _filter(self, vpc_id: str, text: str) -> None:
        if self._filters.get(vpc_id) != text:
            in_namespace(self._lab.namespace(vpc_id), "nft", "-f", "-", stdin=text)
            self._filters[vpc_id] = text

    def _change(self, what: str, wanted: tuple[links.Item, ...]) -> None:
        gone, new = links.difference(self._built[what], wanted)
        for item in gone:
            # One at a time: what is within another goes with it, and is then gone already.
            self._unmake(what, item)
        kept = [item for item in self._built[what] if item not in gone]
        self._built[what] = tuple(kept)
        for tool, items in groupby(new, key=lambda item: item.tool):
            batch = list(items)
            try:
                self._batch(what, tool, [item.make for item in batch])
            except LabError as failure:
                stopped = re.search(r"Command failed -:(\d+)", failure.why)
                kept += batch[: int(stopped[1]) - 1] if stopped else []
                self._built[what] = tuple(kept)
                raise
            kept += batch
            self._built[what] = tuple(kept)

    def _unmake(self, what: str, item: links.Item) -> None:
        try:
            in_namespace(self._lab.namespace(what), item.tool, *item.unmake.split())
        except LabError as failure:
            log.debug("%s: already gone: %s", what, failure.what)

    def _batch(self, what: str, tool: str, lines: list[str]) -> None:
        in_namespace(self._lab.namespace(what), tool, "-batch", "-", stdin="\n".join(lines) + "\n")
