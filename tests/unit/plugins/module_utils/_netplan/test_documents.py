# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netplan's files of an owner, changed on a disk of the test's: every byte that is not the interface's IPv6 stays."""

from __future__ import annotations

import os
from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path

import pytest
import yaml
from ansible_collections.ipv6.aws_containers.plugins.module_utils._host import files
from ansible_collections.ipv6.aws_containers.plugins.module_utils._netplan import documents, host, static
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

CASES = yaml.safe_load((Path(__file__).parents[4] / "cases/netplan/owners.yml").read_text())
MAC = "02:11:22:33:44:55"
WANTED = static.Wanted("ens5", IPv6Interface("2600:1f18:47b:ca03::1:1/64"), IPv6Address("fe80::1"), False)
BEFORE = "network: {ethernets: {ens5: {dhcp4: on, dhcp6: on}}}\n"
AFTER = "network: {ethernets: {ens5: {dhcp4: on}}}\n"


class Disk:
    """A host's folders below one of the test's."""

    def __init__(self, root):
        self.etc, self.elsewhere = root / "etc/netplan", root / "elsewhere"
        self.own, self.file = self.etc / "60-ipv6-static.yaml", self.etc / "50-owners.yaml"
        self.etc.mkdir(parents=True)
        self.elsewhere.mkdir()

    def planned(self):
        return documents.planned(documents.read(), WANTED, MAC)

    def after(self):
        """The texts that are to be, by path."""
        return {one.path: one.after for one in self.planned()}


@pytest.fixture
def disk(tmp_path, monkeypatch):
    made = Disk(tmp_path)
    monkeypatch.setattr(documents.shutil, "which", lambda name: "/usr/sbin/netplan")
    monkeypatch.setattr(documents, "ETC", f"{made.etc}/")
    monkeypatch.setattr(documents, "CLOUD_INIT", str(tmp_path / "no-cloud-init/99.cfg"))
    monkeypatch.setattr(host, "FOLDERS", (str(made.etc),))
    monkeypatch.setattr(static, "OWN_FILE", str(made.own))
    return made


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_not_the_interfaces_ipv6_stays_to_the_byte(disk, case):
    disk.file.write_bytes(case["text"].encode())
    assert disk.after()[str(disk.file)] == case["after"]
    disk.file.write_bytes(case["after"].encode())
    assert list(disk.after()) == [str(disk.own)], "once is enough"


@pytest.mark.parametrize(
    "text",
    [
        "network: {ethernets: {ens5: &one {dhcp6: on}, ens6: *one}}\n",
        "network: {ethernets: {ens6: &one {dhcp6: on}, ens5: *one}}\n",
        "network: {ethernets: {ens6: &one {dhcp6: on}, ens5: {<<: *one, dhcp4: on}}}\n",
        "network:\n ethernets:\n  ens6:\n   addresses: &all ['2600::8/64']\n  ens5:\n   mtu: 99\n   addresses: *all\n",
    ],
    ids=["lent", "borrowed", "merged", "a list borrowed"],
)
def test_what_two_interfaces_share_is_not_taken_from_both(disk, text):
    disk.file.write_text(text)
    with pytest.raises(PlanError) as caught:
        disk.planned()
    rule = "must give the interface IPv6 in a way that can be taken out of it: without aliases and merge keys"
    assert str(caught.value) == f"{disk.file}: {rule}"


def test_a_mac_address_of_digits_is_no_number(disk):
    disk.file.write_text("network: {ethernets: {nic: {match: {macaddress: 12:30:45:12:30:45}}}}\n")
    assert static.name_in_netplan(documents.read(), "ens5", "12:30:45:12:30:45") == "nic"


def test_a_symbolic_link_stays_one_and_its_target_is_changed(disk):
    target = disk.elsewhere / "owners.yaml"
    target.write_text(BEFORE)
    disk.file.symlink_to("../../elsewhere/owners.yaml")
    for one in disk.planned():
        files.write(one)
    assert os.readlink(disk.file) == "../../elsewhere/owners.yaml"
    assert target.read_text() == disk.file.read_text() == AFTER
    assert disk.own.exists()
    assert os.listdir(disk.elsewhere) == ["owners.yaml"]


def test_the_target_of_two_links_is_changed_once(disk):
    target = disk.elsewhere / "owners.yaml"
    target.write_text(BEFORE)
    for name in ("50-owners.yaml", "51-again.yaml"):
        (disk.etc / name).symlink_to(target)
    assert [one.path for one in disk.planned()] == [str(target), str(disk.own)]


def test_netplan_is_asked_about_the_link_with_its_target_changed(disk, monkeypatch):
    target = disk.elsewhere / "owners.yaml"
    target.write_text(BEFORE)
    disk.file.symlink_to(target)
    seen = []
    monkeypatch.setattr(host, "run", lambda command: seen.append(Path(f"{command[-1]}{disk.file}").read_text()))
    host.check(disk.planned())
    assert seen == [AFTER]
    assert target.read_text() == BEFORE


def test_a_link_to_nothing_is_refused(disk):
    disk.file.symlink_to("../gone.yaml")
    with pytest.raises(PlanError) as caught:
        documents.read()
    assert str(caught.value) == f"{disk.file}: must not be a symbolic link to what is not there, got ../gone.yaml"


def test_a_link_to_what_is_no_file_is_not_replaced(disk):
    disk.file.write_text(BEFORE)
    disk.own.symlink_to("/dev/null")
    with pytest.raises(PlanError) as caught:
        disk.planned()
    assert str(caught.value) == f"{disk.own}: must be a file, or a symbolic link to one, got /dev/null"


def test_an_owners_masked_file_is_no_trouble(disk):
    disk.file.write_text(BEFORE)
    (disk.etc / "40-masked.yaml").symlink_to("/dev/null")
    assert list(disk.after()) == [str(disk.file), str(disk.own)]
