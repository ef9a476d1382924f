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
    addresses or a delegated /80 prefix for its containers, all hosts in one call, in one subnet or in several of one
    VPC.
  - What a host holds stays with it, and new hosts never move others. The state is in the interfaces' tags
    (C(ipv6.aws_containers:*)) and nowhere else.
  - Everything that can't be is found before the first write and reported at once.
  - Changes are made in three phases. What frees addresses comes first, then reservations, then what takes addresses,
    hosts side by side. A run that was cut short is completed by the next one.
notes:
  - What was removed by hand (an address, the prefix, a tag) is put back. What was added by hand is left alone, with a
    warning, or taken away with O(purge).
  - An interface that was deleted by hand is made anew. One whose instance was terminated is used again, with its
    addresses, by the next instance of the host. One that was detached by hand from a live instance, which carries the
    tags C(ipv6.aws_containers:fleet) and C(ipv6.aws_containers:host), is attached to it again, at its lowest free
    device index.
  - Two interfaces that claim one host are refused, both named with who uses them, and nothing is changed.
  - Of several runs at once EC2 lets one have an address; the others describe again and take the next. Two runs that
    make the same host end with one interface.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.fleet
  - ipv6.aws_containers.fleet.progress
  - ipv6.aws_containers.hosts
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
        an instance uses is refused before anything is deleted, unless the instance is shutting down or terminated.
        Where the whole fleet goes, its reservation goes too.
      - V(swept) deletes what leaked, that is the fleet's interfaces that nothing uses, that are of none of O(hosts), or
        spare ones of a host which has another in use, and that are older than O(min_age). It never fails for what is
        in use. Look at it in check mode first.
    type: str
    choices: [present, absent, swept]
    default: present
  subnet_id:
    description:
      - The subnet of hosts that name none themselves and have no interface yet. It must have an IPv6 network.
      - In check mode C(new:NAME) stands for an empty subnet that is yet to be made, C(new:NAME:ipv6-only) for one
        without IPv4; so mistakes are found before anything is made. Its addresses are of C(2001:db8::/32), and pins
        have to be relative.
      - With O(state=absent) and O(state=swept) only the fleet's interfaces in this subnet are considered.
    type: str
  security_groups:
    description:
      - Ids of the interfaces' security groups, of the subnets' VPC. Interfaces that have others are corrected.
      - Left out, new interfaces get the VPC's default group and existing ones keep theirs.
    type: list
    elements: str
    default: []
  min_age:
    description: With O(state=swept), how many seconds ago an interface must have been made at least.
    type: int
    default: 3600
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
  - module: ipv6.aws_containers.plan_info
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

- name: Spread a fleet over two availability zones
  ipv6.aws_containers.eni:
    region: us-east-1
    subnet_id: subnet-0123456789abcdef0
    hosts:
      - name: web-1
      - name: web-2
        subnet_id: subnet-0fedcba9876543210

- name: Run nine containers on a type with ten addresses
  ipv6.aws_containers.eni:
    region: us-east-1
    subnet_id: subnet-0123456789abcdef0
    reservation: ::1:0:0/96
    assign: containers
    hosts:
      - name: dense-1
        instance_type: r5d.large
        container_mode: block
        container_count: 9

- name: Let a host have more containers, with new addresses if it must be
  ipv6.aws_containers.eni:
    region: us-east-1
    subnet_id: subnet-0123456789abcdef0
    hosts:
      - name: instance-1
        container_count: 14
      - name: instance-2
    move: [instance-1]

- name: See what leaked
  ipv6.aws_containers.eni:
    region: us-east-1
    state: swept
    hosts:
      - name: instance-1
      - name: instance-2
  check_mode: true

- name: Delete the interfaces of the whole fleet
  ipv6.aws_containers.eni:
    region: us-east-1
    state: absent
