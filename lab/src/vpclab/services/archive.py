# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Debian archive: a caching proxy to the machine's own mirror, asked over IPv6 inside, asking from outside.

Its cache is shared by all labs of the machine, also by ones that run at once: a file appears in it whole, by renaming.
Packages and by-hash indexes never change and are answered without asking; what else lies under ``dists`` is asked about
each time, and answered from the cache when it has not changed, or when the mirror can't be reached or is out of order
(5xx, 429: a proxy on the way says so, too). What the cache does not hold is asked for ``ATTEMPTS`` times.
"""

from __future__ import annotations

import email.utils
import logging
import os
import re
import shutil
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from vpclab.services import web

log = logging.getLogger(__name__)

CACHE = Path("/var/cache/vpclab/apt")
PORT = 80
PREFIX = "/debian/"

_SAFE = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.+~:/=%@-]*")
_TIMEOUT = 60
ATTEMPTS = 3
PAUSE = 2.0
_CHUNK = 1 << 16


class Missing(Exception):
    """The mirror's answer is an error: its status; 504 when there is none, and why."""

    def __init__(self, status: int, why: object = "") -> None:
        super().__init__(f"status {status}" + (f": {why}" if why else ""))
        self.status = status

    @property
    def out_of_order(self) -> bool:
        """Whether the answer is about the mirror, or a proxy before it, and not about the file."""
        return self.status >= 500 or self.status == 429


def immutable(path: str) -> bool:
    """Whether a file of the archive never changes under its name: packages, and indexes named by their hash."""
    return path.startswith("pool/") or "/by-hash/" in path


@dataclass(slots=True)
class Archive:
    """A mirror (its URL, no slash at the end) and the cache before it; ``proxies`` by scheme, as urllib takes them."""

    mirror: str
    proxies: Mapping[str, str]
    cache: Path = CACHE
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, path: str) -> Path:
        """A file of the archive, brought to the cache if need be; raises Missing."""
        kept = self.cache / path
        if immutable(path) and kept.is_file():
            return kept
        # Hosts that install the same package at once wait for one download.
        with self._guard:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            if not (immutable(path) and kept.is_file()):
                self._fetch(path, kept)
        return kept

    def _fetch(self, path: str, kept: Path) -> None:
        request = urllib.request.Request(f"{self.mirror}/{path}", headers={"User-Agent": "vpclab"})
        if kept.is_file():
            request.add_header("If-Modified-Since", email.utils.formatdate(kept.stat().st_mtime, usegmt=True))
        for left in reversed(range(ATTEMPTS)):
            try:
                self._ask(request, kept)
            except Missing as failure:
                if not failure.out_of_order:
                    raise
                if kept.is_file():
                    log.info("archive: %s: answered from the cache, the mirror does not: %s", path, failure)
                    return
                log.warning("archive: %s: %s%s", path, failure, f", asking again ({left})" if left else "")
                if not left:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def _ask(self, request: urllib.request.Request, kept: Path) -> None:
        """Bring one file, unless the mirror says that it has not changed; raises Missing, 504 for no answer."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler(dict(self.proxies) or None))
        try:
            with opener.open(request, timeout=_TIMEOUT) as answer:
                self._keep(answer, kept)
        except urllib.error.HTTPError as refusal:
            if refusal.code != 304:
                raise Missing(refusal.code) from refusal
        except (OSError, HTTPException) as failure:
            raise Missing(504, failure) from failure

    def _keep(self, answer: HTTPResponse, kept: Path) -> None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix=".", delete=False) as file:
            try:
                shutil.copyfileobj(answer, file, _CHUNK)
                file.flush()
                expected = answer.headers.get("Content-Length")
                if expected is not None and file.tell() != int(expected):
                    raise OSError(f"{file.tell()} of {expected} bytes came")
                modified = email.utils.parsedate_to_datetime(
                    answer.headers.get("Last-Modified") or email.utils.formatdate(usegmt=True)
                )
                os.utime(file.name, (modified.timestamp(), modified.timestamp()))
                os.rename(file.name, kept)
            except BaseException:
                os.unlink(file.name)
                raise


class _Site(web.Handler):
    def __init__(self, archive: Archive, *request: object) -> None:
        self._archive = archive
        super().__init__(*request)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.path.removeprefix(PREFIX)
        if path == self.path or not _SAFE.fullmatch(path) or path.endswith("/"):
            self.reply(404, b"not a file of the archive\n")
            return
        try:
            kept = self._archive.get(path)
        except Missing as missing:
            self.reply(missing.status, f"the mirror says {missing.status}\n".encode())
            return
        with kept.open("rb") as file:
            stat = os.fstat(file.fileno())
            modified = email.utils.formatdate(stat.st_mtime, usegmt=True)
            if self._unchanged(stat.st_mtime):
                self.send_response(304)
                self.send_header("Last-Modified", modified)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(stat.st_size))
            self.send_header("Last-Modified", modified)
            self.end_headers()
            if self.command != "HEAD":
                shutil.copyfileobj(file, self.wfile, _CHUNK)

    do_HEAD = do_GET

    def _unchanged(self, modified: float) -> bool:
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return int(modified) <= email.utils.parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False


def serve(listening: socket.socket, archive: Archive) -> Callable[[], None]:
    """Answer on a listening socket; returns what stops it."""
    return web.serve(listening, partial(_Site, archive))
