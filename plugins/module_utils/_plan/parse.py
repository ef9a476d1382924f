# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw dictionaries to requests.

Every broken rule is noted with its path; what is sound is returned all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from .addresses import Block, read_address, read_block, read_taken, resolve, single
from .errors import Problems
from .model import (
    ASSIGN_BLOCK,
    BLOCK_OVERHEAD,
    DEFAULT_COUNT,
    DELEGATED_LENGTH,
    LARGEST_BLOCK_LENGTH,
    MODE_BLOCK,
    MODE_PREFIX,
    MODES,
    SMALLEST_BLOCK_LENGTH,
    Held,
    Request,
    Subnet,
    Taken,
    largest_block_length,
    mode_of,
    reserved,
    room_in,
)
from .tags import NAME_RULE, is_name

if TYPE_CHECKING:
    from typing import TypeGuard  # Python 3.10; module_utils have to import on 3.9, too

SUBNET_LENGTHS = tuple(range(44, 65, 4))

# Where a host belongs: its path, its name and the subnet that it names, to that subnet (None: that is a problem).
Locate = Callable[[str, str, "str | None"], "Subnet | None"]

_RESERVED_RULE = "must leave out what AWS reserves, the subnet's first four addresses and its last"

_T = TypeVar("_T")


def parse_subnet(text: object, problems: Problems, path: str = "subnet") -> Subnet | None:
    """The subnet of an address plan from its network's text; ``None`` when it is none that EC2 could have."""
    block = _read(text, read_block, problems, path)
    if block is not None and block.length not in SUBNET_LENGTHS:
        problems.add(path, "must be as long as EC2's subnets are: /44 to /64 in steps of 4", text)
        return None
    return None if block is None else Subnet(id="", block=block)


def parse_hosts(raw: object, locate: Locate, problems: Problems, assign: str = ASSIGN_BLOCK) -> list[Request]:
    """Requests from a list of dictionaries with ``name``, or a dictionary of them by name.

    Pins may be relative to the subnet that ``locate`` finds for the host; where there is none (or it has no IPv6) they
    are checked for their form only.
    """
    requests = []
    for path, host, item in _items(raw, problems):
        named = item.get("subnet_id")
        if named is not None and not (isinstance(named, str) and named):
            problems.add(f"{path}.subnet_id", "must be a subnet's id", repr(named))
        subnet = locate(path, host, named if isinstance(named, str) and named else None)
        requests.append(_request(path, host, item, subnet, assign, problems))
    return requests


def parse_names(raw: object, problems: Problems) -> set[str]:
    """Just the hosts' names, from the same."""
    return {host for _path, host, _item in _items(raw, problems)}


def parse_range(text: object, subnet: Subnet, path: str, problems: Problems) -> Block | None:
    """A range of the subnet, from a CIDR that is absolute or relative to it; ``None``: it is none."""
    block = _read(text, read_block, problems, path)
    return None if block is None else _inside(_absolute(block, subnet), subnet, path, text, problems)


def parse_taken(raw: object, subnet: Subnet | None, problems: Problems) -> list[Taken]:
    """Ranges that others have, from addresses and prefixes, relative or absolute; what lies elsewhere doesn't
    matter."""
    if not _is_list(raw):
        problems.add("taken", "must be a list of addresses and prefixes", raw)
        return []
    found = []
    for index, text in enumerate(raw):
        try:
            block = read_taken(text)
        except ValueError as error:
            problems.add(f"taken[{index}]", str(error), text)
        else:
            found.append(Taken(_absolute(block, subnet), f"taken[{index}]"))
    return found


def parse_held(raw: object, subnet: Subnet | None, problems: Problems) -> list[Held]:
    """What hosts hold already, from ``{name: {host_address, container_prefix}}``; either may be left out."""
    if not isinstance(raw, Mapping):
        problems.add("pins", "must be a dictionary by host name", raw)
        return []
    found = []
    for host, item in raw.items():
        path = f"pins[{host}]"
        if not isinstance(item, Mapping):
            problems.add(path, "must be a dictionary with host_address and container_prefix", item)
            continue
        address = _pin(item, "host_address", read_address, single, path, subnet, problems)
        block = _pin(item, "container_prefix", _read_held_prefix, _same, path, subnet, problems)
        found.append(Held(str(host), None if address is None else address.first, block, where=path))
    return found


def _items(raw: object, problems: Problems) -> Iterator[tuple[str, str, Mapping]]:
    """Path, name and dictionary of each host with a sound name of its own; a path names the host where it can."""
    if isinstance(raw, Mapping):
        entries = [(name, {} if item is None else item) for name, item in raw.items()]
    elif _is_list(raw):
        entries = [(item.get("name") if isinstance(item, Mapping) else None, item) for item in raw]
    else:
        problems.add("hosts", "must be a list of dictionaries with a name, or a dictionary by name", raw)
        return
    seen: dict[str, int] = {}
    for index, (host, item) in enumerate(entries):
        path = f"hosts[{host if is_name(host) else index}]"
        if not isinstance(item, Mapping):
            problems.add(path, "must be a dictionary", item)
        elif not is_name(host):
            problems.add(f"{path}.name", NAME_RULE, repr(host))
        elif host in seen:
            both = f"items {seen[host]} and {index} of the list"
            problems.add(f"{path}.name", f"must be unique, and {both} have it", host)
        else:
            seen[str(host)] = index
            yield path, str(host), item


