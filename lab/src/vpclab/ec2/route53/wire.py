# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP's side: which action a request is for, its parameters, and the answer as XML, by AWS's own model of the API."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

from moto.core.parse import RestXMLParser
from moto.core.request import Request
from moto.core.serialize import RestXMLSerializer
from moto.core.utils import get_service_model

from vpclab.ec2.route53.actions import Actions
from vpclab.ec2.route53.zones import Zones

SERVICE = "route53"


@cache
def _model() -> Any:
    return get_service_model(SERVICE)


@cache
def _routes() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Method and path of each action of the API."""
    found = {}
    for action in _model().operation_names:
        http = _model().operation_model(action).http
        path = re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"].partition("?")[0].rstrip("/")))
        found[action] = (http["method"], re.compile(path + "/?"))
    return found


def action(request: Request) -> str:
    """The action that a request's method and path are for; "" for none."""
    for found, (method, path) in _routes().items():
        if method == request.method and path.fullmatch(request.path):
            return found
    return ""


class Route53:
    """The service: one answer a request."""

    def __init__(self, zones: Zones) -> None:
        self._actions = Actions(zones)

    def answer(self, action: str, request: Request) -> tuple[int, str]:
        """Status and body of what a request asks for (``action``); raises Refusal, and NotImplementedError for what the
        lab does not offer."""
        do = self._actions.find(action)
        match = _routes()[action][1].fullmatch(request.path)
        operation = _model().operation_model(action)
        asked = {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": match.groupdict() if match else {},
        }
        result = do(RestXMLParser(operation).parse(cast(Any, asked)))
        said = RestXMLSerializer(operation).serialize(_without_nothing(result))
        body = said["body"]
        return said["status_code"], body if isinstance(body, str) else cast(bytes, body).decode()


def _without_nothing(value: Any) -> Any:
    """Members that are None are left out."""
    if isinstance(value, dict):
        return {key: _without_nothing(one) for key, one in value.items() if one is not None}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value
