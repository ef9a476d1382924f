# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subnet without IPv4: made once, found again, deleted; every request as botocore's service model wants it."""

from __future__ import annotations

import botocore.session
import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Api, Ec2Error
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.subnet import Wanted, absent, present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

MODEL = botocore.session.get_session().get_service_model("ec2")
WANTED = Wanted("vpc-1", "2600:1f18:47b:ca04::/64", "us-east-1a", {"Name": "six"})


class FakeSubnets:
    """A VPC's subnets behind boto3's client interface; ``race`` acts once, in front of a creation."""

    def __init__(self):
        self.subnets = {}
        self.writes = []
        self.race = None

    def add(self, cidr, native=True, zone="us-east-1a", tags=()):
        subnet_id = f"subnet-{len(self.subnets) + 1}"
        self.subnets[subnet_id] = {
            "SubnetId": subnet_id,
            "VpcId": "vpc-1",
            "State": "available",
            "AvailabilityZone": zone,
            "Ipv6Native": native,
            "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": cidr, "Ipv6CidrBlockState": {"State": "associated"}}],
            "Tags": list(tags),
            **({} if native else {"CidrBlock": "10.0.0.0/24"}),
        }
        return subnet_id

    def tags(self, subnet_id):
        return {tag["Key"]: tag["Value"] for tag in self.subnets[subnet_id]["Tags"]}

    def _asked(self, operation, request):
        report = ParamValidator().validate(request, MODEL.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
        if not operation.startswith("Describe"):
            self.writes.append(operation)

    def get_paginator(self, verb):
        assert verb == "describe_subnets"
        return self

    def paginate(self, Filters, PaginationConfig):
        self._asked("DescribeSubnets", {"Filters": Filters, "MaxResults": PaginationConfig["PageSize"]})
        (entry,) = Filters
        key = {"vpc-id": "VpcId", "subnet-id": "SubnetId"}[entry["Name"]]
        yield {"Subnets": [raw for raw in self.subnets.values() if raw[key] in entry["Values"]]}

    def create_subnet(self, **request):
        self._asked("CreateSubnet", request)
        assert request["Ipv6Native"]
        assert "CidrBlock" not in request
        race, self.race = self.race, None
        if race:
            race()
        if any(
            raw["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == request["Ipv6CidrBlock"]
            for raw in self.subnets.values()
        ):
            raise refusal("InvalidSubnet.Conflict", "CreateSubnet")
        tags = request["TagSpecifications"][0]["Tags"]
        subnet_id = self.add(request["Ipv6CidrBlock"], zone=request["AvailabilityZone"], tags=tags)
        return {"Subnet": {**self.subnets[subnet_id], "State": "pending"}}

    def create_tags(self, **request):
        self._asked("CreateTags", request)
        (subnet_id,) = request["Resources"]
        tags = {**self.tags(subnet_id), **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}
        self.subnets[subnet_id]["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {}

    def delete_subnet(self, SubnetId):
        self._asked("DeleteSubnet", {"SubnetId": SubnetId})
        if SubnetId not in self.subnets:
            raise refusal("InvalidSubnetID.NotFound", "DeleteSubnet")
        del self.subnets[SubnetId]
        return {}


def refusal(code, operation):
    return ClientError({"Error": {"Code": code, "Message": f"refused: {code}"}}, operation)


@pytest.fixture
def ec2():
    return FakeSubnets()


def make(ec2, wanted=WANTED, check=False):
    return present(Ec2Api(ec2), wanted, check, lambda text: None)


def test_it_is_made_once_with_its_tags_in_the_same_call(ec2):
    first = make(ec2)
    assert first.changed
    assert first.subnet["tags"] == {"Name": "six"}
    assert ec2.writes == ["CreateSubnet"]
    again = make(ec2)
    assert (again.changed, again.subnet) == (False, first.subnet)
    assert ec2.writes == ["CreateSubnet"]


def test_check_mode_says_so_and_writes_nothing(ec2):
    report = make(ec2, check=True)
    assert (report.changed, report.subnet, report.before) == (True, {}, {})
    assert report.after["ipv6_cidr"] == WANTED.ipv6_cidr
    assert ec2.writes == []


def test_another_runs_subnet_is_taken_when_that_was_faster(ec2):
    ec2.race = lambda: ec2.add(WANTED.ipv6_cidr)
    report = make(ec2)
    assert (report.subnet["id"], report.subnet["tags"]) == ("subnet-1", {"Name": "six"})
    assert len(ec2.subnets) == 1


def test_missing_tags_are_added_and_others_stay(ec2):
    subnet_id = ec2.add(WANTED.ipv6_cidr, tags=[{"Key": "team", "Value": "a"}])
    report = make(ec2)
    assert report.changed
    assert report.before["tags"] == {"team": "a"}
    assert ec2.tags(subnet_id) == {"team": "a", "Name": "six"} == report.subnet["tags"]


def test_a_subnet_is_known_by_its_number_not_by_the_text_of_it(ec2):
    ec2.add("2600:1f18:047b:ca04:0000::/64", tags=[{"Key": "Name", "Value": "six"}])
    assert not make(ec2).changed


def test_a_network_with_ipv4_and_another_zone_are_refused_before_any_write(ec2):
    ec2.add(WANTED.ipv6_cidr, native=False, zone="us-east-1b")
    with pytest.raises(PlanError) as error:
        make(ec2)
    assert [violation.path for violation in error.value.violations] == ["ipv6_cidr", "availability_zone"]
    assert "10.0.0.0/24" in str(error.value)
    with pytest.raises(PlanError, match="ipv6_cidr"):
        make(ec2, Wanted("vpc-1", "2600:1f18::1/64"))
    assert ec2.writes == []


def test_other_refusals_are_ec2s_own(ec2):
    def refuse():
        raise refusal("SubnetLimitExceeded", "CreateSubnet")

    ec2.race = refuse
    with pytest.raises(Ec2Error, match="SubnetLimitExceeded"):
        make(ec2)


def test_it_is_deleted_and_one_with_ipv4_never_is(ec2):
    subnet_id, other = ec2.add(WANTED.ipv6_cidr), ec2.add("2600:1f18:47b:ca05::/64", native=False)
    api = Ec2Api(ec2)
    assert absent(api, subnet_id, check=True).changed
    assert subnet_id in ec2.subnets
    assert absent(api, subnet_id, check=False).changed
    assert not absent(api, subnet_id, check=False).changed
    with pytest.raises(PlanError, match=f"subnet_id: must be a subnet without IPv4.*{other}"):
        absent(api, other, check=False)
    assert list(ec2.subnets) == [other]
