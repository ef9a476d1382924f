# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what hosts are asked for."""

from __future__ import annotations


class ModuleDocFragment:
    """The hosts, and what a plan may do with what they hold."""

    DOCUMENTATION = r"""
options:
  hosts:
    description:
      - The hosts. Required if O(state=present).
      - With O(state=swept), required too, the hosts whose interfaces are kept; an empty list keeps none.
    type: list
    elements: dict
    suboptions:
      name:
        description: The host's name, unique in the fleet; 1 to 100 letters, digits, dots, dashes or underscores.
        type: str
        required: true
      subnet_id:
        description:
          - The host's subnet, by default O(subnet_id), or where its interface is. All must be of one VPC.
          - A host never changes its subnet; remove it first.
          - In a subnet without IPv4 every host needs a Nitro type.
        type: str
      instance_type:
        description:
          - The type of the host's instance. With it, the type's limits are checked before anything is written.
        type: str
      container_mode:
        description:
          - V(prefix) delegates a /80 to the interface; it counts as one address of the type's limit and needs a Nitro
            type.
          - V(block) assigns single addresses of an aligned block, which of them O(assign) says.
          - By default, what O(hosts[].container_prefix) means or what the host has already, and V(prefix) otherwise.
        type: str
      container_count:
        description:
          - How many containers a block is to hold. The network's own address and the bridge's come on top, so 2 is a
            /126, 6 a /125, 14 a /124 and 30 a /123.
          - A greater number than before enlarges the host's block in place if its neighbours are free, or elsewhere
            if O(move) names the host. A smaller one changes nothing unless O(move) does.
          - By default what the pinned or held block has room for, otherwise 2.
        type: int
      host_address:
        description:
          - The host's own address. An address whose network bits are all zero is relative to the subnet, so V(::1:1) is
            C(2001:db8::1:1) in C(2001:db8::/64).
          - It can't be changed while an instance has the interface, and otherwise only if O(move) names the host.
        type: str
      container_prefix:
        description:
          - The containers' prefix, relative to the subnet or absolute; a /80 for mode V(prefix), a /123 to /126 for
            V(block), a /122 too with O(assign=containers).
          - It can't be changed while the host holds another one, except to a larger block around it, unless O(move)
            names the host.
        type: str
  move:
    description:
      - Names of those of O(hosts) that may get other container prefixes than they hold, because their pin differs, they
        change the mode, grow and don't fit in place, or shrink. Their containers get new addresses.
      - All other hosts keep what they hold, and what would mean other addresses is refused.
    type: list
    elements: str
    default: []
  purge:
    description:
      - Whether to take away what the hosts' interfaces have besides their allocation. Otherwise that is left alone,
        with a warning.
    type: bool
    default: false
  assign:
    description:
      - V(block) assigns every address of a block.
      - V(containers) assigns only the addresses that containers can have, C(container_count) of them from the third of
        the block on, so that a type with ten addresses per interface runs nine containers instead of two. The block
        must lie in the fleet's O(reservation), which keeps EC2 from giving the other addresses to somebody else.
      - Hosts of mode V(prefix) are not affected.
    type: str
    choices: [block, containers]
    default: block
  reservation:
    description:
      - A range in each subnet where the fleet has blocks, relative to the subnet such as V(::1:0:0/96) or absolute,
        that is reserved there (a subnet CIDR reservation of type C(explicit)). New blocks come from inside, host
        addresses and /80 prefixes from outside, and EC2 assigns nothing in it by itself.
      - Left out, the reservation that the fleet has is used as it is.
      - V(none) releases it, which is refused while hosts are assigned V(containers).
      - Reservations of others are never used.
    type: str
"""