def _request(path: str, host: str, item: Mapping, subnet: Subnet | None, assign: str, problems: Problems) -> Request:
    address = _pin(item, "host_address", read_address, single, path, subnet, problems)
    block = _pin(item, "container_prefix", _prefix_reader(assign), _same, path, subnet, problems)
    count = _count(item.get("container_count"), f"{path}.container_count", problems)
    mode = _mode(item.get("container_mode"), f"{path}.container_mode", problems)
    most = room_in(Block(0, largest_block_length(assign)))
    if block is not None:
        implied = mode_of(block.length)
        if mode not in (None, implied):
            lengths = f"a /{DELEGATED_LENGTH}" if mode == MODE_PREFIX else _block_lengths(assign)
            problems.add(f"{path}.container_prefix", f"must be {lengths} in mode {mode}", item["container_prefix"])
        mode = implied
        room = block.size - BLOCK_OVERHEAD
        if implied == MODE_BLOCK and count is not None and count > room:
            problems.add(f"{path}.container_count", f"must fit container_prefix {block}, which holds {room}", count)
    elif mode == MODE_BLOCK and count is not None and count > most:
        why = "which assigns every address" if assign == ASSIGN_BLOCK else "since an interface takes 50 addresses"
        rule = f"must be at most {most} in mode block, {why} (mode prefix has no limit)"
        problems.add(f"{path}.container_count", rule, count)
        count = DEFAULT_COUNT
    kind = item.get("instance_type")
    return Request(
        path=path,
        host=host,
        subnet_id=subnet.id if subnet else "",
        instance_type=None if kind is None else str(kind),
        mode=mode,
        count=count,
        address=None if address is None else address.first,
        block=block,
    )


def _pin(
    item: Mapping,
    key: str,
    reader: Callable[[object], _T],
    to_block: Callable[[_T], Block],
    path: str,
    subnet: Subnet | None,
    problems: Problems,
) -> Block | None:
    """A pinned value as an absolute block inside the subnet, clear of what AWS reserves; ``None`` if absent or
    unsound."""
    text = item.get(key)
    where = f"{path}.{key}"
    value = None if text is None else _read(text, reader, problems, where)
    if value is None:
        return None
    return _inside(_absolute(to_block(value), subnet), subnet, where, text, problems)


def _inside(block: Block, subnet: Subnet | None, path: str, text: object, problems: Problems) -> Block | None:
    """The block if it lies in the subnet and is clear of what AWS reserves."""
    if subnet is None or subnet.block is None:
        return block
    if not subnet.block.covers(block):
        rule = f"must lie in {subnet.block}"
        if subnet.is_new:
            rule = "must be relative to the subnet, such as ::8/126, while that is yet to be made"
        problems.add(path, rule, text)
        return None
    if any(kept.overlaps(block) for kept in reserved(subnet.block)):
        problems.add(path, _RESERVED_RULE, text)
        return None
    return block


def _absolute(block: Block, subnet: Subnet | None) -> Block:
    return block if subnet is None or subnet.block is None else resolve(block, subnet.block)


def _block_lengths(assign: str) -> str:
    return f"a /{largest_block_length(assign)} to /{SMALLEST_BLOCK_LENGTH}"


def _prefix_reader(assign: str) -> Callable[[object], Block]:
    """Reads a container prefix of a length that can be assigned so."""

    def read(text: object) -> Block:
        block = read_block(text)
        if block.length != DELEGATED_LENGTH and not (
            largest_block_length(assign) <= block.length <= SMALLEST_BLOCK_LENGTH
        ):
            how = (
                "assigned address by address" if assign == ASSIGN_BLOCK else "whose containers' addresses are assigned"
            )
            raise ValueError(
                f"must be a /{DELEGATED_LENGTH} (delegated) or {_block_lengths(assign)} ({how}, and no instance type "
                "takes more than 50)"
            )
        return block

    return read


def _read_held_prefix(text: object) -> Block:
    block = read_block(text)
    if block.length != DELEGATED_LENGTH and not LARGEST_BLOCK_LENGTH <= block.length <= SMALLEST_BLOCK_LENGTH:
        raise ValueError(f"must be a /{DELEGATED_LENGTH}, or a /{LARGEST_BLOCK_LENGTH} to /{SMALLEST_BLOCK_LENGTH}")
    return block


def _same(block: Block) -> Block:
    return block


def _read(text: object, reader: Callable[[object], _T], problems: Problems, path: str) -> _T | None:
    try:
        return reader(text)
    except ValueError as error:
        problems.add(path, str(error), text)
        return None


def _count(value: object, path: str, problems: Problems) -> int | None:
    if value is None:
        return None
    # Inventory values may arrive as text ("2"); a bool is an int to Python but never a count.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        problems.add(path, "must be a whole number of containers, 1 or more", value)
        return None
    return value


def _mode(value: object, path: str, problems: Problems) -> str | None:
    if value is None or value in MODES:
        return value
    problems.add(path, f"must be {' or '.join(MODES)}", value)
    return None


def _is_list(raw: object) -> TypeGuard[Sequence[object]]:
    return isinstance(raw, Sequence) and not isinstance(raw, (str, bytes))
