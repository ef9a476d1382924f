# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few actions of other services that amazon.aws asks for: SSM's public parameters, and who is asking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vpclab.ec2.backend import ACCOUNT
from vpclab.ec2.catalogue import IMAGES
from vpclab.ec2.refusal import Refusal

PARAMETERS = {image.parameter: image.id for image in IMAGES}


def ssm(action: str, body: bytes, region: str) -> str:
    """Answer an action of Systems Manager as JSON; refuse unknown parameters and actions."""
    params: Mapping[str, Any] = json.loads(body or b"{}")
    match action:
        case "GetParameter":
            if params["Name"] not in PARAMETERS:
                raise Refusal("ParameterNotFound", f"parameter {params['Name']} not found")
            answer: dict[str, Any] = {"Parameter": _parameter(params["Name"], region)}
        case "GetParameters":
            known = [name for name in params["Names"] if name in PARAMETERS]
            answer = {
                "Parameters": [_parameter(name, region) for name in known],
                "InvalidParameters": [name for name in params["Names"] if name not in PARAMETERS],
            }
        case "GetParametersByPath":
            path, deep = params["Path"].rstrip("/") + "/", params.get("Recursive", False)
            below = [name for name in PARAMETERS if name.startswith(path)]
            shown = [name for name in below if deep or "/" not in name.removeprefix(path)]
            answer = {"Parameters": [_parameter(name, region) for name in shown]}
        case _:
            raise Refusal("UnknownOperationException", f"the lab's parameter store does not know {action}", status=400)
    return json.dumps(answer)


def _parameter(name: str, region: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "String",
        "DataType": "aws:ec2:image",
        "Value": PARAMETERS[name],
        "Version": 1,
        "ARN": f"arn:aws:ssm:{region}::parameter{name}",
    }


def sts(action: str) -> str:
    """Answer GetCallerIdentity as XML; refuse every other action."""
    if action != "GetCallerIdentity":
        raise Refusal("InvalidAction", f"the lab's token service does not know {action}")
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{ACCOUNT}:user/lab</Arn><UserId>AIDALAB</UserId><Account>{ACCOUNT}</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>lab</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
