# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology's builder: takes snapshots from the endpoint, and brings network and hosts to the newest one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vpclab import images
from vpclab.fabric.build import Fabric
from vpclab.fabric.names import RESOLVER
from vpclab.hosts import nspawn
from vpclab.hosts.disk import Disk
from vpclab.hosts.host import Host, memory
from vpclab.owner import Lab
from vpclab.services import dns, imds
from vpclab.topology import Instance, InstanceState, Topology

log = logging.getLogger(__name__)

RETRY = 2.0
"""Seconds until what could not be brought about is tried again."""


@dataclass(frozen=True, slots=True)
class Status:
    """How one host is. ``memory`` is in bytes; ``pid`` is its init's; both None while it is off."""

    id: str
    name: str
    state: str
    image: str
    addresses: tuple[str, ...]
    pid: int | None
    memory: int | None


class Builder:
    """Implements :class:`vpclab.topology.Machines`: its methods return at once, a thread does the work.

    ``files`` are on every host; ``zones`` tells by a VPC's id what its resolver finds.
    """

    def __init__(self, lab: Lab, files: Mapping[str, str], zones: Callable[[str], dns.Lookup]) -> None:
        self._lab, self._files, self._zones = lab, dict(files), zones
        self._topology = Topology()
        self._hosts: dict[str, Host] = {}
        self._news = threading.Event()
        self._closing = False
        self.failure = ""
        """Why the network is not what the endpoint says; "" when it is."""
        self.fabric = Fabric(lab, self._offer)
        self._thread = threading.Thread(target=self._work, name="builder", daemon=True)
        self._thread.start()

    def apply(self, topology: Topology) -> None:
        """Take the newest snapshot; what a newer one replaces is dropped."""
        self._topology = topology
        self._news.set()

    def state(self, instance_id: str) -> InstanceState:
        """The state that a host has reached."""
        host = self._hosts.get(instance_id)
        return host.state if host else "pending"

    def console_output(self, instance_id: str) -> str:
        """The end of what a host wrote to its console."""
        host = self._hosts.get(instance_id)
        return host.console() if host else ""

    def status(self) -> list[Status]:
        """Every host that is not terminated."""
        topology, found = self._topology, []
        for host in list(self._hosts.values()):
            if host.state == "terminated":
                continue
            instance, leader = host.instance, host.leader
            enis = [eni for eni in topology.enis if eni.instance_id == instance.id]
            addresses = tuple(str(address) for eni in enis for address in (*eni.addresses, *eni.prefixes))
            used = memory(host.group, leader)
            found.append(Status(instance.id, instance.name, host.state, instance.image, addresses, leader, used))
        return found

    def host_key(self, instance_id: str) -> str | None:
        """A running host's ed25519 key, as it lies on its disk."""
        host = self._hosts.get(instance_id)
        return host.disk.read("etc/ssh/ssh_host_ed25519_key.pub") if host else None

    def close(self) -> None:
        """End all hosts and take the network away."""
        self._closing = True
        self._news.set()
        self._thread.join(timeout=120)
        self.fabric.close()

    def _offer(self, vpc_id: str, namespace: str) -> Callable[[], None]:
        stops = (
            dns.serve(namespace, RESOLVER, self._zones(vpc_id)),
            imds.serve(vpc_id, namespace, lambda: self._topology),
        )

        def stop() -> None:
            for end in stops:
                end()

        return stop

    def _work(self) -> None:
        while not self._closing:
            # What failed is tried again without waiting for a change that may never come.
            self._news.wait(RETRY if self.failure else None)
            self._news.clear()
            topology = self._topology
            try:
                self.fabric.apply(topology)
                self._bring(topology)
                self.failure = ""
            except Exception as error:
                self.failure = str(error)
                log.exception("the network could not be brought to what the endpoint says; trying again in %g s", RETRY)
        self._end_all()

    def _bring(self, topology: Topology) -> None:
        listed = {instance.id: instance for instance in topology.instances}
        for instance in listed.values():
            host = self._hosts.get(instance.id)
            if host is not None:
                host.want(instance)
            elif instance.state != "terminated":
                self._hosts[instance.id] = self._new(instance)
        for instance_id, host in self._hosts.items():
            if instance_id not in listed:
                host.want(_terminated(host.instance))

    def _new(self, instance: Instance) -> Host:
        return Host(
            instance,
            fabric=self.fabric,
            disk=Disk(self._lab.disks / instance.id),
            machine=f"{self._lab.name}-{instance.id}",
            group=nspawn.make_group((self._lab.group, instance.id)),
            image=lambda: images.ensure(instance.image, log.info),
            files={**images.recipe(instance.image).files(), **self._files},
        )

    def _end_all(self) -> None:
        for host in self._hosts.values():
            host.want(_terminated(host.instance))
        for host in self._hosts.values():
            host.join(30)


def _terminated(instance: Instance) -> Instance:
    return replace(instance, state="terminated")
