#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: plan_info
short_description: Describe everything that a plan of a fleet's addresses depends on
version_added: 0.1.0
description:
  - Reads the subnets, all of their network interfaces and CIDR reservations, the fleet's instances, the instance types
    and the security groups, in a number of calls that does not depend on the number of hosts.
  - The description is plain data. P(ipv6.aws_containers.fleet_plan#filter) plans from it, at once or from a file in
    which it was kept, without AWS.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.fleet
  - ipv6.aws_containers.fleet.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  subnet_ids:
    description:
      - The subnets that the plan is for. Those in which the fleet has interfaces are described anyway.
      - Ids such as C(new:NAME), of subnets that are yet to be made, are left out; a plan needs nothing about them.
    type: list
    elements: str
    default: []
  security_groups:
    description: Ids of the security groups that the plan names.
    type: list
    elements: str
    default: []
  instance_types:
    description: The instance types that the plan names. Those of the fleet's instances are described anyway.
    type: list
    elements: str
    default: []
seealso:
  - module: ipv6.aws_containers.eni
  - plugin: ipv6.aws_containers.fleet_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Describe what there is
  ipv6.aws_containers.plan_info:
    region: us-east-1
    subnet_ids: [subnet-0123456789abcdef0]
    instance_types: [r5d.large]
  register: now

- name: Keep it, to plan from later
  ansible.builtin.copy:
    content: "{{ now.description | to_nice_json }}"
    dest: description.json
    mode: "0644"
"""

RETURN = r"""
description:
  description: What there is, for P(ipv6.aws_containers.fleet_plan#filter).
  returned: success
  type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.arguments import (
    fleet_argument,
    strings_argument,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.observe import observe
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.description import to_description
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import is_new_subnet

ARGUMENTS = {
    **fleet_argument(),
    **strings_argument("subnet_ids"),
    **strings_argument("security_groups"),
    **strings_argument("instance_types"),
}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    api = connect(module.client)

    def work() -> dict[str, Any]:
        subnet_ids = [subnet_id for subnet_id in given["subnet_ids"] if not is_new_subnet(subnet_id)]
        observed = observe(api, given["fleet"], subnet_ids, given["security_groups"], given["instance_types"])
        return {"changed": False, "description": to_description(observed)}

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
