#!/usr/bin/python
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_keys
short_description: Learn instances' ssh host keys from their consoles, and keep them in a tag
version_added: 0.1.0
description:
  - On first boot cloud-init prints the host's ssh keys on the console, which only those with access to the AWS account
    can read. This module reads the ed25519 key there and stores it in the instance's tag
    C(ipv6.aws_containers:host_key), so that the first login is already a verified one.
  - Instances that have the tag are not asked again.
author:
  - Contributors to the ipv6.aws_containers project (@ipv6)
extends_documentation_fragment:
  - ipv6.aws_containers.fleet.progress
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
  instance_ids:
    description: The instances.
    type: list
    elements: str
    required: true
  wait_timeout:
    description: How many seconds to wait for all the keys to appear.
    type: int
    default: 300
seealso:
  - module: ipv6.aws_containers.eni_info
"""

EXAMPLES = r"""
- name: Learn the host keys of new instances
  ipv6.aws_containers.host_keys:
    region: us-east-1
    instance_ids: [i-0123456789abcdef0]
  register: host_keys
"""

RETURN = r"""
keys:
  description: The ed25519 host keys by instance id.
  returned: success
  type: dict
  sample:
    i-0123456789abcdef0: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.arguments import (
    progress_argument,
    wait_argument,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.keys import learn_host_keys
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.main import connect, failure_of
from ansible_collections.ipv6.aws_containers.plugins.module_utils._ec2.progress import reporter

ARGUMENTS = {
    **wait_argument(300),
    **progress_argument(),
    "instance_ids": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = module.params
    api = connect(module.client)

    def work() -> dict[str, Any]:
        ids, timeout = given["instance_ids"], given["wait_timeout"]
        progress = reporter(module.log, given["progress_file"])
        keys, changed = learn_host_keys(api, ids, timeout, module.check_mode, progress)
        return {"changed": changed, "keys": keys}

    result, failed = failure_of(work)
    (module.fail_json if failed else module.exit_json)(**result)


if __name__ == "__main__":
    main()
