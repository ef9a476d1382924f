# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the instance metadata service (version 2) tells the host about itself."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterable

# The second is for hosts without IPv4 (EC2 user guide, "Access instance metadata"); it answers where that is enabled.
ENDPOINTS = ("http://169.254.169.254", "http://[fd00:ec2::254]")
SECONDS = 5.0


def observe(mac: str, endpoints: Iterable[str] = ENDPOINTS) -> dict:
    """Instance id, key names and the interface's own view, for the interface with MAC address ``mac``.

    The first endpoint that answers is asked. ``token_required`` is True when the service refuses a question without a
    token (IMDSv2 required). ``error`` is set, and nothing else, when none answers.
    """
    errors = []
    for endpoint in endpoints:
        answer = _observe(mac, endpoint)
        if "error" not in answer:
            return answer
        errors.append(answer["error"])
    return {"error": "; ".join(errors)}


def _observe(mac: str, endpoint: str) -> dict:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        bare = _status(opener, endpoint + "/latest/meta-data/instance-id")
        token = _open(
            opener,
            urllib.request.Request(
                endpoint + "/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}
            ),
        )

        def fetch(path: str) -> str | None:
            request = urllib.request.Request(
                endpoint + "/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": token or ""}
            )
            return _open(opener, request)

        return {"token_required": bare == 401, **_gather(fetch, mac.lower())}
    except OSError as error:  # URLError, HTTPError and timeouts are all of this kind
        return {"error": f"{endpoint}: {error}"}


def _gather(fetch: Callable[[str], str | None], mac: str) -> dict:
    card = f"network/interfaces/macs/{mac}/"
    return {
        "instance_id": fetch("instance-id") or "",
        "instance_type": fetch("instance-type") or "",
        # each line is "<index>=<key name>"
        "key_names": [line.partition("=")[2] for line in _lines(fetch("public-keys/"))],
        "macs": [line.rstrip("/") for line in _lines(fetch("network/interfaces/macs/"))],
        "interface_id": fetch(card + "interface-id") or "",
        "device_number": fetch(card + "device-number") or "",
        "addresses": _lines(fetch(card + "ipv6s")),
        "prefixes": _lines(fetch(card + "ipv6-prefix")),
    }


def _lines(text: str | None) -> list[str]:
    return (text or "").split()


def _open(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> str | None:
    """The answer's text, or None for 404 ("none" and "not yet" look alike to EC2's metadata)."""
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def _status(opener: urllib.request.OpenerDirector, url: str) -> int:
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
