#!/bin/sh
# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Every byte, owner, mode and time of what the role may touch, and what the kernel has, without lifetimes.
cd /; for file in etc/netplan/* etc/cloud/cloud.cfg.d/* etc/systemd/system/ipv6-aws-containers*; do
    [ -e "$file" ] || continue
    stat -c '%n %a %U %G %Y' "$file"; sha256sum <"$file"
done
ip -br link show ens5 | sed 's/@if[0-9]*//' | tr -s ' '; ip -4 -o addr show ens5 | grep -o 'inet [^ ]*'
cat /sys/class/net/ens5/mtu
ip -6 addr show dev ens5 scope global | grep -o 'inet6 [^ ]*' | sort
ip -6 route show default dev ens5 | grep -o '^default.*proto [a-z]*' | sed 's/ nhid [0-9]*//'
ip -6 route show dev ens5 | grep -v -e default -e 'proto kernel' | grep -o '^[^ ]* proto [a-z]*' | sort
[ -e /var/lib/ipv6.aws_containers/netplan/pending ] && echo 'a change waits'
true
