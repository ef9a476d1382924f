# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on real hosts, each recognised by the checks that are meant for it, and by no others.

A breakage is mended before the next one: what its mending left broken would be seen there, or in the last test.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.ipv6.aws_containers.extensions.molecule.shared.lab_hosts import (
    NAMES,
    PATIENCE,
    ROOT,
    ec2,
    every,
    play,
    ssh,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import hints

HERE = Path(__file__).parent
INVENTORY = str(HERE.parent / "inventory")
KEEPER = "ipv6-aws-containers-guard-keeper"
ADDRESS = "docker inspect --format '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' verified"
INSIDE = "nsenter --net --target $(docker inspect --format '{{.State.Pid}}' verified) "


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=PATIENCE)


@contextmanager
def by_shell(break_: str, mend: str, names: tuple[str, ...]):
    every(lambda name: ssh(name, break_), names)
    try:
        yield
    finally:
        every(lambda name: ssh(name, mend), names)


def translated():
    """A table of somebody's that gives containers' packets the host's address on their way out."""
    rule = "oifname ens5 ip6 saddr 2600:1f18:47b:ca03::c/126 masquerade"
    table = f"table ip6 stray {{ chain out {{ type nat hook postrouting priority srcnat; {rule}; }}; }}"
    return by_shell(f"nft '{table}'", "nft delete table ip6 stray", ("trixie",))


def unguarded():
    broken = f"systemctl stop {KEEPER}; nft delete table ip6 ipv6_aws_containers"
    return by_shell(broken, f"systemctl start {KEEPER}", ("bookworm", "forky"))


@contextmanager
def opened():
    """By another playbook, through the guard itself: it stands as it was loaded."""
    address = ssh("trixie", ADDRESS).strip()

    def open_(ports: list[str]) -> None:
        facts = json.dumps({"place": "trixie", "address": address, "ports": ports})
        done = run(play(str(HERE / "stranger.yml"), "-e", facts))
        assert done.returncode == 0, done.stdout

    open_(["8080/tcp"])
    try:
        yield
    finally:
        open_([])


@contextmanager
def without_icmpv6():
    """The security group no longer lets ICMPv6 in from itself."""
    client = ec2()
    found = client.describe_instances(Filters=[{"Name": "tag:Name", "Values": list(NAMES)}])["Reservations"]
    group = found[0]["Instances"][0]["SecurityGroups"][0]["GroupId"]
    rules = client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    gone = [rule for rule in rules if rule["IpProtocol"] in ("icmpv6", "58", "-1") and rule["UserIdGroupPairs"]]
    assert gone
    client.revoke_security_group_ingress(GroupId=group, IpPermissions=gone)
    try:
        yield
    finally:
        client.authorize_security_group_ingress(GroupId=group, IpPermissions=gone)


def astray():
    """A container's packets leave by a router that is none."""
    route = INSIDE + "ip -6 route replace default dev eth0 via 2600:1f18:47b:ca03::"
    return by_shell(route + "13", route + "11", ("forky",))


def nameless():
    """A container's resolver is one that nobody has."""
    path = "path=$(docker inspect --format '{{.ResolvConfPath}}' verified)"
    break_ = f"{path}; cp $path $path.kept; echo 'nameserver 2001:db8::53' >$path"
    return by_shell(break_, f"{path}; cat $path.kept >$path; rm $path.kept", ("bookworm",))


def everywhere(**expected: set[str]) -> dict[str, dict[str, set[str]]]:
    return {name: {kind.replace("_", ".", 1): found for kind, found in expected.items()} for name in NAMES}


#: By breakage: what does it, and by host what is to be seen: each kind of check that fails, with its hints.
BREAKAGES = {
    "translation": (
        translated,
        {"trixie": {"capture.container": {hints.TRANSLATED}, "capture.internet": {hints.TRANSLATED}}},
    ),
    "no guard": (
        unguarded,
        {
            # Up to engine 26 nobody else closes containers' ports.
            "bookworm": {
                "guard.keeper": {hints.KEEPER},
                "guard.table": {hints.GUARD},
                "port.undeclared": {hints.PORT_OPEN},
                "port.host": {hints.HOST_OPEN},
            },
            "forky": {
                "guard.keeper": {hints.KEEPER},
                "guard.table": {hints.GUARD},
                "port.host": {hints.HOST_OPEN},
            },
        },
    ),
    "an open port": (opened, {"trixie": {"port.undeclared": {hints.PORT_OPEN}}}),
    "no ICMPv6 in the security group": (
        without_icmpv6,
        everywhere(
            group_icmpv6={hints.ICMPV6}, ping_container={hints.NO_ARRIVAL}, capture_container={hints.NO_ARRIVAL}
        ),
    ),
    "no resolver": (nameless, {"bookworm": {"dns.container": {hints.RESOLVER}}}),
    "a wrong route in a container": (
        astray,
        {
            "forky": {
                "container.routes": {hints.CONTAINER_ROUTE},
                "ping.container": {hints.NO_ARRIVAL},
                "capture.container": {hints.NO_ARRIVAL},
                "ping.internet": {hints.NO_INTERNET},
                "capture.internet": {hints.NO_INTERNET},
                "port.declared": {hints.PORT_SHUT},
            },
            "bookworm": {"ping.container": {hints.NO_REPLY}},
            "trixie": {"ping.container": {hints.NO_REPLY}},
        },
    ),
}


def verify(capsys, what: str) -> tuple[int, dict]:
    """The exit status of the playbook that people run, and what fails: by host, each kind's hints."""
    began = time.monotonic()
    output = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "broken.json")
    output.unlink(missing_ok=True)
    paths = json.dumps({"verify_output": str(output), "verify_picture": ""})
    command = [*play("-i", INVENTORY, "playbooks/verify.yml", "-e", paths)]
    done = run(command)
    assert output.exists(), done.stdout
    failed: dict[str, dict[str, set[str]]] = {}
    for check in json.loads(output.read_text())["checks"]:
        if not check["holds"]:
            failed.setdefault(check["host"], {}).setdefault(check["kind"], set()).add(check["hint"])
    kinds = sorted({kind for kinds in failed.values() for kind in kinds})
    with capsys.disabled():
        print(f"\nrecognised: {what}: {', '.join(kinds) or 'nothing, all holds'} ({time.monotonic() - began:.0f} s)")
    return done.returncode, failed


@pytest.mark.parametrize("what", BREAKAGES)
def test_a_breakage_is_recognised_for_what_it_is(capsys, what):
    break_, expected = BREAKAGES[what]
    with break_():
        status, failed = verify(capsys, what)
    assert failed == expected
    assert status != 0


def test_all_is_mended(capsys):
    assert verify(capsys, "mended") == (0, {})
