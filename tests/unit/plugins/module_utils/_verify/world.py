# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet on which everything is as it should be: the tutorial's two hosts, and two with this project's defaults."""

from __future__ import annotations

import ipaddress
from typing import Any

SUBNET = "2600:1f18:47b:ca03::/64"
ROUTER = "fe80::1066:30ff:feb8:c008"
TARGET, TARGET_ADDRESS = "internet.lab.test", "2001:db8:53::1"
#: Of the containers on routed networks; on docker0 they have no names.
ZONE = "containers.example"
IMAGE, REGISTRY = "registry.lab.test/demo/web:1", "registry.lab.test"
#: name: host address, container prefix, Docker, the container's address
HOSTS = {
    "instance-1": ("::1:1", "::8/126", "26.1.5", "::a"),
    "instance-2": ("::2:2", "::c/126", "28.5.2", "::e"),
    "instance-3": ("::3:3", "0:0:0:0:a::/80", "28.5.2", "0:0:0:0:a::2"),
    "instance-4": ("::4:4", "0:0:0:0:b::/80", "26.1.5", "0:0:0:0:b::2"),
}


def absolute(text: str) -> str:
    """An address or prefix relative to the subnet, in full."""
    base = int(ipaddress.IPv6Network(SUBNET).network_address)
    if "/" not in text:
        return str(ipaddress.IPv6Address(base + int(ipaddress.IPv6Address(text))))
    network = ipaddress.IPv6Network(text)
    return str(ipaddress.IPv6Network((base + int(network.network_address), network.prefixlen)))


def good() -> dict[str, Any]:
    """Facts, in the judge's form, of a fleet where every check holds."""
    facts: dict[str, Any] = {key: {} for key in ("allocation", "declared", "observed", "probes", "captures")}
    for number, name in enumerate(HOSTS, 1):
        facts["allocation"][name] = _eni(name, number)
        facts["declared"][name] = _declared(name, number)
        facts["observed"][name] = _observed(name, facts["allocation"][name])
        facts["probes"][name] = _probe(name)
        facts["captures"][name] = _capture(name)
    addresses = [absolute(entry[3]) for entry in HOSTS.values()]
    facts["probes"]["internet"] = {
        "pings": [{"container": None, "target": TARGET, "address": TARGET_ADDRESS, "source": TARGET_ADDRESS}],
        "connects": [
            _attempt(None, address, port, outcome, TARGET_ADDRESS)
            for address in addresses
            for port, outcome in ((80, "open"), (8080, "timeout"))
        ],
    }
    hosts = [absolute(entry[0]) for entry in HOSTS.values()]
    facts["probes"]["internet"]["connects"] += [
        _attempt(None, address, 8080, "timeout", TARGET_ADDRESS) for address in hosts
    ]
    facts["dns"] = {"zone": ZONE, "names": "{container}.{host}", "fleet": "demo"}
    facts["probes"]["internet"]["names"] = [
        {
            "container": None,
            "target": f"container-{name[-1]}.{name}.{ZONE}",
            "servers": ["192.0.2.53"],
            "server": "192.0.2.53",
            "addresses": [absolute(entry[3])],
            "error": "",
        }
        for name, entry in HOSTS.items()
        if not is_block(name)
    ]
    facts["captures"]["internet"] = {"flows": [_echo("eth0", address, TARGET_ADDRESS, 62) for address in addresses]}
    facts.update(vantage=["internet"], internet_target=TARGET, closed_ports=[8080], security_groups=[_group()])
    return facts


def _group() -> dict[str, Any]:
    rule = {"ip_protocol": "icmpv6", "from_port": -1, "to_port": -1, "user_id_group_pairs": [{"group_id": "sg-1"}]}
    return {"group_id": "sg-1", "ip_permissions": [rule]}


def is_block(name: str) -> bool:
    """Whether the host has a block of single addresses."""
    return not HOSTS[name][1].endswith("/80")


def _eni(name: str, number: int) -> dict[str, Any]:
    host, prefix, _docker, _container = HOSTS[name]
    block = [str(address) for address in ipaddress.IPv6Network(absolute(prefix))] if is_block(name) else []
    return {
        "eni_id": f"eni-{number}",
        "mac_address": f"02:00:00:00:00:0{number}",
        "host_address": absolute(host),
        "container_prefix": absolute(prefix),
        "container_mode": "block" if block else "prefix",
        "subnet_id": "subnet-1",
        "subnet_cidr": SUBNET,
        "gateway": "fe80:ec2::1",
        "addresses": [absolute(host), *block],
        "prefixes": [] if block else [absolute(prefix)],
        "security_groups": ["sg-1"],
        "instance": {
            "instance_id": f"i-{number}",
            "state": "running",
            "instance_type": "r5d.large",
            "key_name": "demo",
            "http_tokens": "required",
        },
    }


def _declared(name: str, number: int) -> dict[str, Any]:
    container = {"name": f"container-{number}", "image": IMAGE, "address": "auto", "ports": ["80/tcp"]}
    default_bridge = is_block(name)
    return {
        "containers": [container],
        "network": "default_bridge" if default_bridge else "routed",
        "bridge": "docker0" if default_bridge else "br-pub6",
        "host_ports": ["22/tcp"],
        "host_closed": True,
    }


def _address(interface: str, text: str, length: int, dynamic: bool = False) -> dict[str, Any]:
    mac = "02:00:00:00:00:01"
    return {
        "interface": interface,
        "mac": mac,
        "address": text,
        "length": length,
        "scope": "global",
        "dynamic": dynamic,
        "tentative": False,
    }


