# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that decides what differs between Docker's versions and between the two networks.

Source: moby's release tags, Docker's release notes, and measurements with 20.10.24, 26.1.5 and 28.5.2.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .._plan.errors import Problems

#: A user-defined network of this project's, where each container has a known address.
ROUTED = "routed"
#: Docker's own network "bridge" on docker0, where Docker gives the addresses.
DEFAULT_BRIDGE = "default_bridge"
NETWORKS = (ROUTED, DEFAULT_BRIDGE)

DEFAULT_BRIDGE_NAME = "bridge"
DEFAULT_BRIDGE_INTERFACE = "docker0"

#: Containers need room for the network's own address and the bridge's; Docker takes nothing longer than /126 then.
SHORTEST, LONGEST = 64, 126

_OPTION = "com.docker.network.bridge."
_MTU = "com.docker.network.driver.mtu"


class Engine(NamedTuple):
    """A Docker engine's version; compares as versions do."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Engine:
        """``28.5.2``, or a package's version: ``5:28.5.2-1~debian.13``, ``20.10.24+dfsg1-1``. Raises ValueError."""
        match = re.match(r"(?:\d+:)?(\d+)\.(\d+)(?:\.(\d+))?", text)
        if not match:
            raise ValueError(f"must be a version such as 28.5.2, got {text!r}")
        return cls(int(match[1]), int(match[2]), int(match[3] or 0))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: The first engine that keeps the promise with our guard beside it.
OLDEST = Engine(20, 10, 0)
#: From here a user-defined network can be routed: not translated, and closed but for its published ports.
FIRST_ROUTED = Engine(27, 0, 0)
#: From here a network can do without IPv4 (EnableIPv4, API 1.48); an older engine does not look at the wish.
FIRST_WITHOUT_IPV4 = Engine(28, 0, 0)


@dataclass(frozen=True)
class Settings:
    """What one host needs.

    ``daemon``: keys of daemon.json that must have these values; ``refused``: keys that must not, and why; ``guard``:
    whether our own table closes undeclared ports (else Docker does, and declared ports are published); ``bridge``: the
    interface that the containers are behind; ``driver_options``: of the user-defined network, None without one;
    ``ipv4``: whether its containers have IPv4 as well.
    """

    guard: bool
    bridge: str
    daemon: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    driver_options: Mapping[str, str] | None = None
    ipv4: bool = True


def settings(
    engine: Engine,
    network: str,
    prefix: ipaddress.IPv6Network,
    bridge: str,
    ipv4: bool = True,
    mtu: int | None = None,
) -> Settings:
    """The settings for ``engine`` and ``network``; ``bridge`` is the interface's name where we may choose it.

    ``mtu`` is a user-defined network's. Docker's own is 1500 whatever the host's link has, 9001 on EC2: six times the
    packets for the same bytes.

    Raises PlanError for an engine that is too old, an unknown network, a prefix that Docker can't use, or one that
    can't do without ``ipv4``.
    """
    problems = Problems()
    if engine < OLDEST:
        problems.add("docker engine", f"must be {OLDEST} or later", engine)
    if network not in NETWORKS:
        problems.add("docker_container_network", f"must be one of {', '.join(NETWORKS)}", network)
    if not SHORTEST <= prefix.prefixlen <= LONGEST:
        problems.add("docker_container_prefix", f"must be a /{SHORTEST} to /{LONGEST}", prefix)
    if not ipv4 and network == DEFAULT_BRIDGE:
        problems.add("docker_ipv4", f"must be true on {DEFAULT_BRIDGE_INTERFACE}, which always has IPv4", "false")
    elif not ipv4 and engine < FIRST_WITHOUT_IPV4:
        rule = f"must be true on an engine before {FIRST_WITHOUT_IPV4}, whose networks always have IPv4"
        problems.add("docker_ipv4", rule, f"false on {engine}")
    problems.raise_if_any()

    if network == DEFAULT_BRIDGE:
        # docker0 never gets a gateway mode: on 27 and later Docker's own IPv6 rules would translate and drop.
        daemon = {"ipv6": True, "fixed-cidr-v6": str(prefix), "ip6tables": False}
        return Settings(True, DEFAULT_BRIDGE_INTERFACE, daemon)
    options = {_OPTION + "name": bridge, **({_MTU: str(mtu)} if mtu else {})}
    if engine < FIRST_ROUTED:
        return Settings(True, bridge, {"ip6tables": False}, driver_options=options)
    refused = {"ip6tables": (False, "must not be false: Docker's own rules close undeclared ports here")}
    routed = {_OPTION + "gateway_mode_ipv6": "routed"}
    return Settings(False, bridge, refused=refused, driver_options={**options, **routed}, ipv4=ipv4)


def gateway(prefix: ipaddress.IPv6Network) -> ipaddress.IPv6Address:
    """The bridge's own address: the first after the network's, as Docker chooses it by itself."""
    return prefix.network_address + 1
