# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do when a check does not hold: one short text a cause."""

from __future__ import annotations

UNSEEN = (
    "the host did not answer, or failed earlier in this run (mend that first): is the instance running, and does the"
    " security group let ssh in over IPv6 from here?"
)
OTHER_HOST = "no interface has the ENI's MAC address: is this the planned instance, or another at its address?"
OVERLAP = "two hosts route the same addresses, or the bridge has another prefix than planned: run configure"
ENI = "EC2 holds other addresses than planned: run provision (plan shows the difference)"
KEY = "the instance was launched with another key pair, which EC2 can't change: add the key yourself, or relaunch"
INSTANCE = "must run on the planned ENI as device 0, with IMDSv2 required: run provision"
SSH = "ssh came by another address: set ansible_host to the host's IPv6 address"
MIRROR = "the sources name a region mirror, which may have no IPv6 address: run the role apt_mirrors"
APT = "apt can't fetch over IPv6: has the mirror an AAAA record, and does ::/0 go to an internet gateway?"
BEFORE = "no record, or another one, of the addresses before netplan's first change: is the role netplan's work gone?"
CLOUD_FILE = "netplan still switches DHCPv6 on, which gives the host its containers' addresses: run the role netplan"
HOST_ADDRESS = (
    "the host must hold its own address and none of its containers' (those would be dead): run the role netplan"
)
HOST_LEASE = "the host's address must come by DHCPv6: has the ENI that single address, and is dhcp6 on in netplan?"
HOST_ROUTE = "the default route must go to the subnet's link-local gateway, e.g. fe80:ec2::1: run the role netplan"
METADATA = "IMDS lags behind EC2 for some seconds after a change; otherwise the ENI is not the planned one"
IMDS_OFF = "IMDS does not answer: is its endpoint enabled (modify-instance-metadata-options --http-endpoint enabled)?"
ENGINE = "Docker does not answer: systemctl status docker; run the role docker"
GROUP = "the login user is not in group docker: list it in docker_users and run the role docker"
DAEMON = "Docker's configuration differs from the plan: run the role docker"
BRIDGE = "the bridge lacks its address: the engine was not restarted, or the network was made with another prefix"
IMAGE = "the image did not come from that registry over IPv6: has the registry's name an AAAA record?"
CONTAINER = "the container does not run: docker logs tells why; run the role containers"
CONTAINER_ADDRESS = "the container's address is not the planned one: remove the container and run the role containers"
CONTAINER_ROUTE = "the container's routes must be its prefix and a default by the bridge: is it in the right network?"
HOST_ROUTES = "other routes than planned: a left-over network (docker network ls), or netplan not applied"
FORWARDING = "forwarding is off: sysctl net.ipv6.conf.all.forwarding=1 (and default); run the role docker"
DISABLED = "IPv6 is disabled inside the container: run it with --sysctl net.ipv6.conf.all.disable_ipv6=0"
ICMPV6 = "the security group lacks ICMPv6 from itself: add inbound protocol icmpv6 with the group as its own source"
NO_ARRIVAL = "nothing arrived: the security group lacks ICMPv6 from itself, or the far ENI lacks the address"
NO_REPLY = "requests arrive, replies do not: security group of the asking host, or the far host's forwarding and guard"
NOT_TRIED = "not tried: a container has no address (mend container.running first), or the host to try it did not answer"
SOME_LOST = "some packets were lost: look at the far host's load, neighbour table and drop counters"
HOP_LIMIT = "not two routers on the way: 61 means that a host has no on-link route for the subnet (netplan)"
TRANSLATED = "the source is not the container's own: something translates (ip6tables on, or gateway mode nat)"
NO_INTERNET = "no way out: does ::/0 go to an internet gateway, and may the container's address leave its ENI?"
MTUS = "an MTU larger than the next one's loses packets: set com.docker.network.driver.mtu, or mend the host's own MTU"
BLACK_HOLE = (
    "large packets vanish: let ICMPv6 packet-too-big (type 2) through in network ACLs and firewalls on the way, also "
    "towards the sender, or lower the containers' MTU (com.docker.network.driver.mtu)"
)
RESOLVER = "the container's resolver gives no IPv6 address: has the name an AAAA record, and can the host resolve it?"
NAMES = (
    "the name leads elsewhere: run configure (role dns); resolvers keep an older answer for dns_ttl seconds; "
    "to be asked from outside the zone must be public, and its parent must delegate to it"
)
KEEPER = "the guard's keeper does not run: systemctl status ipv6-aws-containers-guard-keeper; run the role docker"
GUARD = "the guard's table is not there, not as it was loaded, or lets ports in that nobody declared: run configure"
HOST_OPEN = "the host answers at a port that docker_host_ports does not name: run the role docker"
PORT_SHUT = "no connection to a declared port: does the security group let it in, and does something listen there?"
PORT_OPEN = "an undeclared port answers from outside: the guard is not loaded, or the network is not routed"
