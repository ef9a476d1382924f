#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: eni
short_description: Give container hosts network interfaces with IPv6 addresses for themselves and their containers
version_added: 0.1.0
description:
  - Makes one network interface (ENI) for each host, with an IPv6 address for the host and either a block of single
    addresses
    or a delegated /80 prefix for its containers, all hosts in one call.
  - What a host holds stays with it, and new hosts never move others. The state is in the interfaces' tags
    (C(ipv6.aws_containers:*)) and nowhere else.
  - What was removed by hand (an address, the prefix, a tag) is put back. What was added by hand is left alone, with a
    warning.
  - Everything that can't be is found before the first write and reported at once.
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
    support: full
options:
  state:
    description:
      - V(present) makes and repairs the interfaces of O(hosts).
      - V(absent) deletes the interfaces of O(hosts), or of the whole fleet when O(hosts) is left out. An interface that
        an
        instance uses is refused before anything is deleted, unless the instance is shutting down or terminated.
    type: str
    choices: [present, absent]
    default: present
  subnet_id:
    description:
      - The subnet of the interfaces; it must have an IPv6 network. Required if O(state=present).
      - In check mode it may be left out. Then the plan is made for the subnet that carries the fleet's tag, or, before
        there is one, for an empty subnet whose addresses (C(2001:db8::/64)) stand for those to come; so mistakes are
        found before anything is made.
      - With O(state=absent) only the fleet's interfaces in this subnet are considered.
    type: str
  security_groups:
    description:
      - Ids of the interfaces' security groups, of the subnet's VPC. Interfaces that have others are corrected.
      - Left out, new interfaces get the VPC's default group and existing ones keep theirs.
    type: list
    elements: str
    default: []
  hosts:
    description: The hosts. Required if O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The host's name, unique in the fleet; 1 to 100 letters, digits, dots, dashes or underscores.
        type: str
        required: true
      instance_type:
        description:
          - The type of the host's instance. With it, the type's limits are checked before anything is written.
        type: str
      container_mode:
        description:
          - V(prefix) delegates a /80 to the interface; it counts as one address of the type's limit and needs a Nitro
            type.
          - V(block) assigns every address of an aligned block.
          - By default, what O(hosts[].container_prefix) means or what the host has already, and V(prefix) otherwise.
        type: str
      container_count:
        description:
          - How many containers a block is to hold. The network's own address and the bridge's come on top, so 2 is a
            /126, 6 a
            /125, 14 a /124 and 30 a /123.
          - A greater number than before enlarges the host's block in place, if its neighbours are free. A smaller one
            changes
            nothing.
          - By default 2.
        type: int
      host_address:
        description:
          - The host's own address. An address whose network bits are all zero is relative to the subnet, so V(::1:1) is
            C(2001:db8::1:1) in C(2001:db8::/64).
          - It can't be changed while the host holds another one.
        type: str
      container_prefix:
        description:
          - The containers' prefix, relative to the subnet or absolute; a /80 for mode V(prefix), a /123 to /126 for
            V(block).
          - It can't be changed while the host holds another one, except to a larger block around it.
        type: str
  leaving_instances:
    description:
      - With O(state=absent), ids of instances that are about to be terminated, so that check mode can say what goes
        with them while they still run.
    type: list
    elements: str
    default: []
  tags:
    description:
      - More tags for the interfaces. Missing and different ones are corrected, others are left alone.
      - C(Name) is the host's name unless given here.
    type: dict
    default: {}
  wait_timeout:
    description: With O(state=absent), how many seconds to wait until leaving instances have let go of their interfaces.
    type: int
    default: 300
seealso:
  - module: ipv6.aws_containers.eni_info
  - plugin: ipv6.aws_containers.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Give the tutorial's two hosts their blocks, and a third a delegated prefix
  ipv6.aws_containers.eni:
    region: us-east-1
    subnet_id: subnet-0123456789abcdef0
    security_groups: [sg-0123456789abcdef0]
    hosts:
      - name: instance-1
        instance_type: r5d.large
        host_address: "::1:1"
        container_prefix: "::8/126"
      - name: instance-2
        instance_type: r5d.large
        host_address: "::2:2"
        container_prefix: "::c/126"
      - name: instance-3
        instance_type: t3.micro
        container_mode: prefix
  register: interfaces

- name: Delete the interfaces of the whole fleet
  ipv6.aws_containers.eni:
    region: us-east-1
    state: absent
"""

RETURN = r"""
hosts:
  description: The hosts by name; in check mode as they would be. Empty if O(state=absent).
  returned: success
  type: dict
  contains:
    eni_id:
      description: The id of the interface, null for one that check mode would make.
      type: str
      sample: eni-0123456789abcdef0
    mac_address:
      description: Its MAC address, null for one that check mode would make.
      type: str
      sample: "06:2b:1c:00:00:01"
    host_address:
      description: The host's own address.
      type: str
      sample: 2600:1f18:47b:ca03::1:1
    container_prefix:
      description: The containers' prefix.
      type: str
      sample: 2600:1f18:47b:ca03::8/126
    container_mode:
      description: V(block) or V(prefix).
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
    instance_id:
      description: The instance that has the interface, null for none.
      type: str
      sample: i-0123456789abcdef0
    vpc_id:
      description: The subnet's VPC.
      type: str
      sample: vpc-0123456789abcdef0
    availability_zone:
      description: The subnet's availability zone.
      type: str
      sample: us-east-1a
changes:
  description:
    - What was done, or would be in check mode, in the order of work. C(action), C(host) and C(eni_id), and of
      C(subnet_id),
      C(addresses), C(prefixes), C(security_groups), C(tags), C(description) what belongs to the action.
  returned: success
  type: list
  elements: dict
  sample:
    - action: assign_prefixes
      host: instance-3
      eni_id: eni-0123456789abcdef0
      prefixes: ["2600:1f18:47b:ca03:1::/80"]
violations:
  description: Why the request can't be met, one entry for each rule that is broken.
  returned: when the request can't be met
  type: list
  elements: dict
  sample:
    - path: hosts[1].container_prefix
      rule: must lie in 2600:1f18:47b:ca03::/64
      value: 2001:db8::/126
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.arguments import (
    fleet_argument,
    hosts_argument,
    wait_argument,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.fleet import Report, absent, present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Desired

ARGUMENTS = {
    **fleet_argument(),
    **hosts_argument(),
    **wait_argument(300),
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subnet_id": {"type": "str"},
    "security_groups": {"type": "list", "elements": "str", "default": []},
    "leaving_instances": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
}


def result_of(report: Report) -> dict[str, Any]:
    """The module's result from what the run did."""
    return {
        "changed": bool(report.changes),
        "hosts": report.hosts,
        "changes": [change.to_dict() for change in report.changes],
        "diff": {"before": report.before, "after": report.after},
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ("hosts",))],
    )
    given = module.params
    if given["state"] == "present" and not given["subnet_id"] and not module.check_mode:
        module.fail_json(msg="subnet_id: is required to make interfaces; only check mode may leave it out")
    api = connect(module.client)

    def work() -> dict[str, Any]:
        if given["state"] == "absent":
            what = (given["fleet"], given["subnet_id"], given["hosts"], given["leaving_instances"])
            report = absent(api, *what, module.check_mode, given["wait_timeout"], module.log)
        else:
            tags = {key: str(value) for key, value in given["tags"].items()}
            groups = tuple(given["security_groups"])
            desired = Desired(given["fleet"], given["subnet_id"] or "", groups, tags, given["hosts"])
            report = present(api, desired, module.check_mode, module.log)
        for note in report.notes:
            module.warn(note)
        return result_of(report)

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
