# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof: verify's checks, row by row of the tutorial, as a table and as build/proof.json.

    python script/lib/proof.py --verify build/verify.json --rerun build/log/site-2.log --output build/proof.json

A row holds when each kind of check that it needs was made on every host that it is about, all of them hold, and the
tutorial's own hosts say what it prints, to the letter (tutorial.json, beside this file). Exit status 1 when a row, any
other check, or the second run (it must change nothing) does not hold.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LETTERS = HERE / "tutorial.json"

sys.path.insert(0, str(HERE.parents[1] / "collections"))

# The path is known only from here on.
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify.table import WIDTH, shorten

INDENT = " " * 12

Check = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A row of the tutorial: the kinds of checks that show it, and the mode of the hosts that it is about."""

    number: int
    title: str
    kinds: tuple[str, ...]
    mode: str | None = None


ROWS = (
    Row(1, "disjoint blocks inside one subnet", ("plan.block",)),
    Row(2, "one ENI per instance, with its addresses", ("eni.addresses",)),
    Row(3, "the key pair", ("instance.key",)),
    Row(4, "the instance has that ENI as device 0, and IMDSv2 only", ("instance.running",)),
    Row(5, "ssh over IPv6 to the host's own address", ("ssh.ipv6",)),
    Row(6, "apt over IPv6, no region mirror", ("apt.sources", "apt.ipv6")),
    Row(7, "before: dynamic /128 addresses from DHCPv6", ("netplan.before",), "block"),
    Row(8, "netplan, cloud file: no dhcp6", ("netplan.cloud_file",), "block"),
    Row(9, "one host address, default route by the link-local gateway", ("host.address", "host.default_route")),
    Row(10, "instance metadata lists the ENI's addresses", ("metadata.addresses",)),
    Row(11, "Docker is there, the user in its group", ("docker.engine", "docker.group")),
    Row(12, "Docker's bridge holds the first address of the prefix", ("docker.bridge", "docker.prefix")),
    Row(13, "an image pulled over IPv6", ("image.registry",)),
    Row(14, "containers at their own addresses", ("container.address", "container.routes", "container.running")),
    Row(
        15,
        "pings all ways: 0% loss, ttl=62, the source kept",
        ("ping.container", "capture.container", "ping.internet", "capture.internet"),
    ),
    Row(16, "the security group lets ICMPv6 in from itself", ("group.icmpv6",)),
    Row(17, "routes of containers and hosts", ("container.routes", "host.routes")),
    Row(18, "forwarding is on", ("host.forwarding",)),
    Row(19, "IPv6 is enabled inside the containers", ("container.ipv6_enabled",)),
)


@dataclass(frozen=True)
class Entry:
    """A row's proof. ``seen``: one text a kind of check. ``missing``: what is wrong or was not shown."""

    row: Row
    hosts: tuple[str, ...]
    docker: tuple[str, ...]
    seen: tuple[str, ...]
    checks: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """A row without a host or without evidence does not."""
        return bool(self.hosts and self.seen and not self.missing)

    def to_dict(self) -> dict[str, Any]:
        """As data; ``checks`` are the ids of the checks in verify.json that the row rests on."""
        return {
            "row": self.row.number,
            "title": self.row.title,
            "hosts": list(self.hosts),
            "docker": list(self.docker),
            "holds": self.holds,
            "evidence": "; ".join(self.seen),
            "checks": list(self.checks),
            "missing": list(self.missing),
        }


def prove(report: Mapping[str, Any], letters: Mapping[str, Mapping[str, Any]]) -> list[Entry]:
    """One entry a row. ``letters``: by host and kind of check, what the tutorial prints and must have been observed."""
    return [_entry(row, report, letters) for row in ROWS]


def _entry(row: Row, report: Mapping[str, Any], letters: Mapping[str, Mapping[str, Any]]) -> Entry:
    hosts = {name: host for name, host in report["hosts"].items() if row.mode in (None, host["mode"])}
    checks = [check for check in report["checks"] if check["kind"] in row.kinds and check["host"] in hosts]
    made = {(check["host"], check["kind"]) for check in checks}
    missing = [f"{name}: no check {kind}" for name in hosts for kind in row.kinds if (name, kind) not in made]
    missing += [
        f"{each['id']}: {each['evidence'] or 'no evidence'}. {each['hint']}" for each in checks if not _shown(each)
    ]
    missing += _letters_missing(row, checks, letters)
    return Entry(
        row=row,
        hosts=tuple(hosts),
        docker=tuple(sorted({host["docker"] for host in hosts.values()} - {""})),
        seen=tuple(_summary(kind, checks) for kind in row.kinds if any(check["kind"] == kind for check in checks)),
        checks=tuple(check["id"] for check in checks),
        missing=tuple(missing if hosts else ["no host of this kind"]),
    )


