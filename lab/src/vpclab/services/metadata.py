# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IMDS says of an instance: a path → value tree, made from the topology at the moment of asking. Pure.

Paths, values and their line ends as EC2 gives them: several values are separated by newlines, with none at the end
(cloud-init takes a trailing newline for a list).
"""

from __future__ import annotations

import json
import re

from vpclab.fabric.dhcp4 import DOMAIN
from vpclab.topology import Eni, Instance, Subnet, Topology, Vpc

ACCOUNT = "123456789012"
"""moto's account."""


def find(topology: Topology, instance: Instance, path: str) -> str | bytes | None:
    """The value at a path (``/latest/meta-data/…``), the listing of a directory, or None where EC2 says 404."""
    version, _, rest = path.strip("/").partition("/")
    if not version:
        return "latest"
    if not re.fullmatch(r"latest|\d{4}-\d\d-\d\d|1\.0", version):
        return None
    if rest == "user-data":
        return instance.user_data or None
    if not rest:
        return "dynamic\nmeta-data" + ("\nuser-data" if instance.user_data else "")
    leaves = tree(topology, instance)
    if rest in leaves:
        return leaves[rest]
    return _listing(leaves, rest)


def _listing(leaves: dict[str, str], directory: str) -> str | None:
    found: dict[str, None] = {}
    for path in leaves:
        if path.startswith(directory + "/"):
            name, slash, _ = path[len(directory) + 1 :].partition("/")
            found[name + slash] = None
    if not found:
        return None
    if directory == "meta-data/public-keys":
        # The one directory that EC2 lists in a way of its own.
        return "0=" + leaves["meta-data/public-keys/0/name"]
    return "\n".join(sorted(name for name in found if directory != "meta-data/public-keys/0" or name != "name"))


def tree(topology: Topology, instance: Instance) -> dict[str, str]:
    """Every leaf below ``meta-data`` and ``dynamic``: path → value; what does not exist is not there."""
    subnets = {subnet.id: subnet for subnet in topology.subnets}
    vpcs = {vpc.id: vpc for vpc in topology.vpcs}
    enis = sorted(
        (eni for eni in topology.enis if eni.instance_id == instance.id), key=lambda eni: eni.device_index or 0
    )
    if not enis:
        return {}
    first = enis[0]
    az = subnets[first.subnet_id].az
    region = az.rstrip("abcdef")
    hostname = _hostname(first, instance)
    meta = {
        "ami-id": instance.image_id,
        "ami-launch-index": "0",
        "hostname": hostname,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.type,
        "local-hostname": hostname,
        "mac": first.mac,
        "placement/availability-zone": az,
        "placement/region": region,
        "profile": "default-hvm",
        "reservation-id": "r-" + instance.id.partition("-")[2],
        "security-groups": "\n".join(first.groups),
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
    }
    if first.private_ip is not None:
        meta["local-ipv4"] = str(first.private_ip)
    if first.addresses:
        meta["ipv6"] = str(first.addresses[0])
    if instance.key:
        meta["public-keys/0/openssh-key"] = instance.key.strip()
        meta["public-keys/0/name"] = instance.key_name or "key"
    if instance.imds_tags:
        meta |= {f"tags/instance/{key}": value for key, value in instance.tags}
    for eni in enis:
        base = f"network/interfaces/macs/{eni.mac}"
        leaves = _interface(eni, instance, subnets[eni.subnet_id], vpcs[eni.vpc_id])
        meta |= {f"{base}/{name}": value for name, value in leaves.items()}
    document = {
        "accountId": ACCOUNT,
        "architecture": "x86_64",
        "availabilityZone": az,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.type,
        "privateIp": str(first.private_ip) if first.private_ip is not None else None,
        "region": region,
        "version": "2017-09-30",
    }
    found = {f"meta-data/{name}": value for name, value in meta.items()}
    return found | {"dynamic/instance-identity/document": json.dumps(document, indent=2)}


def _hostname(eni: Eni, instance: Instance) -> str:
    """A name from the IPv4 address; without one, from the instance's id ("resource name")."""
    first = f"ip-{str(eni.private_ip).replace('.', '-')}" if eni.private_ip is not None else instance.id
    return f"{first}.{DOMAIN}"


def _interface(eni: Eni, instance: Instance, subnet: Subnet, vpc: Vpc) -> dict[str, str]:
    leaves = {
        "device-number": str(eni.device_index),
        "interface-id": eni.id,
        "local-hostname": _hostname(eni, instance),
        "mac": eni.mac,
        "owner-id": ACCOUNT,
        "security-group-ids": "\n".join(eni.groups),
        "security-groups": "\n".join(eni.groups),
        "subnet-id": subnet.id,
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": str(vpc.ipv4[0]),
        "vpc-ipv4-cidr-blocks": "\n".join(map(str, vpc.ipv4)),
    }
    if eni.private_ip is not None:
        leaves["local-ipv4s"] = str(eni.private_ip)
        leaves["subnet-ipv4-cidr-block"] = str(subnet.ipv4)
    if eni.addresses:
        leaves["ipv6s"] = "\n".join(map(str, eni.addresses))
    if eni.prefixes:
        leaves["ipv6-prefix"] = "\n".join(map(str, eni.prefixes))
    if subnet.ipv6:
        leaves["subnet-ipv6-cidr-blocks"] = str(subnet.ipv6)
        leaves["vpc-ipv6-cidr-blocks"] = "\n".join(map(str, vpc.ipv6))
    return leaves
