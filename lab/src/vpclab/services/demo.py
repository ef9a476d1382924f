# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container image ``demo/web:1``, made from a static busybox: a page on 80 and 8080, and tools to probe with. Pure.

A Docker image manifest, version 2, schema 2 (the form that every engine from 20.10 on pulls), its configuration and
its one layer; made anew from the same busybox it is the same to the byte.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"

APPLETS = (
    *("sh", "httpd", "ping", "ping6", "ip", "nc", "wget", "cat", "echo", "ls", "sleep", "ps", "kill", "hostname"),
    *(
        "env",
        "traceroute6",
        "ifconfig",
        "nslookup",
        "id",
        "true",
        "false",
        "test",
        "grep",
        "head",
        "tail",
        "mkdir",
        "rm",
    ),
)

START = """#!/bin/sh
# Two servers: 80 is meant to be declared, 8080 is meant not to be.
httpd -p '[::]:8080' -h /www
exec httpd -f -p '[::]:80' -h /www
"""

PAGE = "demo/web:1\n"


@dataclass(frozen=True, slots=True)
class Image:
    """An image as a registry holds it: manifest, and the blobs it names by their digests."""

    manifest: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return digest(self.manifest)


def digest(content: bytes) -> str:
    """A content address, as registries write it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def build(busybox: bytes) -> Image:
    """The image whose programs are a static busybox."""
    tar = _layer(busybox)
    layer = gzip.compress(tar, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Cmd": ["/bin/start"],
                "Env": ["PATH=/bin"],
                "ExposedPorts": {"80/tcp": {}},
                "WorkingDir": "/",
                # A shell as process 1 hears no SIGTERM: stopping would take the engine ten seconds each time.
                "StopSignal": "SIGKILL",
            },
            "rootfs": {"type": "layers", "diff_ids": [digest(tar)]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "vpclab"}],
        },
        sort_keys=True,
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": _CONFIG_TYPE, "size": len(config), "digest": digest(config)},
            "layers": [{"mediaType": _LAYER_TYPE, "size": len(layer), "digest": digest(layer)}],
        }
    ).encode()
    return Image(manifest, {digest(config): config, digest(layer): layer})


def _layer(busybox: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for directory, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777), ("www", 0o755)):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        files = {
            "bin/busybox": (busybox, 0o755),
            "bin/start": (START.encode(), 0o755),
            "etc/passwd": (b"root:x:0:0:root:/:/bin/sh\n", 0o644),
            "etc/group": (b"root:x:0:\n", 0o644),
            "www/index.html": (PAGE.encode(), 0o644),
        }
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
        for applet in APPLETS:
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return buffer.getvalue()