def _shown(check: Check) -> bool:
    return bool(check["holds"] and check["evidence"])


def _letters_missing(row: Row, checks: Iterable[Check], letters: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the tutorial prints and its hosts did not say."""
    said: dict[tuple[str, str], list[Any]] = {}
    for check in checks:
        said.setdefault((check["host"], check["kind"]), []).append(check["observed"])
    return [
        f"{host}: the tutorial shows {json.dumps(expected)} as {kind}, got {json.dumps(said.get((host, kind), []))}"
        for host, kinds in letters.items()
        for kind, expected in kinds.items()
        if kind in row.kinds and expected not in said.get((host, kind), [])
    ]


def _summary(kind: str, checks: Sequence[Check]) -> str:
    """The first evidence of a kind (of a failure, if there is one), and how many there are."""
    found = [check for check in checks if check["kind"] == kind]
    shown = next((check for check in found if not _shown(check)), found[0])
    held = sum(_shown(check) for check in found)
    return f"{shown['host']}: {shown['evidence'] or 'no evidence'} ({held} of {len(found)})"


def table(entries: Iterable[Entry], report: Mapping[str, Any]) -> list[str]:
    """Two lines a row or more, at most 110 columns: what holds, on how many hosts, and what was seen."""
    subnets = sorted({host["subnet"] for host in report["hosts"].values()})
    lines = ["row  holds  what the tutorial shows, and what was seen"]
    for entry in entries:
        where = f"{len(entry.hosts)} hosts, Docker {', '.join(entry.docker) or '?'}"
        head = f"{entry.row.number:>3}  {'yes' if entry.holds else 'NO':<5}  {entry.row.title}"
        if len(head) + 2 + len(where) > WIDTH:  # many engines: their versions are in the proof's data
            where = f"{len(entry.hosts)} hosts"
        lines.append(f"{head}{where:>{WIDTH - len(head)}}")
        lines += [_fit(shorten(text, subnets)) for text in entry.seen]
        lines += [line for text in entry.missing for line in _wrapped("! " + shorten(text, subnets))]
    return [*lines, "", f"… stands for the subnet, {', '.join(subnets)}"]


def _fit(text: str) -> str:
    """One indented line: the count at the end stays, what goes is before it."""
    room = WIDTH - len(INDENT)
    body, _bracket, count = text.rpartition(" (")
    return INDENT + (text if len(text) <= room else f"{body[: room - len(count) - 6]} ... ({count}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT + "  ")


def beyond(report: Mapping[str, Any]) -> list[str]:
    """One line a kind of check that belongs to no row."""
    rows = {kind for row in ROWS for kind in row.kinds}
    kinds = list(dict.fromkeys(check["kind"] for check in report["checks"] if check["kind"] not in rows))
    return [_fit(f"{kind}: {_summary(kind, report['checks'])}") for kind in kinds]


def changed(log: str) -> dict[str, int]:
    """Per host, how many changes the last recap of an ansible-playbook log counts, failures and lost hosts included."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    recap = plain.rpartition("PLAY RECAP")[2]
    found = re.findall(r"^(\S+)\s*:\s*ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", recap, re.MULTILINE)
    return {host: sum(map(int, counts)) for host, *counts in found}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The proof, row by row of the tutorial.")
    parser.add_argument("--verify", type=Path, required=True, help="what the role verify wrote")
    parser.add_argument("--rerun", type=Path, help="log of the second run of site.yml, which must change nothing")
    parser.add_argument("--output", type=Path, required=True, help="where the proof goes, as JSON")
    return parser.parse_args()


def main() -> int:
    """Read, prove, write, print."""
    asked = _arguments()
    try:
        report = json.loads(asked.verify.read_text(encoding="utf-8"))
        rerun = changed(asked.rerun.read_text(encoding="utf-8")) if asked.rerun else None
    except (OSError, ValueError) as error:
        print(f"proof: {error}", file=sys.stderr)
        return 2
    entries = prove(report, json.loads(LETTERS.read_text(encoding="utf-8")))
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(
        json.dumps([entry.to_dict() for entry in entries], indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print("\n".join([*table(entries, report), "", "Beyond the tutorial:", *beyond(report)]))
    held = sum(entry.holds for entry in entries)
    checks = sum(check["holds"] for check in report["checks"])
    print(f"\n{held} of {len(entries)} rows hold; {checks} of {len(report['checks'])} checks hold.")
    again = rerun is None or (bool(rerun) and not any(rerun.values()))
    if rerun is not None:
        listed = ", ".join(f"{host} {count}" for host, count in rerun.items()) or "no recap in the log"
        print(f"Second run of site.yml, changes per host: {listed}." + ("" if again else " It must change nothing."))
    return 0 if held == len(entries) and report["holds"] and again else 1


if __name__ == "__main__":
    sys.exit(main())
