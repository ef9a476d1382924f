# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint's state as a :class:`vpclab.topology.Topology`. Pure: state in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import cast

from moto.ec2.models.key_pairs import KeyPair
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from vpclab import topology
from vpclab.ec2.backend import LabBackend
from vpclab.ec2.catalogue import suite_of
from vpclab.ec2.instance import LabInstance
from vpclab.ec2.interface import LabInterface
from vpclab.ec2.network import vpc_ipv4, vpc_ipv6


def snapshot(regions: Iterable[LabBackend]) -> topology.Topology:
    """Everything that network and hosts need to know of these regions."""
    backends = list(regions)
    return topology.Topology(
        vpcs=tuple(
            topology.Vpc(vpc.id, tuple(vpc_ipv4(vpc)), tuple(vpc_ipv6(vpc)))
            for backend in backends
            for _, vpc in sorted(backend.vpcs.items())
        ),
        subnets=tuple(
            topology.Subnet(
                id=subnet.id,
                vpc_id=subnet.vpc_id,
                az=subnet.availability_zone,
                ipv4=subnet.v4.network if subnet.v4 is not None else None,
                ipv6=subnet.v6.network if subnet.v6 is not None else None,
                internet=backend.reaches_internet(subnet),
            )
            for backend in backends
            for subnet in sorted(backend.all_subnets(), key=lambda subnet: subnet.id)
        ),
        enis=tuple(_eni(eni) for backend in backends for _, eni in sorted(backend.enis.items())),
        groups=tuple(
            _group(group)
            for backend in backends
            for _, groups in sorted(backend.groups.items())
            for _, group in sorted(groups.items())
        ),
        instances=tuple(
            _instance(instance, backend.key_pairs.get(instance.key_name or ""))
            for backend in backends
            for _, instance in sorted(backend.instances.items())
            if instance.released is None
        ),
    )


def _eni(eni: LabInterface) -> topology.Eni:
    if eni.told is None:
        eni.told = _tell(eni)
    return eni.told


def _tell(eni: LabInterface) -> topology.Eni:
    return topology.Eni(
        id=eni.id,
        mac=eni.mac_address,
        subnet_id=eni.subnet.id,
        vpc_id=eni.subnet.vpc_id,
        private_ip=eni.private_ips[0] if eni.private_ips else None,
        addresses=tuple(eni.addresses),
        prefixes=tuple(eni.prefixes),
        groups=tuple(group.id for group in eni.group_set),
        instance_id=eni.instance.id if eni.instance else None,
        device_index=eni.device_index if eni.instance else None,
        source_dest_check=eni.source_dest_check,
    )


def _group(group: SecurityGroup) -> topology.SecurityGroup:
    return topology.SecurityGroup(
        id=group.id,
        vpc_id=group.vpc_id or "",
        ingress=tuple(map(_rule, group.ingress_rules)),
        egress=tuple(map(_rule, group.egress_rules)),
    )


def _rule(rule: SecurityGroupRule) -> topology.Rule:
    network = rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6")
    peer = rule.source_group.get("GroupId")
    return topology.Rule(
        protocol=cast(topology.RuleProtocol, rule.ip_protocol),
        from_port=_port(rule.from_port),
        to_port=_port(rule.to_port),
        networks=(ip_network(network),) if network else (),
        groups=(peer,) if peer else (),
    )


def _port(value: int | None) -> int | None:
    return None if value is None or value < 0 else value


def _instance(instance: LabInstance, key_pair: KeyPair | None) -> topology.Instance:
    options = instance.metadata_options
    tags: dict[str, str] = instance.ec2_backend.tags.get(instance.id, {})
    return topology.Instance(
        id=instance.id,
        name=tags.get("Name", ""),
        image=suite_of(instance.image_id),
        image_id=instance.image_id,
        type=instance.instance_type,
        state=instance.wanted,
        boots=instance.boots,
        key_name=instance.key_name,
        key=key_pair.public_key.strip() if key_pair else None,
        user_data=instance.user_data_bytes,
        eni_ids=tuple(instance.nics[index].id for index in sorted(instance.nics)),
        http_tokens=options.http_tokens,
        hop_limit=options.http_put_response_hop_limit,
        imds_ipv6=options.http_protocol_ipv6 == "enabled",
        imds_tags=options.instance_metadata_tags == "enabled",
        tags=tuple(sorted(tags.items())),
    )
