# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of daemon.json: what can be told of them before there is a dockerd to ask, and which the role can't do with.

Source: moby's daemon/config and cmd/dockerd at its release tags 20.10.24, 26.1.5 and 28.5.2.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._plan.errors import Problems
from .engine import Engine

#: The keys of 20.10, the last engine without ``dockerd --validate``; what it does not know keeps it from starting.
_IN_20_10 = {
    "a boolean": (
        *("cri-containerd", "debug", "experimental", "icc", "init", "ip-forward", "ip-masq", "ip6tables", "iptables"),
        *("ipv6", "live-restore", "no-new-privileges", "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify"),
        *("userland-proxy",),
    ),
    "a whole number": (
        *("cpu-rt-period", "cpu-rt-runtime", "max-concurrent-downloads", "max-concurrent-uploads"),
        *("max-download-attempts", "mtu", "network-control-plane-mtu", "network-diagnostic-port", "oom-score-adjust"),
        *("shutdown-timeout", "swarm-raft-election-tick", "swarm-raft-heartbeat-tick"),
    ),
    "a string": (
        *("api-cors-header", "bip", "bridge", "cgroup-parent", "cluster-advertise", "cluster-store", "containerd"),
        *("containerd-namespace", "containerd-plugin-namespace", "data-root", "default-cgroupns-mode"),
        *("default-gateway", "default-gateway-v6", "default-ipc-mode", "default-runtime", "exec-root", "fixed-cidr"),
        *("fixed-cidr-v6", "graph", "group", "host-gateway-ip", "init-path", "ip", "log-driver", "log-level"),
        *("metrics-addr", "pidfile", "seccomp-profile", "storage-driver", "swarm-default-advertise-addr", "tlscacert"),
        *("tlscert", "tlskey", "userland-proxy-path", "userns-remap"),
    ),
    "a list": (
        *("allow-nondistributable-artifacts", "authorization-plugins", "default-address-pools", "dns", "dns-opts"),
        *("dns-search", "exec-opts", "hosts", "insecure-registries", "labels", "node-generic-resources"),
        *("registry-mirrors", "storage-opts"),
    ),
    "an object": ("builder", "cluster-store-opts", "default-ulimits", "features", "log-opts", "runtimes"),
}
#: Of any type, or of one that differs between engines.
_UNTYPED_IN_20_10 = frozenset({"default-shm-size", "deprecated-key-path"})
_SINCE = {
    "a boolean": ("allow-direct-routing", "ip-forward-no-drop"),
    "a string": ("bip6", "bridge-accept-fwmark", "default-init", "firewall-backend", "log-format"),
    "a list": ("cdi-spec-dirs", "host-gateway-ips"),
    "an object": ("default-network-opts", "proxies"),
}
_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "a boolean": bool,
    "a whole number": int,
    "a string": str,
    "a list": (list, tuple),
    "an object": Mapping,
}
TYPES = {key: kind for table in (_IN_20_10, _SINCE) for kind, keys in table.items() for key in keys}
KNOWN_TO_20_10 = _UNTYPED_IN_20_10.union(*_IN_20_10.values())
FIRST_AFTER_20_10 = Engine(23, 0, 0)

#: What docker.service gives dockerd as an option: given twice, it does not start.
_IN_UNIT = ("hosts", "containerd")
_PID_FILES = ("/run/docker.pid", "/var/run/docker.pid")


def check_types(problems: Problems, path: str, given: Mapping[str, Any]) -> None:
    """Note values of another type than every engine takes. Unknown keys are left to the engine: it may be newer."""
    for key, value in given.items():
        kind = TYPES.get(key)
        if kind is None or (isinstance(value, _PYTHON[kind]) and (kind == "a boolean" or not isinstance(value, bool))):
            continue
        problems.add(f"{path}: {key}", f"must be {kind}", json.dumps(value))


def check_known(problems: Problems, path: str, given: Mapping[str, Any], engine: Engine) -> None:
    """Note keys that the engine does not know, where it can't be asked: dockerd before 23 can't validate a file."""
    if engine < FIRST_AFTER_20_10:
        for key in sorted(set(given) - KNOWN_TO_20_10):
            problems.add(f"{path}: {key}", f"must be a key that Docker {engine} knows", json.dumps(given[key]))


def check_promise(problems: Problems, path: str, given: Mapping[str, Any], by_user: bool) -> None:
    """Note what would open hosts, or blind the guard, on every engine and network.

    Not noted is what the guard makes harmless, or what is Docker's default: ``userland-proxy``, ``ip``,
    ``metrics-addr`` (ports of the host, which are closed unless declared), ``icc``, ``ip-masq``, ``ip-forward``,
    ``allow-direct-routing``, ``default-network-opts`` (the role's network has its own options).
    """
    if given.get("iptables") is False:
        rule = "must not be false: Docker closes containers' IPv4, which the guard does not look at"
        problems.add(f"{path}: iptables", rule, "false")
    if given.get("rootless"):
        problems.add(f"{path}: rootless", "must be false: a rootless Docker can't route", "true")
    if "pidfile" in given and given["pidfile"] not in _PID_FILES:
        rule = f"must be {_PID_FILES[0]}, or left out: the guard's keeper sees by it whether Docker runs"
        problems.add(f"{path}: pidfile", rule, json.dumps(given["pidfile"]))
    hosts = given.get("hosts")
    opened = [one for one in hosts if "tcp://" in str(one)] if isinstance(hosts, (list, tuple)) else []
    if opened:
        problems.add(
            f"{path}: hosts", "must not be tcp: who reaches the daemon is root on the host", json.dumps(opened)
        )
    for key in _IN_UNIT:
        if by_user and key in given and not (key == "hosts" and opened):
            rule = "must be left out: docker.service says it, and a daemon that is told twice does not start"
            problems.add(f"{path}: {key}", rule, json.dumps(given[key]))


def check_dns(problems: Problems, path: str, given: Mapping[str, Any]) -> None:
    """Note servers that containers without IPv4 can't ask: those of daemon.json are asked from the container itself.

    The host's own servers are asked from the host (moby's libnetwork/internal/resolvconf, TransformForIntNS).
    """
    servers = given.get("dns")
    if isinstance(servers, (list, tuple)) and servers and not any(":" in str(one) for one in servers):
        rule = "must have a server's IPv6 address, or be left out: containers have no IPv4 to ask by"
        problems.add(f"{path}: dns", rule, json.dumps(servers))


def overlapping(given: Mapping[str, Any], prefix: ipaddress.IPv6Network) -> Iterator[tuple[str, Any]]:
    """Keys, with what they say, that give addresses in the containers' ``prefix`` to other networks."""
    for key in ("fixed-cidr-v6", "bip6"):
        if _overlaps(given.get(key), prefix):
            yield key, given[key]
    pools = given.get("default-address-pools")
    for at, pool in enumerate(pools if isinstance(pools, (list, tuple)) else ()):
        if isinstance(pool, Mapping) and _overlaps(pool.get("base"), prefix):
            yield f"default-address-pools[{at}].base", pool["base"]


def _overlaps(value: Any, prefix: ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.IPv6Network(value, strict=False).overlaps(prefix)
    except ValueError:
        return False
