#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: subnet
short_description: Make or delete a subnet that has IPv6 alone
version_added: 0.1.0
description:
  - Makes a subnet without IPv4 in a VPC, and gives it tags. M(amazon.aws.ec2_vpc_subnet), which is for all other
    subnets, can't do that, as it wants an IPv4 network.
  - A subnet is known by its IPv6 network in its VPC. Several runs may make the same one at once.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.fleet.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  state:
    description: Whether the subnet should be there.
    type: str
    choices: [present, absent]
    default: present
  vpc_id:
    description: The VPC. Required for O(state=present).
    type: str
  ipv6_cidr:
    description:
      - The subnet's network, C(/44) to C(/64) in steps of 4, in an IPv6 block of the VPC.
      - Required for O(state=present).
    type: str
  availability_zone:
    description: The zone. Without it EC2 chooses one.
    type: str
  tags:
    description: Tags of the subnet. Others that it has stay.
    type: dict
    default: {}
  subnet_id:
    description: The subnet to delete. Required for O(state=absent).
    type: str
seealso:
  - module: amazon.aws.ec2_vpc_subnet
"""

EXAMPLES = r"""
- name: Make a subnet without IPv4
  ipv6.aws_containers.subnet:
    region: us-east-1
    vpc_id: vpc-0123456789abcdef0
    ipv6_cidr: 2600:1f18:47b:ca04::/64
    availability_zone: us-east-1a
    tags: {Name: six}
  register: six

- name: Delete it
  ipv6.aws_containers.subnet:
    region: us-east-1
    subnet_id: "{{ six.subnet.id }}"
    state: absent
"""

RETURN = r"""
subnet:
  description: The subnet; empty if there is none, as in check mode before it is made.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: subnet-0123456789abcdef0
    vpc_id:
      description: Its VPC.
      type: str
      sample: vpc-0123456789abcdef0
    ipv6_cidr:
      description: Its network.
      type: str
      sample: 2600:1f18:47b:ca04::/64
    availability_zone:
      description: Its zone.
      type: str
      sample: us-east-1a
    tags:
      description: All its tags.
      type: dict
      sample: {Name: six}
violations:
  description: Why the request can't be met, one entry for each rule that is broken.
  returned: when the request can't be met
  type: list
  elements: dict
  sample:
    - path: availability_zone
      rule: must stay us-east-1a, where subnet-0123456789abcdef0 is
      value: us-east-1b
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.subnet import Wanted, absent, present

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "vpc_id": {"type": "str"},
    "ipv6_cidr": {"type": "str"},
    "availability_zone": {"type": "str"},
    "tags": {"type": "dict", "default": {}},
    "subnet_id": {"type": "str"},
}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ("vpc_id", "ipv6_cidr")), ("state", "absent", ("subnet_id",))],
    )
    given = module.params
    api = connect(module.client)

    def work() -> dict[str, Any]:
        if given["state"] == "absent":
            report = absent(api, given["subnet_id"], module.check_mode)
        else:
            tags = {key: str(value) for key, value in given["tags"].items()}
            wanted = Wanted(given["vpc_id"], given["ipv6_cidr"], given["availability_zone"] or "", tags)
            report = present(api, wanted, module.check_mode, module.log)
        return {
            "changed": report.changed,
            "subnet": report.subnet,
            "diff": {"before": report.before, "after": report.after},
        }

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