"""

RETURN = r"""
hosts:
  description: The hosts by name; in check mode as they would be. Empty unless O(state=present).
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
    container_count:
      description: How many container addresses of a block are assigned, null in mode V(prefix).
      type: int
      sample: 2
    assign:
      description: V(block) or V(containers), what of the block is assigned; null in mode V(prefix).
      type: str
      sample: block
    subnet_id:
      description: The subnet; in check mode perhaps C(new:NAME).
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
      description: The subnet's VPC, null for a subnet that is yet to be made.
      type: str
      sample: vpc-0123456789abcdef0
    availability_zone:
      description: The subnet's availability zone, null for a subnet that is yet to be made.
      type: str
      sample: us-east-1a
changes:
  description:
    - What was done, or would be in check mode, in the order of work. C(action), C(host) (empty for a reservation) and
      C(eni_id), and of C(subnet_id), C(addresses), C(prefixes), C(security_groups), C(tags), C(description),
      C(instance_id), C(device_index), C(reservation_id) what belongs to the action.
  returned: success
  type: list
  elements: dict
  sample:
    - action: assign_prefixes
      host: instance-3
      eni_id: eni-0123456789abcdef0
      prefixes: ["2600:1f18:47b:ca03:1::/80"]
reservations:
  description: The range that new blocks come from, by subnet, where the fleet has one reserved.
  returned: success
  type: dict
  sample:
    subnet-0123456789abcdef0: 2600:1f18:47b:ca03:0:1::/96
notes:
  description: What was left as it is though it might not be expected, one sentence each.
  returned: success
  type: list
  elements: str
violations:
  description: Why the request can't be met, with C(path), C(rule) and C(value) for each one that is broken.
  returned: when the request can't be met
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.api import Ec2Api
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.arguments import (
    fleet_argument,
    hosts_argument,
    progress_argument,
    strings_argument,
    wait_argument,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.fleet import present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.gone import absent, swept
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.progress import Progress, reporter
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.report import Report
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import ASSIGN_BLOCK, ASSIGNS, Desired

ARGUMENTS = {
    **fleet_argument(),
    **hosts_argument(),
    **wait_argument(300),
    **progress_argument(),
    **strings_argument("security_groups"),
    **strings_argument("leaving_instances"),
    **strings_argument("move"),
    "state": {"type": "str", "choices": ["present", "absent", "swept"], "default": "present"},
    "subnet_id": {"type": "str"},
    "purge": {"type": "bool", "default": False},
    "assign": {"type": "str", "choices": list(ASSIGNS), "default": ASSIGN_BLOCK},
    "reservation": {"type": "str"},
    "min_age": {"type": "int", "default": 3600},
    "tags": {"type": "dict", "default": {}},
}


def desired_of(given: dict[str, Any]) -> Desired:
    """The fleet as the module's parameters ask for it."""
    return Desired(
        fleet=given["fleet"],
        subnet_id=given["subnet_id"] or "",
        groups=tuple(given["security_groups"]),
        tags={key: str(value) for key, value in given["tags"].items()},
        hosts=given["hosts"],
        assign=given["assign"],
        reservation=given["reservation"],
        purge=given["purge"],
        move=tuple(given["move"]),
    )


def report_of(api: Ec2Api, given: dict[str, Any], check: bool, progress: Progress) -> Report:
    """What the state asked for comes to."""
    where = (given["fleet"], given["subnet_id"], given["hosts"])
    if given["state"] == "absent":
        return absent(api, *where, given["leaving_instances"], check, given["wait_timeout"], progress)
    if given["state"] == "swept":
        return swept(api, *where, given["min_age"], check, progress)
    return present(api, desired_of(given), check, progress)


def result_of(report: Report) -> dict[str, Any]:
    """The module's result from what the run did."""
    return {
        "changed": bool(report.changes),
        "hosts": report.hosts,
        "changes": [change.to_dict() for change in report.changes],
        "reservations": dict(report.reservations),
        "notes": list(report.notes),
        "diff": {"before": report.before, "after": report.after},
    }


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("state", "present", ("hosts",)), ("state", "swept", ("hosts",))],
    )
    given = module.params
    api = connect(module.client)

    def work() -> dict[str, Any]:
        report = report_of(api, given, module.check_mode, reporter(module.log, given["progress_file"]))
        if given["state"] == "present":
            for note in report.notes:
                # AnsibleAWSModule's own also puts it into the result, which ansible-core calls deprecated.
                warn(note)
        return result_of(report)

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
