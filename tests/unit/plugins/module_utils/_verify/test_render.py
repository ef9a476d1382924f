# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture is well-formed, always the same, shows what the report says, and keeps its texts inside their boxes."""

from __future__ import annotations

import copy
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan import svg
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import judge, parse, render
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._verify import world

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def report() -> dict[str, Any]:
    return judge.report(parse.fleet(world.good()))


def of_size(report: dict[str, Any], count: int) -> dict[str, Any]:
    """A fleet of ``count`` hosts in the likeness of the good one, where instance-2 does not reach instance-1."""
    hosts, checks = {}, []
    likeness = list(report["hosts"].values())
    for number in range(count):
        hosts[f"instance-{number + 1}"] = copy.deepcopy(likeness[number % len(likeness)])
        for other in range(count):
            limits = {"lost": 0, "hop_limits": [62]}
            subject = f"c to instance-{other + 1}/c"
            check = {"kind": "ping.container", "host": f"instance-{number + 1}", "subject": subject, "observed": limits}
            if other != number:
                checks.append({**check, "holds": (number, other) != (1, 0), "id": subject, "evidence": ""})
    return {**report, "hosts": hosts, "checks": checks}


def spread(report: dict[str, Any], *sizes: int) -> dict[str, Any]:
    """A fleet with so many hosts in each of its subnets, which take turns."""
    found = of_size(report, sum(sizes))
    turns = sorted((at, subnet) for subnet, size in enumerate(sizes) for at in range(size))
    for host, (_at, subnet) in zip(found["hosts"].values(), turns, strict=True):
        host["subnet"] = f"2600:1f18:47b:ca{subnet:02x}::/64"
    return found


Rectangle = tuple[float, float, float, float]


def rectangles(picture: str, fill: str) -> list[Rectangle]:
    """Left, top, right and bottom of the boxes of a colour."""
    found = []
    for box in ElementTree.fromstring(picture).iter(f"{NAMESPACE}rect"):
        if f"f-{fill}" in box.get("class", "").split():
            x, y, across, down = (float(box.get(key, "")) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + across, y + down))
    return found


def inside(point: tuple[float, float], box: Rectangle) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def texts(picture: str) -> list[str]:
    found = ElementTree.fromstring(picture).iter(f"{NAMESPACE}text")
    return ["".join(part for part in element.itertext()) for element in found]


def test_it_shows_every_address_engine_and_ping(report: dict[str, Any]) -> None:
    shown = texts(render.topology(report))
    for host in report["hosts"].values():
        for value in (host["host_address"], host["container_prefix"], host["bridge"], f"Docker {host['docker']}"):
            assert value in shown
        for container in host["containers"]:
            assert {container["name"], container["address"]} <= set(shown)
    assert shown.count("ttl=62, 0% loss") == 6
    made = len(report["checks"])
    assert {f"{made} of {made} checks hold", "Internet: internet.lab.test", "80 open", "8080 closed"} <= set(shown)


def test_it_is_always_the_same(report: dict[str, Any]) -> None:
    assert render.topology(report) == render.topology(copy.deepcopy(report))


def test_what_fails_is_seen(report: dict[str, Any]) -> None:
    facts = world.good()
    facts["probes"]["instance-1"]["pings"][0]["received"] = 0
    facts["probes"]["internet"]["connects"][1]["outcome"] = "open"
    shown = texts(render.topology(judge.report(parse.fleet(facts))))
    assert "1 of 4 fail" in shown
    assert "8080 open" in shown
    assert "undeclared ports: 3 of 4 closed" in shown


@pytest.mark.parametrize("sizes", [(2, 2), (1, 1, 1, 1, 1), (1, 4, 3), (3, 2, 8, 1), (12, 1), (1, 12)])
def test_each_subnet_has_a_frame_around_its_hosts(report: dict[str, Any], sizes: tuple[int, ...]) -> None:
    fleet = spread(report, *sizes)
    picture = render.topology(fleet)
    frames = rectangles(picture, "zone")
    assert len(frames) == len(sizes)
    for at, (left, top, right, bottom) in enumerate(frames):
        for other in frames[at + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    place = {
        "".join(text.itertext()): (float(text.get("x", "")), float(text.get("y", "")))
        for text in ElementTree.fromstring(picture).iter(f"{NAMESPACE}text")
        if "bold" in text.get("class", "").split() or "subnet " in (text.text or "")
    }
    for name, host in fleet["hosts"].items():
        around = [frame for frame in frames if inside(place[name], frame)]
        assert around == [frame for frame in frames if inside(place[f"subnet {host['subnet']}"], frame)]
        assert len(around) == 1
    pings = [text for text in texts(picture) if text in ("ttl=62, 0% loss", "62", "1 of 2 fail", "!")]
    assert len(pings) == sum(sizes) * (sum(sizes) - 1) / 2


@pytest.mark.parametrize("sizes", [(0,), (1,), (2,), (3,), (5,), (6,), (11,), (20,), (2, 3), (3, 2, 8, 1)])
def test_nothing_leaves_the_paper(report: dict[str, Any], sizes: tuple[int, ...]) -> None:
    root = ElementTree.fromstring(render.topology(spread(report, *sizes)))
    wide, high = (float(root.get(key, "")) for key in ("width", "height"))
    for box in root.iter(f"{NAMESPACE}rect"):
        x, y, across, down = (float(box.get(key, "")) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + across <= wide
        assert 0 <= y <= y + down <= high


@pytest.mark.parametrize(("count", "pairs"), [(2, 0), (5, 9), (6, 14), (20, 189)])
def test_every_pair_of_hosts_is_there(report: dict[str, Any], count: int, pairs: int) -> None:
    """As a line in a small fleet, as a square of the matrix in a large one; the pair that fails looks different."""
    shown = texts(render.topology(of_size(report, count)))
    assert shown.count("ttl=62, 0% loss") + shown.count("62") == pairs
    assert shown.count("1 of 2 fail") + shown.count("!") == 1


def test_hostile_names_stay_text(report: dict[str, Any]) -> None:
    host = report["hosts"]["instance-1"]
    host["containers"][0]["name"] = "</text><script>&"
    assert "</text><script>&" in texts(render.topology(report))


def test_many_containers_are_counted(report: dict[str, Any]) -> None:
    host = report["hosts"]["instance-4"]
    host["containers"] = [dict(host["containers"][0], name=f"c{number}") for number in range(14)]
    assert "and 10 more" in texts(render.topology(report))


@pytest.mark.parametrize("face", [svg.MONO, svg.SANS])
@pytest.mark.parametrize("text", ["2600:1f18:47b:ca03:aaaa:bbbb:cccc:dddd/128", "W" * 80, "x"])
def test_a_text_is_made_to_fit(text: str, face: str) -> None:
    shown, size = svg.fit(text, 150, 13, face)
    assert svg.width(shown, size, face) <= 150
    assert shown == text or shown.endswith("…")


def test_what_was_cut_is_in_the_tooltip() -> None:
    drawn = svg.label(0, 0, "W" * 80, 12, room=50)
    assert f"<title>{'W' * 80}</title>" in drawn
