#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: eni_info
short_description: Tell what a fleet's hosts have, from EC2's tags and descriptions alone
version_added: 0.1.0
description:
  - Lists the network interfaces of a fleet of container hosts, with their addresses and their instances, in a constant
    number of calls, whatever the number of hosts and subnets.
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
  subnet_id:
    description: Only the interfaces in this subnet.
    type: str
  hosts:
    description: Only these hosts, by name.
    type: list
    elements: str
seealso:
  - module: ipv6.aws_containers.eni
"""

EXAMPLES = r"""
- name: Find out what the fleet's hosts have
  ipv6.aws_containers.eni_info:
    region: us-east-1
  register: fleet

- name: Show where to log in
  ansible.builtin.debug:
    msg: "{{ fleet.hosts['instance-1'].host_address }}"
"""

RETURN = r"""
hosts:
  description: The hosts by name; empty when the fleet has none.
  returned: success
  type: dict
  contains:
    eni_id:
      description: The id of the interface.
      type: str
      sample: eni-0123456789abcdef0
    mac_address:
      description: Its MAC address.
      type: str
      sample: "06:2b:1c:00:00:01"
    host_address:
      description: The host's own address, null if its tag is lost and the addresses don't tell.
      type: str
      sample: 2600:1f18:47b:ca03::1:1
    container_prefix:
      description: The containers' prefix, null if its tag is lost and the addresses don't tell.
      type: str
      sample: 2600:1f18:47b:ca03::8/126
    container_mode:
      description: V(block) or V(prefix), null if the prefix is.
      type: str
      sample: block
    container_count:
      description: How many container addresses of a block it was given, null in mode V(prefix) and if the prefix is.
      type: int
      sample: 2
    assign:
      description: V(block) or V(containers), what of it is assigned; null in mode V(prefix) and if the prefix is.
      type: str
      sample: block
    subnet_id:
      description: The subnet.
      type: str
      sample: subnet-0123456789abcdef0
    subnet_cidr:
      description: The subnet's IPv6 network.
      type: str
      sample: 2600:1f18:47b:ca03::/64
    gateway:
      description: The link-local address at which every subnet's router answers.
      type: str
      sample: fe80:ec2::1
    vpc_id:
      description: The VPC.
      type: str
      sample: vpc-0123456789abcdef0
    availability_zone:
      description: The availability zone.
      type: str
      sample: us-east-1a
    status:
      description: The interface's status, such as V(available) or V(in-use).
      type: str
      sample: in-use
    security_groups:
      description: Ids of its security groups.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    addresses:
      description: Every single IPv6 address that it has, ascending.
      type: list
      elements: str
      sample: ["2600:1f18:47b:ca03::8", "2600:1f18:47b:ca03::9"]
    prefixes:
      description: Every IPv6 prefix delegated to it, ascending.
      type: list
      elements: str
      sample: ["2600:1f18:47b:ca03:1::/80"]
    instance_id:
      description: The id of the instance that has the interface, null for none.
      type: str
      sample: i-0123456789abcdef0
    instance:
      description: That instance, null for none.
      type: dict
      contains:
        instance_id:
          description: Its id.
          type: str
          sample: i-0123456789abcdef0
        state:
          description: Its state.
          type: str
          sample: running
        instance_type:
          description: Its type.
          type: str
          sample: r5d.large
        image_id:
          description: The image it was made from.
          type: str
          sample: ami-0123456789abcdef0
        key_name:
          description: The name of its key pair, null for none.
          type: str
          sample: admin
        http_tokens:
          description: V(required) if only version 2 of the metadata service answers.
          type: str
          sample: required
        host_key:
          description: Its ed25519 host key where M(ipv6.aws_containers.host_keys) has stored it, otherwise null.
          type: str
          sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI
missing:
  description: Those of O(hosts) that have no interface in the fleet.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.arguments import fleet_argument
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.info import fleet_info
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of

ARGUMENTS = {
    **fleet_argument(),
    "subnet_id": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    api = connect(module.client)

    def work() -> dict[str, Any]:
        return {"changed": False, **fleet_info(api, given["fleet"], given["subnet_id"], given["hosts"])}

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
