# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata service is asked where it answers: a host without IPv4 has it on an IPv6 address alone."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._observe import imds

MAC = "06:00:00:00:00:01"
CARD = f"network/interfaces/macs/{MAC}/"
TEXTS = {
    "instance-id": "i-1",
    "instance-type": "t3.micro",
    "public-keys/": "0=admin",
    "network/interfaces/macs/": f"{MAC}/",
    CARD + "interface-id": "eni-1",
    CARD + "device-number": "0",
    CARD + "ipv6s": "2001:db8::5\n2001:db8::4",
}


class Service(BaseHTTPRequestHandler):
    """Version 2 of the service: nothing without a token."""

    def do_PUT(self):
        self.answer(200, "token")

    def do_GET(self):
        text = TEXTS.get(self.path.removeprefix("/latest/meta-data/"))
        if self.headers.get("X-aws-ec2-metadata-token") != "token":
            self.answer(401, "")
        else:
            self.answer(404 if text is None else 200, text or "")

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format, *arguments):
        """Nothing."""


@pytest.fixture
def service():
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nowhere():
    """An endpoint at which nobody listens."""
    server = HTTPServer(("127.0.0.1", 0), Service)
    server.server_close()
    return f"http://127.0.0.1:{server.server_port}"


def test_the_first_endpoint_that_answers_is_asked(service, nowhere):
    found = imds.observe(MAC, [nowhere, service])
    assert (found["instance_id"], found["token_required"], found["key_names"]) == ("i-1", True, ["admin"])
    assert (found["addresses"], found["prefixes"]) == (["2001:db8::5", "2001:db8::4"], [])


def test_where_none_answers_each_is_named(nowhere):
    error = imds.observe(MAC, [nowhere, nowhere + "/two"])["error"]
    assert error.startswith(f"{nowhere}: ")
    assert f"; {nowhere}/two: " in error


def test_both_families_are_tried():
    assert ["[fd00:ec2::254]" in endpoint for endpoint in imds.ENDPOINTS] == [False, True]
