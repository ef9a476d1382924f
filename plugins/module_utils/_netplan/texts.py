# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dead man's switch leaves on the host: the script that puts a change back, and the unit for a restart."""

from __future__ import annotations

#: Placeholders: ``{again}`` is a command that runs another later, ``{wanted_by}`` and ``{unit}`` are files.
#:
#: Netplan's generator has run when the boot unit starts; up to 1.1 it has written networkd's files, so they are
#: generated again. From 1.2 netplan-configure.service writes them, after the boot unit.
SCRIPT = """\
#!/bin/sh
# Puts back what was before a change of the network that nobody confirmed. Run again, it goes on where it ended.
# $1: why. $2: "boot" when the network is not configured yet.
set -u
cd "$(dirname "$0")" || exit 1
exec 9<.
flock 9

same() {
    cmp -s "$1" "$2" && [ "$(stat -Lc '%u %g %a %Y' "$1")" = "$(stat -Lc '%u %g %a %Y' "$2")" ]
}
put_back() {
    same "$1" "$2" && return
    if cp -a "$1" "$2.restoring" && mv -f "$2.restoring" "$2"; then rm -f restoring/applied; return; fi
    rm -f "$2.restoring"
    return 1
}
take_away() {
    [ -e "$1" ] || return 0
    rm -f "$1" && rm -f restoring/applied
}
saved() {
    [ ! -d restoring/files ] || (cd restoring/files && find . -type f)
}
# A unit of systemd's runs this script again when it fails, but not the one that the network waits for.
failed() {
    [ "$2" != boot ] || {again} "$PWD/restore" "$1"
    exit 1
}
# `netplan apply` has networkd set an interface up twice within a moment, and its IPv4 address may be lost over that
# until the lease is renewed. Once more, alone, brings it back.
ipv4_back() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -z "$(ip -4 -o address show dev "$1" scope global)" ] || return
        sleep 0.5
    done
    networkctl reconfigure "$1"
}

why=${1:-by hand} when=${2:-}
if [ ! -d restoring ]; then
    [ -d pending ] || exit 0
    # Whoever confirms at this moment was first.
    mv pending restoring || { [ ! -d pending ] && exit 0; failed "$why" "$when"; }
    # On a full disk the reason stays the one that was written down beforehand.
    if echo "$why" >restoring/why.new; then mv -f restoring/why.new restoring/why; fi
fi
undone=$(saved | while IFS= read -r path; do
    put_back "restoring/files/$path" "/${path#./}" || echo "/${path#./}"
done)
# New files may be all that the host is reached by as long as an old one is missing.
if [ -z "$undone" ] && [ -e restoring/made ]; then
    undone=$(while IFS= read -r path; do take_away "$path" || echo "$path"; done <restoring/made)
fi
sync
# What is back is not put back again: its owner may edit it before the rest is back.
saved | while IFS= read -r path; do
    if same "restoring/files/$path" "/${path#./}"; then rm -f "restoring/files/$path"; fi
done
if [ ! -e restoring/applied ]; then
    if [ "$when" = boot ]; then netplan generate; else netplan apply || netplan apply; fi || failed "$why" "$when"
    [ "$when" = boot ] || [ ! -e restoring/ipv4 ] || ipv4_back "$(cat restoring/ipv4)"
    touch restoring/applied
fi
if [ -n "$undone" ]; then
    echo "not back yet: $undone" >&2
    failed "$why" "$when"
fi
# Renaming takes no room on a disk that is full.
if [ -e restoring/why ]; then mv -f restoring/why restored || failed "$why" "$when"; fi
rm -rf restoring || failed "$why" "$when"
rm -f {wanted_by} {unit}
exit 0
"""

#: Placeholder: ``{store}``, the folder that the script is in.
UNIT = """\
# Written by the Ansible role ipv6.aws_containers.netplan; it goes when the change is confirmed.
[Unit]
Description=Put back the network configuration of before an unconfirmed change
DefaultDependencies=no
RequiresMountsFor={store}
After=local-fs.target
Wants=network-pre.target
Before=network-pre.target systemd-networkd.service netplan-configure.service cloud-init-main.service
Before=cloud-init-local.service shutdown.target
Conflicts=shutdown.target
ConditionPathExists=|{store}/pending
ConditionPathExists=|{store}/restoring

[Service]
Type=oneshot
ExecStart={store}/restore "the host was restarted before anybody confirmed" boot

[Install]
WantedBy=sysinit.target
"""
