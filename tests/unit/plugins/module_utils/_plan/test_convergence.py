# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happened to a fleet and whatever is asked for next: one run gets there, and so does any run cut short.

The subnet is tiny and full of neighbours, so that what is asked for often does not fit in place.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import (
    Block,
    block_around,
    read_block,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.changes import TAG
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import (
    Desired,
    Instance,
    Interface,
    Observed,
    Reservation,
    Subnet,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.reconcile import plan_present
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.removal import plan_absent
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.tags import FLEET, HOST, PREFIX
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._plan.strict_ec2 import applied, state
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

# 128 addresses: room for a dozen small blocks. Delegated prefixes are tried in a subnet of sixteen of them.
TINY = Subnet("subnet-1", read_block("2001:db8::4500/121"), "vpc-1", "zone-a")
WIDE = Subnet("subnet-1", read_block("2001:db8:0:0:4560::/76"), "vpc-1", "zone-a")
NAMES = [f"h{number}" for number in range(7)]
# Some hosts live in a second subnet, beside the tiny one.
SECOND = Subnet("subnet-2", read_block("2001:db8::8500/121"), "vpc-1", "zone-a")
THERE = ("h2", "h5")

drawn = settings(
    max_examples=100, suppress_health_check=[*settings().suppress_health_check, HealthCheck.filter_too_much]
)


def planned(desired, observed):
    """The plan, or ``None`` when it can't be."""
    try:
        return plan_present(desired, observed)
    except PlanError:
        return None


@st.composite
def raw_hosts(draw, subnet, names):
    hosts = []
    for name in names:
        host = {"name": name}
        mode = "block"
        if subnet is TINY and name in THERE:
            host["subnet_id"] = SECOND.id
        if subnet is WIDE:
            mode = draw(st.sampled_from(["block", "prefix", None]))
        if mode is not None:
            host["container_mode"] = mode
        if mode == "block" and draw(st.booleans()):
            host["container_count"] = draw(st.sampled_from([1, 2, 3, 6, 7, 9, 14]))
        if mode == "block" and draw(st.integers(0, 11)) == 0:
            length = draw(st.integers(124, 126))
            size = 1 << (128 - length)
            host["container_prefix"] = f"::{draw(st.integers(1, 128 // size - 1)) * size:x}/{length}"
            host.pop("container_count", None)
        if draw(st.integers(0, 15)) == 0:
            host["host_address"] = f"::{draw(st.integers(4, 126)):x}"
        hosts.append(host)
    return hosts


@st.composite
def wishes(draw, subnet):
    """A fleet as asked for, in any way that the options allow."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=6))
    return Desired(
        "default",
        subnet.id,
        draw(st.sampled_from([(), ("sg-1",), ("sg-2",)])),
        draw(st.sampled_from([{}, {"team": "a"}, {"team": "b"}])),
        hosts=draw(raw_hosts(subnet, names)),
        assign=draw(st.sampled_from(["block", "block", "containers"])),
        reservation=draw(st.sampled_from([None, "::40/122", "::20/123", "::40/123", "none"])),
        purge=draw(st.booleans()),
        move=tuple(name for name in names if draw(st.integers(0, 2))),
    )


@st.composite
def neighbours(draw, subnet):
    """Others' interfaces, and at times a reservation of theirs."""
    first = subnet.block.first
    found = [
        Interface(f"eni-other-{value}", subnet.id, "vpc-1", addresses=frozenset({first + value}))
        for value in draw(st.sets(st.integers(4, 120), max_size=4))
    ]
    reserved = draw(st.sampled_from([None, None, Block(first + 16, 126)]))
    return Observed(
        subnets={item.id: item for item in (subnet, SECOND)},
        groups={"sg-1": "vpc-1", "sg-2": "vpc-1"},
        interfaces=tuple(found),
        reservations=() if reserved is None else (Reservation("scr-other", subnet.id, reserved),),
    )


def launched(observed, hosts):
    """Every one of the hosts with an instance that has its interface."""
    instances = dict(observed.instances)
    enis = []
    for eni in observed.interfaces:
        host = eni.tags.get(HOST)
        if host in hosts:
            instance_id = f"i-{host}"
            instances[instance_id] = Instance(
                instance_id, "running", tags={FLEET: "default", HOST: host}, zone="zone-a", devices=frozenset({0})
            )
            eni = replace(eni, instance_id=instance_id, device_index=0, status="in-use")
        enis.append(eni)
    return replace(observed, interfaces=tuple(enis), instances=instances)


@st.composite
def drifts(draw, observed):
    """What people do by hand, and what happens to instances."""
    enis, instances = [], dict(observed.instances)
    for eni in observed.interfaces:
        if FLEET not in eni.tags:
            enis.append(eni)
            continue
        what = draw(st.sampled_from(["nothing", "remove", "add", "untag", "detach", "terminate", "delete", "nothing"]))
        if what == "remove":
            addresses = draw(st.sets(st.sampled_from(sorted(eni.addresses)))) if eni.addresses else set()
            prefixes = frozenset() if draw(st.booleans()) else eni.prefixes
            eni = replace(eni, addresses=frozenset(addresses), prefixes=prefixes)
        elif what == "add":
            value = observed.subnets[eni.subnet_id].block.first + draw(st.integers(4, 126))
            used = any(value in other.addresses for other in (*observed.interfaces, *enis))
            within = any(
                Block(value, 128).overlaps(prefix) for other in observed.interfaces for prefix in other.prefixes
            )
            if not used and not within:
                eni = replace(eni, addresses=eni.addresses | {value})
        elif what == "untag":
            lost = draw(st.sampled_from(["fleet", "host", "host_address", "schema", "container_count"]))
            eni = replace(eni, tags={key: value for key, value in eni.tags.items() if key != PREFIX + lost})
        elif what in ("detach", "terminate", "delete") and eni.instance_id:
            instance = instances[eni.instance_id]
            gone = "terminated" if what == "terminate" else instance.state
            instances[instance.id] = replace(instance, state=gone, devices=frozenset())
            eni = replace(eni, instance_id=None, device_index=None, status="available")
        if what != "delete" or eni.instance_id:
            enis.append(eni)
    return replace(observed, interfaces=tuple(enis), instances=instances)


@st.composite
def stories(draw):
    """A fleet that was made once, what became of it, and what is asked for now; with the plan for it."""
    subnet = draw(st.sampled_from([TINY, WIDE]))
    observed = draw(neighbours(subnet))
    first = planned(draw(wishes(subnet)), observed)
    assume(first is not None)
    observed = applied(observed, first.changes)
    observed = launched(observed, draw(st.sets(st.sampled_from(NAMES))))
    if draw(st.booleans()):
        observed = draw(drifts(observed))
    desired = draw(wishes(subnet))
    plan = planned(desired, observed)
    assume(plan is not None)
    for action in {change.action for change in plan.changes}:
        event(action)
    return desired, observed, plan


@given(stories())
@drawn
def test_one_run_gets_there_and_leaves_nothing_to_do(story):
    desired, observed, plan = story
    final = applied(observed, plan.changes)
    again = plan_present(desired, final)
    assert again.changes == ()
    assert again.allocations == plan.allocations
    assert again.before == again.after
    assert again.reservations == plan.reservations
    enis = {eni.id: eni for eni in final.interfaces}
    for host, allocation in plan.allocations.items():
        eni = enis[again.interfaces[host].id]
        assert eni.addresses.issuperset(allocation.addresses)
        assert eni.prefixes.issuperset(allocation.prefixes)
        if desired.purge:
            assert (set(allocation.addresses), set(allocation.prefixes)) == (eni.addresses, eni.prefixes)


@given(stories(), st.data())
@drawn
def test_a_run_cut_short_anywhere_and_a_rerun_end_in_the_same_state(story, data):
    """Within a phase hosts are worked on side by side: each may have got any number of its changes."""
    desired, observed, plan = story
    assume(plan.changes)
    final = state(applied(observed, plan.changes))
    last = data.draw(st.integers(0, 2))
    done = [change for change in plan.changes if change.phase < last]
    under_way = [change for change in plan.changes if change.phase == last]
    for host in sorted({change.host for change in under_way}):
        steps = [change for change in under_way if change.host == host]
        done += steps[: data.draw(st.integers(0, len(steps)))]
    middle = applied(observed, done)
    rest = plan_present(desired, middle)
    assert rest.allocations == plan.allocations
    assert state(applied(middle, rest.changes)) == final


@given(stories())
@drawn
def test_who_is_not_listed_keeps_what_it_holds(story):
    desired, observed, _plan = story
    still = replace(desired, move=(), hosts=[{"name": host["name"]} for host in desired.hosts], reservation=None)
    plan = planned(still, observed)
    assume(plan is not None)
    again = planned(replace(still, hosts=[*still.hosts, {"name": "a-new-one"}]), observed)
    assume(again is not None)
    for host, interface in plan.interfaces.items():
        assert again.allocations[host] == plan.allocations[host]
        block = str(plan.allocations[host].block)
        assert block == interface.tags.get(PREFIX + "container_prefix", block)


@given(stories())
@drawn
def test_the_diff_shows_what_apply_does(story):
    """The text after is the text before of the next run, but for ids that EC2 gives."""
    desired, observed, plan = story
    again = plan_present(desired, applied(observed, plan.changes))
    hide = {f"interface: eni-{host}": "interface: (to be created)" for host in plan.allocations}
    shown = again.before
    for made, planned_text in hide.items():
        if made not in plan.before:
            shown = shown.replace(f"{made}\n", f"{planned_text}\n")
    assert plan.after == shown


@st.composite
def edited(draw, observed, plan):
    """The same, after somebody changed one of the tags that say what a host was given: to anything."""
    host = draw(st.sampled_from(sorted(plan.allocations)))
    allocation = plan.allocations[host]
    subnet = observed.subnets[allocation.subnet_id].block
    near = [allocation.address, allocation.block.first, subnet.first, subnet.first + draw(st.integers(0, 127))]
    others = [block.first for eni in observed.interfaces for block in eni.blocks]
    values = st.sampled_from([*near, *others, 0, 1, 0x20010DB9 << 96])
    lengths = st.sampled_from([0, 64, 76, 80, 80, 120, *range(121, 129), *range(122, 127)])
    made = {
        PREFIX + "host_address": str(Block(draw(values) + draw(st.integers(0, 4)), 128)),
        PREFIX + "container_prefix": str(block_around(draw(values) + draw(st.integers(0, 4)), draw(lengths))),
    }
    kept = draw(st.sampled_from(sorted(made)))
    tags = {key: value for key, value in made.items() if key != kept}
    event(", ".join(tags))
    enis = [
        replace(eni, tags={**eni.tags, **tags}) if eni.tags.get(HOST) == host else eni for eni in observed.interfaces
    ]
    return replace(observed, interfaces=tuple(enis))


@given(stories(), st.data())
@drawn
def test_a_tag_edited_to_anything_moves_nobody(story, data):
    """Who has all that is theirs, and nothing else, keeps it: the tag is put back, or the run refused."""
    desired, observed, _plan = story
    desired = replace(desired, move=(), purge=data.draw(st.booleans()))
    clean = planned(replace(desired, purge=True), observed)
    assume(clean is not None and clean.allocations)
    observed = applied(observed, clean.changes)
    assert planned(desired, observed).changes == ()
    wrong = data.draw(edited(observed, clean))
    plan = planned(desired, wrong)
    event("refused" if plan is None else "put back")
    if plan is not None:
        assert {change.action for change in plan.changes} <= {TAG}
        assert {host: item.addresses for host, item in plan.allocations.items()} == {
            host: item.addresses for host, item in clean.allocations.items()
        }


@given(stories(), st.data())
@drawn
def test_the_whole_fleet_can_be_removed_again(story, data):
    """Also when the first attempt was cut short."""
    _desired, observed, plan = story
    final = applied(observed, plan.changes)
    free = replace(
        final,
        interfaces=tuple(replace(eni, instance_id=None, status="available") for eni in final.interfaces),
    )
    changes = plan_absent("default", None, free).changes
    middle = applied(free, [change for change in changes if data.draw(st.booleans())])
    left = applied(middle, plan_absent("default", None, middle).changes)
    assert [eni.id for eni in left.interfaces if not eni.id.startswith("eni-other")] == []
    assert [item.id for item in left.reservations] in ([], ["scr-other"])
