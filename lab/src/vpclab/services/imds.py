# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance metadata service of a VPC: IMDSv2 (and v1 where an instance allows it), by the asker's address."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

from vpclab import namespaces
from vpclab.fabric.names import METADATA
from vpclab.services import metadata, web
from vpclab.topology import Instance, Topology

PORT = 80
LONGEST = 21600
"""Seconds a token may live."""

_TOKEN = "X-aws-ec2-metadata-token"
_TTL = "X-aws-ec2-metadata-token-ttl-seconds"


def asker(topology: Topology, vpc_id: str, address: IPv4Address | IPv6Address) -> Instance | None:
    """The instance whose interface has an address, alone or within a delegated prefix; None for nobody's."""
    for eni in topology.enis:
        if eni.vpc_id == vpc_id and eni.instance_id is not None:
            mine = address in (eni.private_ip, *eni.addresses)
            if mine or any(address in prefix for prefix in eni.prefixes):
                return next((found for found in topology.instances if found.id == eni.instance_id), None)
    return None


@dataclass(slots=True)
class Tokens:
    """The tokens given out: an instance's token is good for that instance alone, until it expires."""

    clock: Callable[[], float] = time.monotonic
    _given: dict[str, tuple[str, float]] = field(default_factory=dict)

    def give(self, instance_id: str, seconds: int) -> str:
        """A new token; expired ones are forgotten."""
        now = self.clock()
        self._given = {token: held for token, held in self._given.items() if held[1] > now}
        token = secrets.token_urlsafe(40)
        self._given[token] = instance_id, now + seconds
        return token

    def good(self, token: str, instance_id: str) -> bool:
        """Whether a token is this instance's and has not expired."""
        owner, until = self._given.get(token, ("", 0.0))
        return owner == instance_id and until > self.clock()


class _Imds(web.Handler):
    def __init__(self, vpc_id: str, topology: Callable[[], Topology], tokens: Tokens, *request: object) -> None:
        self._vpc_id, self._topology, self._tokens = vpc_id, topology, tokens
        super().__init__(*request)  # type: ignore[arg-type]

    def do_PUT(self) -> None:
        instance = self._asker()
        if instance is None:
            return
        seconds = self.headers.get(_TTL, "")
        if self.path != "/latest/api/token":
            self.reply(404)
        elif "X-Forwarded-For" in self.headers:
            self.reply(403)
        elif not seconds.isascii() or not seconds.isdigit() or not 1 <= int(seconds) <= LONGEST:
            self.reply(400)
        else:
            # The answer goes no further than the hop limit: by default not into a bridged container. Nor does what
            # follows on this connection, or else TCP would send it again with more.
            self._hop_limit(instance.hop_limit)
            self.reply(200, self._tokens.give(instance.id, int(seconds)).encode(), **{_TTL: seconds})

    def do_GET(self) -> None:
        instance = self._asker()
        if instance is None:
            return
        token = self.headers.get(_TOKEN)
        if token is None and (instance.http_tokens != "required" or self._cloud_init()):
            allowed = True
        else:
            allowed = token is not None and self._tokens.good(token, instance.id)
        if not allowed:
            self.reply(401)
        else:
            value = metadata.find(self._topology(), instance, self.path.partition("?")[0])
            if value is None:
                self.reply(404)
            else:
                self.reply(200, value.encode() if isinstance(value, str) else value)

    do_HEAD = do_GET

    def _asker(self) -> Instance | None:
        address = ip_address(self.client_address[0])
        instance = asker(self._topology(), self._vpc_id, address)
        if instance is None or (address.version == 6 and not instance.imds_ipv6):
            # Not there for this asker: the connection is all that is refused, no page says so.
            self.close_connection = True
            return None
        return instance

    def _cloud_init(self) -> bool:
        """Whether it is cloud-init that asks: it knows EC2 by its DMI, which a container has none of, and asks for a
        token on EC2 alone; so it is answered without one. (Bookworm's tells only the name of its HTTP library.)
        """
        return self.headers.get("User-Agent", "").startswith(("Cloud-Init/", "python-requests/"))

    def _hop_limit(self, hops: int) -> None:
        if self.connection.family == socket.AF_INET6:
            self.connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        else:
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


def serve(vpc_id: str, namespace: str, topology: Callable[[], Topology]) -> Callable[[], None]:
    """Answer at both of IMDS's addresses in a VPC's namespace; returns what stops it."""
    handler = partial(_Imds, vpc_id, topology, Tokens())
    stops = [web.serve(namespaces.listen(namespace, str(address), PORT), handler) for address in METADATA]

    def stop() -> None:
        for end in stops:
            end()

    return stop
