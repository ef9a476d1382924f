# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as the role leaves it: packages come over IPv6, and what was the owner's still is."""

from __future__ import annotations


def test_packages_come_over_ipv6_alone(host):
    """The region mirror has an IPv4 address, where nobody answers."""
    said = host.check_output("apt-get update -o Acquire::Retries=0 2>&1")
    assert "archive.lab.test" in said
    assert "us-east-1.ec2" not in said
    assert 'Acquire::ForceIPv6 "true";' in host.check_output("apt-config dump")


def test_sources_name_the_main_mirror_and_keep_their_form(host):
    form = {"bookworm": "/etc/apt/sources.list"}.get(
        host.backend.get_hostname(), "/etc/apt/sources.list.d/debian.sources"
    )
    text = host.file(form).content_string
    assert "http://archive.lab.test/debian" in text
    assert host.run(f"sed s/archive.lab.test/us-east-1.ec2.archive.lab.test/ {form} | sha256sum").stdout.split()[0] in (
        host.file("/root/apt.before").content_string
    )


def test_the_owners_source_stays_byte_for_byte(host):
    assert host.run("grep owners /root/apt.before | sha256sum --quiet --check").rc == 0


def test_cloud_init_keeps_its_hands_off(host):
    drop_in = host.file("/etc/cloud/cloud.cfg.d/99-ipv6-aws-containers-apt.cfg")
    assert "preserve_sources_list: true" in drop_in.content_string
