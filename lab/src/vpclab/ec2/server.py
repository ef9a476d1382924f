# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serving the endpoint on the loopback address, in a thread or until the process ends."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from functools import cache
from io import BytesIO
from types import TracebackType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from vpclab.ec2.endpoint import Endpoint
from vpclab.ec2.middleware import Middleware
from vpclab.ec2.route53 import Zones
from vpclab.faults import Faults
from vpclab.topology import Machines, Topology

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05  # how long close() may take


class _Handler(WSGIRequestHandler):
    """Keeps connections alive, as clients expect of AWS (werkzeug's own closes each), and logs no requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request; the connection of one whose answer is lost is closed instead."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            answered.append((status, headers))
            return self.wfile.write

        try:
            parts = self.server.app(self.make_environ() | {"wsgi.input": BytesIO(body)}, start)
        except ConnectionError:
            self.close_connection = True
            return
        ((status, headers),) = answered
        self.send_response(*_status(status))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"".join(parts))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the call log counts, and errors are logged where they happen."""


def _status(line: str) -> tuple[int, str]:
    code, _, words = line.partition(" ")
    return int(code), words


class Server:
    """An endpoint that listens; its ``url`` is known before it serves. A context manager which closes it."""

    def __init__(
        self,
        port: int = 0,
        machines: Machines | None = None,
        middlewares: tuple[Middleware, ...] = (),
        faults: Faults | None = None,
        zones: Zones | None = None,
    ) -> None:
        _spare_the_collector()
        self.endpoint = Endpoint(machines, middlewares, faults, zones)
        self._server = make_server(LOOPBACK, port, self.endpoint, threaded=True, request_handler=_Handler)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The endpoint's URL."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def topology(self) -> Topology:
        """A snapshot of the endpoint's state."""
        return self.endpoint.topology()

    def start(self) -> Server:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="ec2", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Serve until somebody calls :meth:`close` or the process ends."""
        self._server.serve_forever(poll_interval=_POLL_SECONDS)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@cache
def _spare_the_collector() -> None:
    """Take what the imports made out of garbage collection, once.

    moto's tables of instance types are a million objects; a full collection walks them all, while a call waits.
    """
    gc.collect()
    gc.freeze()


def serve(
    port: int = 0,
    machines: Machines | None = None,
    middlewares: tuple[Middleware, ...] = (),
    *,
    zones: Zones | None = None,
    block: bool = False,
) -> Server:
    """Serve the endpoint on 127.0.0.1:``port`` (0: any free one); without ``machines`` instances run at once.

    Returns the server at once, or with ``block`` when the process is interrupted.
    """
    server = Server(port, machines, middlewares, zones=zones)
    if not block:
        return server.start()
    server.run()
    return server
