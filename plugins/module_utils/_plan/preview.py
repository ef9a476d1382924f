# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address plan without EC2: what hosts would get in a subnet, given what is taken and what they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .addresses import Block, block_around, single
from .allocate import allocate
from .errors import Problems
from .guard import check_assign
from .model import ASSIGN_BLOCK, ASSIGN_CONTAINERS, MODE_BLOCK, NO_RESERVATION, Held, Taken
from .parse import parse_held, parse_hosts, parse_range, parse_subnet, parse_taken
from .targets import Rules, mode_wanted


def preview(
    hosts: object,
    subnet: object,
    taken: object = (),
    pins: object = None,
    assign: str = ASSIGN_BLOCK,
    reservation: object = None,
) -> dict[str, dict[str, str]]:
    """``{name: {host_address, container_prefix}}`` for every host, absolute.

    ``hosts``: a list of dictionaries with ``name``, or a dictionary by name. ``taken``: addresses and prefixes that
    others have. ``pins``: by name, what hosts hold already; those of hosts that are not asked for count as taken, and
    whatever in ``taken`` is a host's own held value is not held against it. ``assign`` and ``reservation`` as in
    :class:`Desired`.

    :raises PlanError: everything that can't be satisfied.
    """
    problems = Problems()
    if not check_assign(assign, problems):
        problems.raise_if_any()
    network = parse_subnet(subnet, problems)
    requests = parse_hosts(hosts, lambda path, host, named: network, problems, assign)
    held = parse_held({} if pins is None else pins, network, problems)
    others = parse_taken(() if taken is None else taken, network, problems)
    inside = None
    if reservation not in (None, NO_RESERVATION) and network is not None:
        inside = parse_range(reservation, network, "reservation", problems)
    names = {request.host for request in requests}
    kept = {entry.host: entry for entry in held if entry.host in names}
    modes = [mode_wanted(request, kept[request.host].block if request.host in kept else None) for request in requests]
    if assign == ASSIGN_CONTAINERS and MODE_BLOCK in modes and reservation in (None, NO_RESERVATION):
        problems.add("reservation", f"must be given for assign {assign}", reservation)
    problems.raise_if_any()
    if network is None or network.block is None:
        raise AssertionError("a subnet that can't be read is a problem already")
    own = {block for entry in kept.values() for block in _blocks(entry)}
    lengths = {block.length for block in own}
    if own:
        others = [entry for entry in others if not _covered(entry.block, own, lengths)]
    others += [Taken(block, entry.where) for entry in held if entry.host not in names for block in _blocks(entry)]
    allocations = allocate(network.block, requests, kept, others, problems, Rules(assign, inside))
    problems.raise_if_any()
    return {host: allocation.to_dict() for host, allocation in allocations.items()}


def _covered(block: Block, own: Collection[Block], lengths: Iterable[int]) -> bool:
    return any(block_around(block.first, length) in own for length in lengths if length <= block.length)


def _blocks(entry: Held) -> Iterator[Block]:
    if entry.address is not None:
        yield single(entry.address)
    if entry.block is not None:
        yield entry.block
