# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VPC's answers on every port: ARP, neighbour and router discovery, DHCP of both families, from one thread.

A packet socket on each port hears frames before the bridge does (the bridge then drops them, see `rules`), so the asker
is known by its port and nothing is flooded. A filter in the kernel lets through only what is answered here.
"""

from __future__ import annotations

import ctypes
import logging
import selectors
import socket
import struct
import threading
import time
from functools import partial
from typing import cast

from vpclab import namespaces
from vpclab.fabric import dhcp4, dhcp6, names, neighbour, radvd
from vpclab.fabric.packets import (
    ARP,
    ICMPV6,
    IPV4,
    IPV6,
    UDP,
    Frame,
    Malformed,
    unpack,
    unpack_ipv4,
    unpack_ipv6,
    unpack_udp,
)
from vpclab.topology import Eni, Subnet, Topology

log = logging.getLogger(__name__)

_ETH_P_ALL = 3
_SO_ATTACH_FILTER = 26

_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_MR_PROMISC = 263, 1, 1


def _program() -> bytes:
    """What of a port's traffic is for the responder, as classic BPF; labels are easier to trust than counted jumps."""
    source: list[tuple[str, int, str | None, str | None, int]] = [
        ("", 0x20, None, None, 0xFFFFF004),  # packet type
        ("", 0x15, "drop", None, 4),  # PACKET_OUTGOING: what the responder itself sends
        ("", 0x28, None, None, 12),  # Ethernet type
        ("", 0x15, "take", None, ARP),
        ("", 0x15, "six", None, IPV6),
        ("", 0x15, "four", "drop", IPV4),
        ("six", 0x30, None, None, 20),  # next header
        ("", 0x15, "icmp", None, ICMPV6),
        ("", 0x15, None, "drop", UDP),
        ("", 0x28, None, None, 56),  # destination port
        ("", 0x15, "take", "drop", dhcp6.SERVER_PORT),
        ("icmp", 0x30, None, None, 54),  # ICMPv6 type
        ("", 0x15, "take", None, radvd.SOLICITATION),
        ("", 0x15, "take", "drop", neighbour.SOLICITATION),
        ("four", 0x30, None, None, 23),  # protocol
        ("", 0x15, None, "drop", UDP),
        ("", 0xB1, None, None, 14),  # index: length of the IPv4 header
        ("", 0x48, None, None, 16),  # destination port
        ("", 0x15, "take", "drop", dhcp4.SERVER_PORT),
        ("take", 0x06, None, None, 0xFFFF),
        ("drop", 0x06, None, None, 0),
    ]
    labels = {label: at for at, (label, *_) in enumerate(source) if label}
    made = b""
    for at, (_, code, true, false, constant) in enumerate(source):
        jumps = [labels[to] - at - 1 if to else 0 for to in (true, false)]
        made += struct.pack("HBBI", code, *jumps, constant)
    return made


def _attach(sock: socket.socket) -> None:
    program = _program()
    buffer = ctypes.create_string_buffer(program)
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    )


def answer(frame: Frame, asker: Eni, subnet: Subnet, enis: tuple[Eni, ...]) -> Frame | None:
    """The answer to one frame that ``asker`` sent, or None. Raises Malformed."""
    if frame.kind == ARP:
        return neighbour.answer_arp(frame.payload, asker, subnet, enis)
    if frame.kind == IPV4:
        _, port, body = unpack_udp(unpack_ipv4(frame.payload).payload)
        return dhcp4.answer(body, asker, subnet) if port == dhcp4.SERVER_PORT else None
    if frame.kind != IPV6:
        return None
    packet = unpack_ipv6(frame.payload)
    if packet.protocol == UDP:
        _, port, body = unpack_udp(packet.payload)
        return dhcp6.answer(packet, body, asker, subnet) if port == dhcp6.SERVER_PORT else None
    match packet.payload[:1]:
        case b"\x85":
            return radvd.advertisement(asker, subnet)
        case b"\x87":
            return neighbour.answer_solicitation(packet, asker, subnet, enis)
    return None


class Responder:
    """Answers on the ports that it is told of, from the newest topology."""

    def __init__(self) -> None:
        self._topology = Topology()
        self._ports: dict[str, socket.socket] = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="responder", daemon=True)
        self._thread.start()

    def update(self, topology: Topology, ports: dict[str, str]) -> None:
        """Answer from ``topology``, on the ports of these interfaces: ENI id → namespace."""
        self._topology = topology
        with self._lock:
            for eni_id in self._ports.keys() - ports.keys():
                gone = self._ports.pop(eni_id)
                self._selector.unregister(gone)
                gone.close()
            for eni_id in ports.keys() - self._ports.keys():
                made = namespaces.inside(ports[eni_id], partial(_listen, names.port(eni_id)))
                self._ports[eni_id] = made
                self._selector.register(made, selectors.EVENT_READ, eni_id)

    def close(self) -> None:
        """Stop answering."""
        self._closing.set()
        self._thread.join(timeout=5)
        self.update(Topology(), {})

    def _serve(self) -> None:
        advertise_at = time.monotonic() + radvd.PERIOD
        while not self._closing.is_set():
            for key, _ in self._selector.select(timeout=1):
                self._hear(key.data, cast(socket.socket, key.fileobj))
            if time.monotonic() >= advertise_at:
                self._advertise()
                advertise_at = time.monotonic() + radvd.PERIOD

    def _hear(self, eni_id: str, sock: socket.socket) -> None:
        try:
            raw = sock.recv(65535)
            asker, subnet = self._find(eni_id)
            if asker is None or subnet is None:
                return
            reply = answer(unpack(raw), asker, subnet, self._topology.enis)
            if reply is not None:
                sock.send(reply.pack())
        except Malformed as wrong:
            log.info("%s: %s", eni_id, wrong)
        except OSError as error:
            # The port may go between hearing and answering.
            log.debug("%s: %s", eni_id, error)

    def _advertise(self) -> None:
        with self._lock:
            for eni_id, sock in self._ports.items():
                asker, subnet = self._find(eni_id)
                frame = radvd.advertisement(asker, subnet) if asker and subnet else None
                if frame is not None:
                    try:
                        sock.send(frame.pack())
                    except OSError as error:
                        log.debug("%s: %s", eni_id, error)

    def _find(self, eni_id: str) -> tuple[Eni | None, Subnet | None]:
        topology = self._topology
        eni = next((eni for eni in topology.enis if eni.id == eni_id), None)
        return eni, next((sub for sub in topology.subnets if eni and sub.id == eni.subnet_id), None)


def _listen(port: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    _attach(made)
    made.bind((port, _ETH_P_ALL))
    # A multicast frame must reach this socket whether or not the port has joined its group.
    membership = struct.pack("iHH8x", socket.if_nametoindex(port), _PACKET_MR_PROMISC, 0)
    made.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
    made.setblocking(False)
    return made
