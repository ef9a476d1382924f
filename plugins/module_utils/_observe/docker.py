# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few questions asked of the Docker engine, over its own socket (no client program or library needed)."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

SOCKET = "/var/run/docker.sock"
SECONDS = 20.0


class EngineError(Exception):
    """The engine does not answer, or answered something other than the thing asked for."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file instead of a host and port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self._path)


def get(path: str, socket_path: str = SOCKET) -> Any | None:
    """GET ``path`` (e.g. ``/version``) → the decoded answer, or None when there is no such object (404)."""
    status, body = _exchange("GET", path, None, socket_path)
    if status == 404:
        return None
    if status != 200:
        raise EngineError(f"GET {path}: HTTP {status}: {body[:200]!r}")
    return json.loads(body)


def send(method: str, path: str, data: Any | None = None, socket_path: str = SOCKET) -> None:
    """Have the engine change something (``POST``, ``DELETE``), with ``data`` as JSON. Raises EngineError."""
    status, body = _exchange(method, path, data, socket_path)
    if not 200 <= status < 300:
        raise EngineError(f"{method} {path}: HTTP {status}: {body[:400].decode(errors='replace')}")


def _exchange(method: str, path: str, data: Any | None, socket_path: str) -> tuple[int, bytes]:
    connection = _UnixConnection(socket_path)
    try:
        if data is None:
            connection.request(method, path)
        else:
            connection.request(method, path, json.dumps(data), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"{method} {path} from {socket_path}: {error}") from error
    finally:
        connection.close()


def version() -> str:
    """The engine's version, e.g. ``28.5.2`` (Debian's suffix ``+dfsg1`` dropped)."""
    return str((get("/version") or {}).get("Version", "")).partition("+")[0]


def default_registry() -> str:
    """The host that the engine itself names for images without one, e.g. ``registry.example``; "" if it names none."""
    return urlsplit(str((get("/info") or {}).get("IndexServerAddress", ""))).hostname or ""


def container(name: str) -> dict | None:
    """What the engine says of a container: pid (None when it is not running), image, digests, networks by name.

    ``resolv_conf`` is the file on the host that the container sees as ``/etc/resolv.conf``; "" when it has none.
    None when there is no such container.
    """
    found = get(f"/containers/{quote(name)}/json")
    if found is None:
        return None
    image = get("/images/{}/json".format(quote(found["Image"]))) or {}
    state = found.get("State", {})
    return {
        "pid": state.get("Pid") if state.get("Running") else None,
        "status": state.get("Status", ""),
        "image": found.get("Config", {}).get("Image", ""),
        "digests": image.get("RepoDigests") or [],
        "resolv_conf": found.get("ResolvConfPath", ""),
        "networks": {
            key: {
                "address": value.get("GlobalIPv6Address", ""),
                "gateway": value.get("IPv6Gateway", ""),
                "mac": value.get("MacAddress", ""),
            }
            for key, value in (found.get("NetworkSettings", {}).get("Networks") or {}).items()
        },
    }


def network(name: str) -> dict | None:
    """A network's driver options and its IPv6 subnet and gateway ("" when it has none); None: no such network."""
    found = get(f"/networks/{quote(name)}")
    if found is None:
        return None
    pools = [pool for pool in (found.get("IPAM", {}).get("Config") or []) if ":" in pool.get("Subnet", "")]
    pool = pools[0] if pools else {}
    return {
        "subnet": pool.get("Subnet", ""),
        "gateway": pool.get("Gateway", ""),
        "options": found.get("Options") or {},
    }
