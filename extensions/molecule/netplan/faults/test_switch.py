# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch under faults: each host is reachable again, byte for byte as before, and the task said why."""

from __future__ import annotations

import signal
import time

import pytest
from ansible_collections.ipv6.aws_containers.extensions.molecule.shared.lab_hosts import BOOT, NAMES

from .conftest import STORE, Play, every, until

# An address on the router's link that answers discovery and forwards nothing: the next host's.
NEXT = dict(zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True))


def said_by_every_host(output: str, text: str) -> bool:
    return output.count(text) >= len(NAMES)


ARMED = f"while [ ! -d {STORE}/pending ]; do sleep 0.05; done"


def armed(hosts, play):
    """Wait until every host has its switch set; times count from the first one on."""

    def one(host):
        host.run(ARMED)
        return time.monotonic()

    play.began = min(every(hosts, one).values())


def test_a_gateway_that_nobody_has_is_noticed_on_the_host(hosts, before, recovered):
    play = Play({"netplan_gateway": "fe80::bad"})
    armed(hosts, play)
    recovered(before, play.began, "a gateway that nobody has")
    status, output = play.end()
    assert status != 0
    assert said_by_every_host(output, "the gateway fe80::bad does not answer neighbour discovery on ens5"), output


def test_a_gateway_that_does_not_forward_loses_the_host_for_less_than_a_minute(hosts, before, recovered):
    own = every(hosts, lambda host: host.run("ip -6 -o addr show dev ens5 scope link").split()[3].split("/")[0])
    other = {name: own[NEXT[name]] for name in NAMES}
    play = Play({"gateways": other, "netplan_gateway": "{{ gateways[inventory_hostname] }}"})
    armed(hosts, play)
    recovered(before, play.began, "a gateway that does not forward")
    status, output = play.end()
    assert status != 0
    assert said_by_every_host(output, "the configuration of before is back: nobody confirmed within 30 s"), output


def stopped_after_apply(hosts) -> Play:
    """A play whose controller hangs from about ``netplan apply`` on; every host has applied when this returns."""
    play = Play({})
    armed(hosts, play)
    play.tell(signal.SIGSTOP)
    static = "ip -6 addr show dev ens5 scope global -dynamic -tentative | grep -q '::[123]:[123]/64'"
    every(hosts, lambda host: until(lambda: host.run(f"{static} && echo yes", False), "applied"))
    return play


def test_a_controller_that_is_killed_after_apply_leaves_nothing(hosts, before, recovered):
    play = stopped_after_apply(hosts)
    play.tell(signal.SIGKILL)
    recovered(before, play.began, "a controller killed after apply")
    status, _ = play.end()
    assert status == -signal.SIGKILL


def test_a_controller_that_comes_very_late_does_not_confirm_anothers_change(hosts, before, recovered):
    late = stopped_after_apply(hosts)
    recovered(before, late.began, "a controller that hangs")
    other = stopped_after_apply(hosts)
    late.tell(signal.SIGCONT)
    status, output = late.end()
    assert status != 0
    assert said_by_every_host(output, "not confirmed: the host"), output
    other.tell(signal.SIGKILL)
    recovered(before, other.began, "another one, killed, that was not confirmed by the first")
    other.end()


@pytest.fixture
def left_alone(hosts):
    """Hosts whose owner has told cloud-init to leave the network alone: otherwise it writes its file at every boot."""
    every(hosts, lambda host: host.run("echo 'network: {config: disabled}' >/etc/cloud/cloud.cfg.d/98-owners.cfg"))
    yield
    every(hosts, lambda host: host.run("rm /etc/cloud/cloud.cfg.d/98-owners.cfg"))


def test_a_reboot_in_between_brings_the_old_configuration_back(hosts, left_alone, before, reboot, recovered):
    play = stopped_after_apply(hosts)
    boots = every(hosts, lambda host: host.run(BOOT))
    reboot()
    every(hosts, lambda host: until(lambda: host.run(BOOT, False) not in ("", boots[host.name]), "rebooted"))
    play.tell(signal.SIGCONT)
    recovered(before, play.began, "a host rebooted in between")
    status, output = play.end()
    assert status != 0
    assert said_by_every_host(output, "is back: the host was restarted before anybody confirmed"), output