def _route(to: str, dev: str, via: str = "", proto: str = "kernel") -> dict[str, Any]:
    return {"to": to, "via": via, "dev": dev, "proto": proto}


def _observed(name: str, eni: dict[str, Any]) -> dict[str, Any]:
    block = is_block(name)
    bridge = "docker0" if block else "br-pub6"
    network = ipaddress.IPv6Network(eni["container_prefix"])
    gateway = str(network.network_address + 1)
    number = name[-1]
    digest = f"{REGISTRY}/demo/web@sha256:" + "ab" * 32
    options = {"com.docker.network.bridge.gateway_mode_ipv6": "routed"}
    return {
        "interface": "ens5",
        "addresses": [
            _address("ens5", eni["host_address"], 64 if block else 128, dynamic=not block),
            _address(bridge, gateway, network.prefixlen),
        ],
        "routes": [
            _route(str(network), bridge),
            _route(SUBNET, "ens5", proto="kernel" if block else "ra"),
            _route("default", "ens5", ROUTER, "static" if block else "ra"),
        ],
        "mtus": {"ens5": 9001, bridge: 1500},
        "forwarding": {"all": 1, "default": 1},
        "ssh": {"client": TARGET_ADDRESS, "server": eni["host_address"]},
        "login": {"user": "admin", "groups": ["admin", "docker", "sudo"]},
        "apt": {
            "uris": ["http://archive.lab.test/debian"],
            "mirrors": {"archive.lab.test": {"ipv6": ["2001:db8:53::5"], "ipv4": []}},
            "update": {"rc": 0, "lines": ["Hit:1 http://archive.lab.test/debian trixie InRelease"]},
        },
        "netplan": {
            "dhcp6": [] if block else ["/etc/netplan/50-cloud-init.yaml"],
            "before": [_address("ens5", text, 128, dynamic=True) for text in eni["addresses"]] if block else None,
        },
        "metadata": {
            "token_required": True,
            "instance_id": eni["instance"]["instance_id"],
            "instance_type": "r5d.large",
            "key_names": ["demo"],
            "macs": [eni["mac_address"]],
            "interface_id": eni["eni_id"],
            "device_number": "0",
            "addresses": eni["addresses"],
            "prefixes": eni["prefixes"],
        },
        "docker": {
            "version": HOSTS[name][2],
            "daemon": {"ipv6": True, "fixed-cidr-v6": str(network), "ip6tables": False} if block else {},
            "network": {"subnet": str(network), "gateway": gateway, "options": {} if block else options},
        },
        "guard": {
            "unit": "ipv6-aws-containers-guard-keeper.service",
            "keeper": "active",
            "table": "ip6 ipv6_aws_containers",
            "in_force": True,
            "containers": True,
            "host": True,
        },
        "containers": {
            f"container-{number}": {
                "pid": 4711,
                "status": "running",
                "image": IMAGE,
                "digests": [digest],
                "networks": {},
                "interface": "eth0",
                "mtu": 1500,
                "addresses": [_address("eth0", absolute(HOSTS[name][3]), network.prefixlen)],
                "routes": [_route(str(network), "eth0"), _route("default", "eth0", gateway, "static")],
                "disable_ipv6": {"eth0": 0, "lo": 0},
            }
        },
        "waited": {"seconds": 0, "containers": {}},
        "registries": {REGISTRY: {"ipv6": ["2001:db8:53::6"], "ipv4": []}},
    }


def _probe(name: str) -> dict[str, Any]:
    container, own = f"container-{name[-1]}", absolute(HOSTS[name][3])
    tally = {
        "container": container,
        "source": own,
        "sent": 3,
        "received": 3,
        "duplicates": 0,
        "rtt_ms": 0.4,
        "error": "",
    }
    others = [absolute(entry[3]) for other, entry in HOSTS.items() if other != name]
    pings = [dict(tally, target=text, address=text, hop_limits=[62]) for text in others]
    pings.append(dict(tally, target=TARGET, address=TARGET_ADDRESS, hop_limits=[62]))
    path = {"container": container, "source": own, "size": 1500, "arrives": 1500, "told": [], "lost": [], "error": ""}
    mtus = [dict(path, target=ping["target"], address=ping["address"]) for ping in pings]
    answer = {"servers": ["127.0.0.11"], "server": "127.0.0.11", "addresses": [TARGET_ADDRESS], "error": ""}
    resolved = [dict(answer, container=container, target=TARGET)]
    inside = _attempt(container, own, 8080, "open", own)
    registry = {**_attempt(None, "2001:db8:53::6", 443, "open", absolute(HOSTS[name][0])), "target": REGISTRY}
    return {"pings": pings, "mtus": mtus, "names": resolved, "connects": [inside, registry]}


def _attempt(container: str | None, address: str, port: int, outcome: str, source: str) -> dict[str, Any]:
    return {
        "container": container,
        "target": address,
        "address": address,
        "port": port,
        "source": source,
        "outcome": outcome,
    }


def _echo(interface: str, source: str, destination: str, hop_limit: int) -> dict[str, Any]:
    return {
        "interface": interface,
        "source": source,
        "destination": destination,
        "protocol": "icmpv6",
        "kind": 128,
        "port": 0,
        "hop_limit": hop_limit,
        "count": 3,
    }


def _capture(name: str) -> dict[str, Any]:
    own = absolute(HOSTS[name][3])
    flows = [_echo("ens5", absolute(entry[3]), own, 63) for other, entry in HOSTS.items() if other != name]
    attempt = dict(_echo("ens5", TARGET_ADDRESS, own, 62), protocol="tcp", kind=0, port=8080)
    return {"flows": [*flows, attempt], "received": 20, "dropped": 0, "overflow": 0}
