# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract with EC2's API: requests as botocore's model has them, error codes as EC2 has them, lost answers."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2 import codes, translate
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import RETRIES, Ec2Api, Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.apply import client_token
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.verbs import VERBS
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import read_address
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.changes import ACTIONS, CREATE, Change
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._ec2.runs import Hours
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

REFERENCE = "Amazon EC2 API Reference, Error codes for the Amazon EC2 API"
PROVIDER = "HashiCorp's AWS provider, internal/service/ec2/errors.go"

# Every error code that the edge to EC2 mentions, and who says that EC2 uses it.
SOURCES = {
    "AttachmentLimitExceeded": REFERENCE,
    "IdempotentParameterMismatch": REFERENCE,
    "IncorrectInstanceState": REFERENCE,
    "IncorrectState": REFERENCE,
    "InvalidIPAddress.InUse": REFERENCE,
    "InvalidInstanceID.NotFound": REFERENCE,
    "InvalidNetworkInterface.InUse": REFERENCE,
    "InvalidNetworkInterfaceID.NotFound": REFERENCE,
    "InvalidParameter": REFERENCE,
    "InvalidParameterValue": REFERENCE,
    "InvalidSubnet.Conflict": REFERENCE,
    "InvalidSubnetCidrReservationID.NotFound": PROVIDER,
    "InvalidSubnetID.NotFound": REFERENCE,
    "RequestLimitExceeded": REFERENCE,
    "UnsupportedOperation": REFERENCE,
}
_CODE = re.compile(
    r"(Attachment|Idempotent|Incorrect|Insufficient|Invalid|Operation|PrivateIp|Request|Unsupported)"
    r"[A-Za-z]+(\.[A-Za-z]+)?"
)


def mentioned() -> set[str]:
    """Every text in the edge's sources that looks like one of EC2's codes."""
    found = set()
    for path in Path(codes.__file__).parent.glob("*.py"):
        constants = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
        found |= {value for value in constants if isinstance(value, str) and _CODE.fullmatch(value)}
    return found


def test_every_error_code_is_one_that_ec2_uses():
    assert mentioned() == set(SOURCES)


def test_every_kind_of_change_has_a_verb():
    assert {*VERBS, CREATE} == set(ACTIONS)


CHANGE = Change(
    CREATE, "a", subnet_id="subnet-1", addresses=(read_address("2001:db8::4"),), tags={"Name": "a"}, description="d"
)
ANSWER = """<CreateNetworkInterfaceResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
<networkInterface><networkInterfaceId>{eni}</networkInterfaceId></networkInterface></CreateNetworkInterfaceResponse>"""


class Raw:
    """The body of an answer as botocore reads it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def stream(self, **settings):
        yield self._text.encode()


@pytest.fixture
def lossy():
    """A real client whose EC2 makes an interface a token, and loses the answer to the first call."""
    settings = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("ec2", config=Config(**RETRIES), **settings)
    made: dict[str, str] = {}
    calls = []

    def answer(request, **more):
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        token = parse_qs(body)["ClientToken"][0]
        made.setdefault(token, f"eni-{len(made) + 1}")
        calls.append(body)
        if len(calls) == 1:
            raise ConnectionClosedError(endpoint_url=request.url)
        return AWSResponse(request.url, 200, {}, Raw(ANSWER.format(eni=made[token])))

    client.meta.events.register("before-send.ec2", answer)
    client.made, client.bodies = made, calls
    return client


def test_a_lost_answer_is_asked_for_again_with_the_same_token(lossy):
    """The call took effect though nobody said so: the same request again gives the same interface."""
    request = translate.create_request(CHANGE, client_token("f", CHANGE, 0), "2026-11-23T12:00:00Z")
    made = Ec2Api(lossy, Hours().clock()).create_interface("it", request)
    assert made["NetworkInterfaceId"] == "eni-1"
    assert list(lossy.made.values()) == ["eni-1"]
    assert lossy.bodies[0] == lossy.bodies[1]


def test_a_request_that_botocores_model_does_not_have_is_an_error_that_names_the_action(lossy):
    with pytest.raises(Ec2Error, match="Could not assign it: Parameter validation failed"):
        Ec2Api(lossy).assign("it", {"NetworkInterfaceId": "eni-1", "Ipv6Addresses": [4]})
