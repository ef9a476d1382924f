# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map is well-formed, always the same, shows who holds what, and can be read whatever the number of hosts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import svg
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.addresses import single
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.free import room_after
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.holdings import (
    CONTAINERS,
    EXTRA,
    HELD,
    HOST,
    LEAVING,
    NEW,
    OTHER,
    RESERVED,
    Holding,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.model import Subnet
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.subnet_map import subnet_map
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._plan.pictured import (
    NETWORK,
    SUBNET,
    block,
    fleet,
)

NAMESPACE = "{http://www.w3.org/2000/svg}"
SIZES = [(count, way) for count in (0, 1, 4, 10, 30, 100, 400) for way in ("prefix", "block", "apart")]


def drawn(holdings: list[Holding]) -> str:
    return subnet_map(SUBNET, "default", holdings, room_after(NETWORK, holdings))


def crowded() -> list[Holding]:
    """Everything that can be, at once."""
    chance = random.Random(7)
    found = fleet(4, "apart")
    found += [
        Holding(block("::3:0:0/96"), RESERVED, NEW, "default", "fleet default"),
        Holding(block("::3:0:10/124"), CONTAINERS, NEW, "web-1", "web-1"),
        Holding(block("::40/125"), CONTAINERS, LEAVING, "web-2", "web-2", "eni-2"),
        Holding(block("::99"), EXTRA, HELD, "web-3", "web-3", "eni-3"),
        Holding(block("::a00"), HOST, HELD, "n" * 100, "n" * 100, "eni-n"),
        Holding(block("::a10/128"), RESERVED, HELD, "", "others", "scr-small"),
    ]
    found += [
        Holding(block(f"::{number:x}00:0:0:0/72"), RESERVED, HELD, "", "others", f"scr-{number}")
        for number in range(1, 20)
    ]
    found += [
        Holding(
            single(NETWORK.first + chance.randrange(2**64)), OTHER, HELD, "", "ELB app/" + "x" * 80, f"eni-{number}"
        )
        for number in range(50)
    ]
    return found


def texts(picture: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(picture).iter(f"{NAMESPACE}text")]


def boxes(picture: str) -> Iterator[tuple[float, float, float, float, str]]:
    """Where each text is: left, top, right, bottom, by the same estimate that it was placed with."""
    for element in ElementTree.fromstring(picture).iter(f"{NAMESPACE}text"):
        classes = element.get("class", "").split()
        size, x, y = (float(element.get(key, "")) for key in ("font-size", "x", "y"))
        text = "".join(part for part in element.itertext() if part)
        title = element.find(f"{NAMESPACE}title")
        if title is not None and title.text:
            text = text.removeprefix(title.text)
        wide = svg.width(text, size, svg.MONO if svg.MONO in classes else svg.SANS, "bold" in classes)
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[element.get("text-anchor", "start")]
        yield left, y - 0.78 * size, left + wide, y + 0.2 * size, text


def collisions(picture: str) -> list[tuple[str, str]]:
    found = []
    placed = sorted(boxes(picture), key=lambda each: each[1])
    for index, (left, top, right, bottom, text) in enumerate(placed):
        for other_left, other_top, other_right, _other_bottom, other in placed[index + 1 :]:
            if other_top >= bottom:
                break
            if left < other_right and other_left < right and top < bottom:
                found.append((text, other))
    return found


@pytest.mark.parametrize(("count", "way"), SIZES)
def test_no_text_is_over_another_or_leaves_the_paper(count: int, way: str) -> None:
    picture = drawn(fleet(count, way))
    assert collisions(picture) == []
    stays_on_paper(picture)


def test_nor_where_everything_is_at_once() -> None:
    picture = drawn(crowded())
    assert collisions(picture) == []
    stays_on_paper(picture)


def stays_on_paper(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    wide, high = (float(root.get(key, "")) for key in ("width", "height"))
    for left, top, right, bottom, text in boxes(picture):
        assert 0 <= left <= right <= wide, text
        assert 0 <= top <= bottom <= high, text
    for pattern in root.iter(f"{NAMESPACE}defs"):
        pattern.clear()
    for element in root.iter(f"{NAMESPACE}rect"):
        x, y, across, down = (float(element.get(key, "0")) for key in ("x", "y", "width", "height"))
        assert 0 <= x < x + across <= wide
        assert 0 <= y < y + down <= high


@pytest.mark.parametrize("count", [1, 4, 30])
def test_every_host_is_shown_with_its_addresses(count: int) -> None:
    shown = texts(drawn(fleet(count, "prefix")))
    for number in range(count):
        assert {f"web-{number + 1}", f"::{4 + number:x}", f"::{number + 1:x}:0:0:0/80"} <= set(shown)


def test_a_crowd_is_counted_and_its_blocks_are_shown_closer() -> None:
    """Host addresses in 400 different places, and their blocks beside one another in one."""
    shown = texts(drawn(fleet(400, "apart")))
    assert "and 283 more, which the plan's table lists" in shown
    assert {"Inside ::/80: one cell is a /112", "Inside ::/112: one cell is one address"} <= set(shown)
    assert "web-400" in shown
    # A number stands for a host that is listed.
    assert "118" not in shown


def test_hosts_are_listed_as_people_count() -> None:
    shown = texts(drawn(fleet(12, "block")))
    listed = [text for text in shown[shown.index("Hosts") :] if text.startswith("web-")]
    assert listed == [f"web-{number}" for number in range(1, 13)]


def test_what_is_planned_differs_from_what_is() -> None:
    one = Holding(block("::4"), HOST, HELD, "web-1", "web-1", "eni-1")
    held = drawn([one])
    new = drawn([Holding(one.block, HOST, NEW, "web-1", "web-1")])
    leaving = drawn([Holding(one.block, HOST, LEAVING, "web-1", "web-1", "eni-1")])
    assert "planned" not in texts(held)
    assert {"planned", "1 host of fleet default, 1 of them new"} <= set(texts(new))
    assert "given up by the plan" in texts(leaving)
    dashed = 'class="f-bluepale s-blue dash"'
    assert (dashed in new, dashed in held, dashed in leaving) == (True, False, False)
    assert "planned</title>" in new
    assert "given up by the plan</title>" in leaving


def dense(length: int, assigned: int) -> Holding:
    """A block of which neither the first two addresses nor those after so many containers' are assigned."""
    place = block(f"::100/{length}")
    idle = ((place.first, place.first + 1), (place.first + 2 + assigned, place.last))
    return Holding(place, CONTAINERS, HELD, "web-1", "web-1", "eni-1", idle)


def test_what_is_not_assigned_is_marked() -> None:
    said = "of its prefix, but not assigned"
    whole, picture = drawn(fleet(3, "block")), drawn([*fleet(3, "block"), dense(124, 9)])
    assert said not in texts(whole)
    assert said in texts(picture)
    stays_on_paper(picture)
    notches = [
        (float(box.get("x", "")), float(box.get("width", "")))
        for box in ElementTree.fromstring(picture).iter(f"{NAMESPACE}rect")
        if box.get("class") == "f-card s-good"
    ]
    # Two cells from the left border, five to the right one, and the legend's.
    (left, two), (rest, five), _legend = notches
    assert (five + 2) / (two + 2) == pytest.approx(5 / 2, abs=0.01)
    assert (rest - left) / (two + 2) == pytest.approx(11 / 2, abs=0.01)
    assert "7 of its 16 addresses not assigned</title>" in picture
    # Beneath many rows there are no cells.
    assert "::100/122 held by web-1, 12 of its 64 addresses not assigned" in texts(drawn([dense(122, 52)]))


def test_what_is_reserved_is_said() -> None:
    shown = " ".join(texts(drawn(crowded())))
    assert "::3:0:0/96 reserved by fleet default" in shown
    assert "::100:0:0:0/72 reserved by others (scr-1): 256 /80 " in shown
    assert "Free once this is done, blocks in the fleet's reservation" in shown


def test_strays_of_others_are_counted() -> None:
    strays = [Holding(block(f"::{number:x}00:0:0:9"), OTHER, HELD, "", "", f"eni-{number}") for number in range(1, 20)]
    assert "65,500 /80 free, besides 19 of others' and AWS's last address" in texts(
        drawn([*fleet(1, "block"), *strays])
    )
    assert "and 12 more" in texts(drawn(strays))


def test_a_full_subnet_says_so() -> None:
    full = [Holding(NETWORK, RESERVED, HELD, "", "others", "scr-all")]
    shown = texts(drawn([*fleet(0, "block"), *full]))
    assert shown.count("0 /80") == 1
    assert "0 hosts of fleet default" in shown


def test_it_is_always_the_same() -> None:
    holdings = crowded()
    turned = list(reversed(holdings))
    assert drawn(holdings) == drawn(turned)


def test_hostile_names_stay_text() -> None:
    name = "</text><script>&\"'"
    picture = drawn([*fleet(1, "block"), Holding(block("::1:1"), OTHER, HELD, "", name, "eni-x")])
    assert "<script>" not in picture
    assert any(name in text for text in texts(picture))


def test_only_a_network_can_be_drawn() -> None:
    with pytest.raises(ValueError, match="subnet-b has no IPv6 network"):
        subnet_map(Subnet("subnet-b", None), "default", [], room_after(NETWORK, []))


@pytest.mark.parametrize("length", [44, 48, 52, 56, 60])
def test_larger_subnets(length: int) -> None:
    large = Subnet("subnet-l", type(NETWORK)(NETWORK.first >> (128 - length) << (128 - length), length))
    assert large.block is not None
    picture = subnet_map(large, "default", fleet(4, "prefix"), room_after(large.block, fleet(4, "prefix")))
    assert collisions(picture) == []
    stays_on_paper(picture)
