# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint as a WSGI application: any region, any credentials, one lock, refusals as EC2 words them."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from time import monotonic as _now
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError
from moto.core.request import Request
from werkzeug.wrappers import Response

from vpclab.ec2 import actions, backend, filters
from vpclab.ec2.actions import LabActions
from vpclab.ec2.backend import LabBackend
from vpclab.ec2.history import History
from vpclab.ec2.middleware import Answer, Call, CallLog, FaultLine, Middleware, through
from vpclab.ec2.refusal import Refusal
from vpclab.ec2.route53 import Route53, Zones, wire
from vpclab.ec2.services import ssm, sts
from vpclab.ec2.snapshot import snapshot
from vpclab.faults import BadFaults, Faults, parse_faults
from vpclab.topology import InstanceState, Machines, Topology

DEFAULT_REGION = "us-east-1"
log = logging.getLogger(__name__)


class _Request(Request):
    """A request that came through a real server, which sets the Date header itself."""

    from_wsgi_server = True


class NullMachines:
    """Machines that are what is wanted of them at once, for an endpoint without hosts."""

    def __init__(self) -> None:
        self._wanted: dict[str, InstanceState] = {}

    def apply(self, topology: Topology) -> None:
        """Take everything as done."""
        self.take({instance.id: instance.state for instance in topology.instances})

    def take(self, wanted: dict[str, InstanceState]) -> None:
        """Take all instances as what they are wanted to be: no topology need be made for that."""
        self._wanted = wanted

    def state(self, instance_id: str) -> InstanceState:
        """What was wanted last."""
        return self._wanted.get(instance_id, "pending")

    def console_output(self, instance_id: str) -> str:
        """Nothing: there is no host."""
        return ""


class Endpoint:
    """The state of all regions and the way of a call through it."""

    def __init__(
        self,
        machines: Machines | None = None,
        middlewares: tuple[Middleware, ...] = (),
        faults: Faults | None = None,
        zones: Zones | None = None,
    ) -> None:
        for module in (actions, backend, filters):
            module.install()
        self.calls = CallLog()
        self.faults = FaultLine(faults)
        self._history = History()
        self._machines = machines or NullMachines()
        self._route53 = Route53(zones or Zones())
        self._regions: dict[str, LabBackend] = {}
        self._lock = threading.RLock()
        self._way = through((self.calls, *middlewares, *self.faults.middlewares()), self._execute)

    def topology(self) -> Topology:
        """A snapshot of everything, at one moment between two calls."""
        with self._lock:
            return snapshot(self._regions.values())

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = _Request(environ)
        answer = self._lab_route(request) or self._answer(request)
        response = Response(answer.body, answer.status, content_type=answer.content_type)
        return response(environ, start_response)

    # The lab's own routes ---------------------------------------------------------------------------------------------

    def _lab_route(self, request: _Request) -> Answer | None:
        match request.method, request.path:
            case "GET", "/_lab/calls":
                return _json(self.calls.counts())
            case "POST", "/_lab/calls/reset":
                self.calls.reset()
                return _json({})
            case "GET", "/_lab/faults":
                return _json(self.faults.faults.to_dict())
            case "PUT", "/_lab/faults":
                return self._set_faults(request.get_data())
            case "GET", "/_lab/faults/hits":
                return _json(self.faults.hits())
            case method, path if path.startswith("/_lab/"):
                return Answer(404, f"{method} {path}: no such route\n", "text/plain")
        return None

    def _set_faults(self, text: bytes) -> Answer:
        try:
            faults = parse_faults(text)
        except BadFaults as error:
            return replace(_json({"errors": [problem.to_dict() for problem in error.problems]}), status=400)
        with self._lock:
            self._history.clear()
            self.faults.set(faults)
            self._note()
        return _json(faults.to_dict())

    # A call -----------------------------------------------------------------------------------------------------------

    def _answer(self, request: _Request) -> Answer:
        region, service = _scope(request.headers.get("Authorization", ""))
        request.get_data()  # keeps the body: the action is read from it here, the parameters later
        call = Call(service, _action(service, request), region, request)
        try:
            return self._way(call)
        except Refusal as refusal:
            return _refused(service, refusal.code, refusal.message, refusal.status)

    def _execute(self, call: Call) -> Answer:
        try:
            match call.service:
                case "ssm":
                    return Answer(
                        200, ssm(call.action, call.request.get_data(), call.region), "application/x-amz-json-1.1"
                    )
                case "sts":
                    return Answer(200, sts(call.action))
                case "ec2":
                    return self._ec2(call)
                case wire.SERVICE:
                    return Answer(*self._route53.answer(call.action, call.request))
                case _:
                    raise Refusal("UnrecognizedService", f"the lab has no service '{call.service}'", status=501)
        except Refusal:
            raise
        except OperationNotFoundError:
            return _refused(call.service, "InvalidAction", f"The action {call.action} is not valid.", 400)
        except NotImplementedError as missing:
            return _refused(call.service, "UnsupportedOperation", f"the lab does not offer this: {missing}", 501)
        except Exception as error:
            log.exception("%s failed", call.action)
            return _refused(call.service, "InternalError", f"{type(error).__name__}: {error}", 500)

    def _ec2(self, call: Call) -> Answer:
        with self._lock:
            region = self._regions.get(call.region)
            if region is None:
                region = self._regions[call.region] = LabBackend(call.region, self._machines, self._regions)
            if self._settle():
                self._apply()
            if call.reads:
                self._note()
            with self._history.at(region, _now() - call.lag) if call.lag else nullcontext():
                status, _, body = LabActions(region)._dispatch(call.request)
            if status < 300 and not call.reads:
                self._apply()
                if self._settle():
                    self._apply()
                self._note()
        return Answer(status, body if isinstance(body, str) else body.decode())

    def _settle(self) -> bool:
        return any([region.settle() for region in self._regions.values()])

    def _apply(self) -> None:
        if isinstance(self._machines, NullMachines):
            instances = [i for region in self._regions.values() for i in region.instances.values()]
            self._machines.take({i.id: i.wanted for i in instances if i.released is None})
        else:
            self._machines.apply(snapshot(self._regions.values()))

    def _note(self) -> None:
        """While reads lag, keep what there is now for those to come."""
        if lag := self.faults.faults.lag:
            now = _now()
            for region in self._regions.values():
                self._history.note(region, now, lag)


def _scope(authorization: str) -> tuple[str, str]:
    """The region and the service that a signature is for; unsigned calls are EC2's in the default region."""
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return (scope[2], scope[3]) if len(scope) == 5 else (DEFAULT_REGION, "ec2")


def _action(service: str, request: _Request) -> str:
    """What a request asks for: a header, the path or the form says it, by the service's protocol."""
    if service == wire.SERVICE:
        return wire.action(request)
    return request.headers.get("X-Amz-Target", "").rpartition(".")[2] or request.form.get("Action", "")


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value), "application/json")


def _refused(service: str, code: str, message: str, status: int) -> Answer:
    """An error in the form of the service's protocol."""
    if service == "ssm":
        return Answer(status, json.dumps({"__type": code, "message": message}), "application/x-amz-json-1.1")
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service in ("sts", wire.SERVICE):
        return Answer(status, f"<ErrorResponse><Error>{error}</Error><RequestId>lab</RequestId></ErrorResponse>")
    return Answer(
        status,
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Response><Errors><Error>{error}</Error></Errors>"
        "<RequestID>lab</RequestID></Response>",
    )
