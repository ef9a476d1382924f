# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host after it was verified: nothing of it is left there."""

from __future__ import annotations


def test_nobody_watches_any_more(host):
    # The shell that runs this has the pattern in its own command line, but does not match it.
    assert host.run("pgrep --list-full --full '[p]acket_capture'").stdout == ""


def test_no_packet_socket_is_left(host):
    packet = [line for line in host.file("/proc/net/packet").content_string.splitlines()[1:] if " 0003 " in line]
    assert packet == []
