# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive and the registry, asked over the loopback as hosts ask them."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from vpclab.services import archive, demo, registry, tls, web


def listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    return made


class Upstream(web.Handler):
    """A mirror that counts what it is asked."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []
    failures: ClassVar[list[int]] = []  # the statuses of the next answers; 0: hung up in the middle

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.failures:
            if wrong := self.failures.pop(0):
                self.reply(wrong)
                return
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif self.path not in self.files:
            self.reply(404)
        elif "If-Modified-Since" in self.headers:
            self.send_response(304)
            self.end_headers()
        else:
            self.reply(200, self.files[self.path], Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch) -> None:
    monkeypatch.setattr(archive, "PAUSE", 0.0)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The URL of an archive before an upstream, and what the upstream was asked."""
    Upstream.files = {"/debian/pool/main/h/hello.deb": b"package", "/debian/dists/trixie/InRelease": b"index"}
    Upstream.asked, Upstream.failures = [], []
    upstream, front = listening(), listening()
    stops = [web.serve(upstream, Upstream)]
    made = archive.Archive(f"http://127.0.0.1:{upstream.getsockname()[1]}/debian", {}, tmp_path)
    stops.append(archive.serve(front, made))
    yield f"http://127.0.0.1:{front.getsockname()[1]}", Upstream.asked
    for stop in stops:
        stop()


def get(url: str, **headers: str) -> bytes:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read()


def status(url: str, **headers: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        get(url, **headers)
    return refusal.value.code


def test_a_package_is_fetched_once(mirror) -> None:
    url, asked = mirror
    assert get(f"{url}/debian/pool/main/h/hello.deb") == b"package"
    assert get(f"{url}/debian/pool/main/h/hello.deb") == b"package"
    assert asked == ["/debian/pool/main/h/hello.deb"]


def test_an_index_is_asked_about_and_kept(mirror) -> None:
    url, asked = mirror
    assert get(f"{url}/debian/dists/trixie/InRelease") == b"index"
    assert get(f"{url}/debian/dists/trixie/InRelease") == b"index", "the mirror said that it has not changed"
    assert len(asked) == 2
    assert status(f"{url}/debian/dists/trixie/InRelease", If_Modified_Since="Thu, 01 Jan 2026 00:00:00 GMT") == 304


def test_what_the_mirror_refuses_is_refused(mirror) -> None:
    url, _ = mirror
    assert status(f"{url}/debian/pool/none.deb") == 404


@pytest.mark.parametrize("failures", [[503], [429, 502], [0, 0], [0, 503]])
def test_what_a_mirror_out_of_order_refuses_is_asked_for_again(mirror, failures: list[int]) -> None:
    url, asked = mirror
    Upstream.failures = list(failures)
    assert get(f"{url}/debian/pool/main/h/hello.deb") == b"package"
    assert len(asked) == len(failures) + 1


def test_a_mirror_that_stays_out_of_order_is_not_asked_for_ever(mirror) -> None:
    url, asked = mirror
    Upstream.failures = [503] * 9
    assert status(f"{url}/debian/pool/main/h/hello.deb") == 503
    assert len(asked) == archive.ATTEMPTS


@pytest.mark.parametrize("failure", [503, 0])
def test_an_index_is_answered_from_the_cache_when_the_mirror_is_out_of_order(mirror, failure: int) -> None:
    url, _ = mirror
    get(f"{url}/debian/dists/trixie/InRelease")
    Upstream.failures = [failure]
    assert get(f"{url}/debian/dists/trixie/InRelease") == b"index"


@pytest.mark.parametrize("path", ["/", "/debian/", "/debian/../etc/passwd", "/other/x", "/debian/.lock", "/debian//x"])
def test_nothing_but_files_of_the_archive(mirror, path: str) -> None:
    url, asked = mirror
    assert status(url + path) == 404
    assert not asked


def test_an_index_is_answered_from_the_cache_when_the_mirror_is_away(tmp_path: Path) -> None:
    (tmp_path / "dists").mkdir()
    (tmp_path / "dists/Release").write_text("kept")
    away = archive.Archive("http://127.0.0.1:1/debian", {}, tmp_path)
    assert away.get("dists/Release").read_text() == "kept"
    with pytest.raises(archive.Missing) as missing:
        away.get("pool/x.deb")
    assert missing.value.status == 504


@pytest.fixture
def pull() -> Iterator[partial[bytes]]:
    """GET a path of a registry that holds the demonstration image, checking its certificate by the authority."""
    image = demo.build(b"busybox")
    certificate = tls.server("localhost")
    sock = listening()
    port = sock.getsockname()[1]
    stop = registry.serve(sock, certificate, {"demo/web": {"1": image}})
    context = ssl.create_default_context(cadata=certificate.authority)

    def fetch(path: str, method: str = "GET") -> tuple[bytes, dict[str, str]]:
        request = urllib.request.Request(f"https://localhost:{port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return answer.read(), dict(answer.headers)

    yield fetch
    stop()


def test_an_image_is_pulled_as_an_engine_does(pull) -> None:
    assert pull("/v2/")[1]["Docker-Distribution-Api-Version"] == "registry/2.0"
    nothing, head = pull("/v2/demo/web/manifests/1", "HEAD")
    assert nothing == b""
    content, headers = pull(f"/v2/demo/web/manifests/{head['Docker-Content-Digest']}")
    assert headers["Content-Type"] == demo.MANIFEST_TYPE
    manifest = json.loads(content)
    for part in (manifest["config"], *manifest["layers"]):
        blob, _ = pull(f"/v2/demo/web/blobs/{part['digest']}")
        assert (demo.digest(blob), len(blob)) == (part["digest"], part["size"])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/demo/web/manifests/2", "MANIFEST_UNKNOWN"),
        ("/v2/demo/none/manifests/1", "MANIFEST_UNKNOWN"),
        ("/v2/demo/web/blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
        ("/v2/_catalog", "NAME_UNKNOWN"),
    ],
)
def test_what_is_not_there_is_said_in_the_registrys_own_words(pull, path: str, code: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        pull(path)
    assert json.loads(refusal.value.read())["errors"][0]["code"] == code


def test_the_image_is_the_same_each_time() -> None:
    assert demo.build(b"busybox") == demo.build(b"busybox")
    assert demo.build(b"busybox").digest != demo.build(b"another").digest
