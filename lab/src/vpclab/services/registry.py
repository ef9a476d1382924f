# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container registry, read-only: the pull half of the OCI distribution API, over TLS, for images held in memory."""

from __future__ import annotations

import json
import re
import socket
import ssl
import tempfile
from collections.abc import Callable, Mapping
from functools import partial

from vpclab.services import web
from vpclab.services.demo import MANIFEST_TYPE, Image
from vpclab.services.tls import Server

PORT = 443

_MANIFEST = re.compile(r"/v2/(?P<name>[a-z0-9._/-]+)/manifests/(?P<reference>[\w.:-]+)")
_BLOB = re.compile(r"/v2/(?P<name>[a-z0-9._/-]+)/blobs/(?P<digest>sha256:[0-9a-f]{64})")
_TAGS = re.compile(r"/v2/(?P<name>[a-z0-9._/-]+)/tags/list")

Images = Mapping[str, Mapping[str, Image]]
"""Repository → tag → image."""


class _Registry(web.Handler):
    def __init__(self, images: Images, *request: object) -> None:
        self._images = images
        super().__init__(*request)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.rstrip("/") == "/v2":
            self._say(200, b"{}", "application/json")
        elif found := _MANIFEST.fullmatch(path):
            self._manifest(found["name"], found["reference"])
        elif found := _BLOB.fullmatch(path):
            self._blob(found["name"], found["digest"])
        elif (found := _TAGS.fullmatch(path)) and found["name"] in self._images:
            listed = {"name": found["name"], "tags": sorted(self._images[found["name"]])}
            self._say(200, json.dumps(listed).encode(), "application/json")
        else:
            self._refuse(404, "NAME_UNKNOWN", f"{path}: not here")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.close_connection = True
        self._refuse(405, "UNSUPPORTED", "this registry is read-only")

    do_PUT = do_PATCH = do_DELETE = do_POST

    def _manifest(self, name: str, reference: str) -> None:
        tags = self._images.get(name, {})
        image = tags.get(reference) or next((one for one in tags.values() if one.digest == reference), None)
        if image is None:
            self._refuse(404, "MANIFEST_UNKNOWN", f"{name}:{reference}: no such image")
        else:
            self._say(200, image.manifest, MANIFEST_TYPE, image.digest)

    def _blob(self, name: str, digest: str) -> None:
        blob = next((one.blobs[digest] for one in self._images.get(name, {}).values() if digest in one.blobs), None)
        if blob is None:
            self._refuse(404, "BLOB_UNKNOWN", f"{digest}: not in {name}")
        else:
            self._say(200, blob, "application/octet-stream", digest)

    def _refuse(self, status: int, code: str, message: str) -> None:
        self._say(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), "application/json")

    def _say(self, status: int, body: bytes, kind: str, digest: str = "") -> None:
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
        if digest:
            headers |= {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
        self.reply(status, body, kind, **headers)


def serve(listening: socket.socket, certificate: Server, images: Images) -> Callable[[], None]:
    """Answer over TLS on a listening socket; returns what stops it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate.key + certificate.chain)
        file.flush()
        context.load_cert_chain(file.name)
    # The handshake is the connection's own thread's: one that is slow or hostile must not hold up the others.
    secure = context.wrap_socket(listening, server_side=True, do_handshake_on_connect=False)
    return web.serve(secure, partial(_Registry, images))
