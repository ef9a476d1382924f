# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images and tags: the lab's own images, and tags that are looked up instead of searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.parse import default_timestamp_parser
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from vpclab.ec2.catalogue import IMAGE_OWNER, IMAGES
from vpclab.ec2.refusal import invalid

ROOT_DEVICE = "/dev/xvda"
_KEY_LENGTH, _VALUE_LENGTH = 128, 256


def tags_for(params: Mapping[str, Any], resource_type: str) -> dict[str, str]:
    """The tags of a request's ``TagSpecifications``; refuse those of other resources and a key that is there twice."""
    tags: dict[str, str] = {}
    for specification in params.get("TagSpecifications", []):
        kind = specification.get("ResourceType")
        if kind != resource_type:
            raise invalid(f"'{kind}' is not a valid taggable resource type for this operation.")
        for tag in specification.get("Tags", []):
            if tag["Key"] in tags:
                raise invalid(f"Duplicate tag key '{tag['Key']}' specified.")
            tags[tag["Key"]] = tag.get("Value", "")
    return tags


class ImageBackend(EC2Backend):
    """Offers the images of :mod:`vpclab.ec2.catalogue` and no other."""

    def _load_amis(self) -> None:
        for image in IMAGES:
            ami = Ami(
                self,
                image.id,
                name=image.name,
                description=f"Debian {image.suite} in the lab",
                owner_id=IMAGE_OWNER,
                public=True,
                virtualization_type="hvm",
                architecture="x86_64",
                creation_date=default_timestamp_parser(image.created),
                image_location=f"{IMAGE_OWNER}/{image.name}",
                hypervisor="xen",
                root_device_type="ebs",
                root_device_name=ROOT_DEVICE,
                boot_mode="uefi-preferred",
            )
            ami.ena_support = True  # type: ignore[attr-defined]  # moto answers with what has its name
            self.amis[image.id] = ami


class LabTagBackend(EC2Backend):
    """Finds the tags of one resource without a search through all of them."""

    def create_tags(self, resource_ids: list[str], tags: dict[str, str]) -> bool:
        """Tag resources, within EC2's rules for keys and values."""
        for key, value in tags.items():
            if key.lower().startswith("aws:"):
                raise invalid(f"Tag keys starting with 'aws:' are reserved for internal use: {key}")
            if not 1 <= len(key) <= _KEY_LENGTH or len(value or "") > _VALUE_LENGTH:
                raise invalid(f"Tag key or value is too long: {key}={value}")
        return super().create_tags(resource_ids, tags)

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        """The tags which match; one literal resource id, which every describe asks for, is looked up."""
        ids = (filters or {}).get("resource-id", [])
        if filters is None or list(filters) != ["resource-id"] or any("*" in i or "?" in i for i in ids):
            return super().describe_tags(filters)
        return [
            {
                "resource_id": resource_id,
                "key": key,
                "value": value,
                "resource_type": EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource_id), ""),
            }
            for resource_id in ids
            for key, value in self.tags.get(resource_id, {}).items()
        ]

    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        """Refuse ids that nothing has; moto lets interfaces and instances pass."""
        others = []
        for resource_id in resource_ids:
            lookup: Any = {"eni-": "get_network_interface", "i-": "get_instance"}.get(
                next((prefix for prefix in ("eni-", "i-") if resource_id.startswith(prefix)), "")
            )
            if lookup is None or resource_id.startswith("eni-attach"):
                others.append(resource_id)
            else:
                getattr(self, lookup)(resource_id)
        return super().do_resources_exist(others)
