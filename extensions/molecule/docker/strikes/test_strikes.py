# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens hosts in practice, seen from outside: the guard is back before anybody gets anything out of it."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.extensions.molecule.shared.lab_hosts import BOOT, NAMES, every, ssh, until

from .conftest import Seen, as_declared, longest, probing

KEEPER = "ipv6-aws-containers-guard-keeper"
DELETE = "nft delete table ip6 ipv6_aws_containers"
STRIKES = {
    "the table deleted": DELETE,
    "its rules flushed": "nft flush table ip6 ipv6_aws_containers",
    "a rule added": "nft insert rule ip6 ipv6_aws_containers forward accept",
    "all rules flushed": "nft flush ruleset",
    "nftables restarted": "systemctl restart nftables",
    "nftables reloaded": "systemctl reload nftables",
    "the keeper killed and the table deleted": f"systemctl kill --signal=KILL {KEEPER}; {DELETE}",
}


@pytest.fixture(scope="module", autouse=True)
def _as_declared_at_first():
    as_declared()


@pytest.fixture(autouse=True)
def _as_declared_at_last():
    """Without a hand of ours."""
    yield
    as_declared()


def at_the_same_place(seen: Seen) -> list[str]:
    """Hosts whose second container is where it was: on docker0 a restart may have given its address to the first."""
    now = Seen().shut
    return [name for name in NAMES if now[name] == seen.shut[name]]


def test_what_is_closed_is_closed_again(capsys):
    """One strike after the other, each when the one before is over. No connection outlives the guard's return."""
    seen, marks = Seen(), []
    with probing(seen) as probe:
        for script in STRIKES.values():
            marks.append(probe.now())
            every(lambda name, script=script: ssh(name, script))
            probe.wait()
        found = probe.end()
    # Docker's own rules went with the others; it makes them anew when it starts.
    every(lambda name: ssh(name, "systemctl restart docker"))
    with capsys.disabled():
        for what, since, until_ in zip(STRIKES, marks, [*marks[1:], float("inf")], strict=True):
            times = {name: longest(found, [seen.shut[name], seen.host[name]], since, until_) for name in NAMES}
            print(f"\nopen: {what}: " + ", ".join(f"{name} {time} ms" for name, time in times.items()))
    assert {place: found[place]["alive"] for place in seen.closed} == dict.fromkeys(seen.closed, 0)


def test_what_is_closed_stays_so_when_docker_restarts(capsys):
    seen = Seen()
    with probing(seen) as probe:
        every(lambda name: ssh(name, "systemctl restart docker"))
        same = at_the_same_place(seen)
        as_declared()
        found = probe.end()
    places = {name: [seen.host[name], *([seen.shut[name]] if name in same else [])] for name in NAMES}
    with capsys.disabled():
        times = ", ".join(f"{name} {longest(found, places[name])} ms" for name in NAMES)
        print(f"\nopen: Docker restarted: {times}")
    looked_at = [place for some in places.values() for place in some]
    assert {place: found[place]["alive"] for place in looked_at} == dict.fromkeys(looked_at, 0)


def test_a_host_that_comes_up_is_never_open(capsys):
    seen = Seen()
    boot = every(lambda name: ssh(name, BOOT))
    with probing(seen) as probe:
        # The lab's hosts keep their kernel's rules over a restart; real ones don't.
        down = f"systemctl stop listener docker.socket docker.service {KEEPER}.service"
        reboot = "systemd-run --quiet --on-active=1 systemctl reboot"
        every(lambda name: ssh(name, f"{down} 2>/dev/null\n{DELETE}\n{reboot}"))
        every(lambda name: until(lambda: ssh(name, f"test $({BOOT}) != {boot[name].strip()}")))
        same = at_the_same_place(seen)
        as_declared()
        found = probe.end()
    looked_at = [*seen.host.values(), *(seen.shut[name] for name in same)]
    assert [place for place in looked_at if found[place]["open"]] == []
    with capsys.disabled():
        print("\nopen: all hosts restarted: never")
