# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof holds for a good fleet; a row with a failure, a gap or another letter than the tutorial's does not."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._verify import judge, parse
from ansible_collections.ipv6.aws_containers.tests.unit.plugins.module_utils._verify import world

SCRIPT = Path(__file__).parents[3] / "script/lib/proof.py"
RECAP = "PLAY RECAP ***\ninstance-1 : ok=9 changed=7 unreachable=0 failed=0\nPLAY RECAP ***\n{}\n"
QUIET = "\x1b[32minstance-1\x1b[0m   : \x1b[32mok=9   \x1b[0m changed=0    unreachable=0    failed=0    skipped=1"


@pytest.fixture(scope="module")
def proof() -> ModuleType:
    spec = importlib.util.spec_from_file_location("proof", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["proof"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def report() -> dict[str, Any]:
    return judge.report(parse.fleet(world.good()))


@pytest.fixture
def letters(proof: ModuleType) -> dict[str, Any]:
    return json.loads(proof.LETTERS.read_text(encoding="utf-8"))


def test_every_row_of_the_tutorial_holds(proof: ModuleType, report: dict[str, Any], letters: dict[str, Any]) -> None:
    entries = [entry.to_dict() for entry in proof.prove(report, letters)]
    assert [entry["row"] for entry in entries] == list(range(1, 20))
    assert [entry["missing"] for entry in entries if not entry["holds"]] == []
    assert all(entry["evidence"] and entry["docker"] == ["26.1.5", "28.5.2"] for entry in entries)
    assert {entry["row"]: entry["hosts"] for entry in entries}[7] == ["instance-1", "instance-2"]


def drop_capture(report: dict[str, Any]) -> None:
    report["checks"] = [
        check for check in report["checks"] if (check["kind"], check["host"]) != ("capture.internet", "instance-3")
    ]


def no_block_hosts(report: dict[str, Any]) -> None:
    for host in report["hosts"].values():
        host["mode"] = "prefix"


def find(report: dict[str, Any], kind: str, host: str) -> dict[str, Any]:
    return next(check for check in report["checks"] if (check["kind"], check["host"]) == (kind, host))


def fail(report: dict[str, Any]) -> None:
    find(report, "ssh.ipv6", "instance-4")["holds"] = False


def no_evidence(report: dict[str, Any]) -> None:
    find(report, "host.forwarding", "instance-2")["evidence"] = ""


def other_letter(report: dict[str, Any]) -> None:
    """A good address, but not the one that the tutorial prints."""
    find(report, "container.address", "instance-1")["observed"] = ["2600:1f18:47b:ca03::b/126"]


@pytest.mark.parametrize(
    ("change", "rows", "says"),
    [
        (drop_capture, [15], "instance-3: no check capture.internet"),
        (no_block_hosts, [7, 8], "no host of this kind"),
        (fail, [5], "ssh.ipv6/instance-4: SSH_CONNECTION"),
        (no_evidence, [18], "host.forwarding/instance-2: no evidence"),
        (other_letter, [14], "instance-1: the tutorial shows"),
    ],
)
def test_what_breaks_a_row(
    proof: ModuleType,
    report: dict[str, Any],
    letters: dict[str, Any],
    change: Callable[[dict[str, Any]], None],
    rows: list[int],
    says: str,
) -> None:
    change(report)
    broken = [entry for entry in proof.prove(report, letters) if not entry.holds]
    assert [entry.row.number for entry in broken] == rows
    assert any(text.startswith(says) for text in broken[0].missing)


def test_the_table_fits(proof: ModuleType, report: dict[str, Any], letters: dict[str, Any]) -> None:
    other_letter(report)
    one = report["hosts"]["instance-4"]
    report["hosts"] |= {f"more-{minor}": dict(one, docker=f"20.10.{minor}") for minor in range(9)}
    lines = proof.table(proof.prove(report, letters), report)
    assert max(map(len, lines)) <= 110
    assert any(line.startswith(" 14  NO ") for line in lines)


@pytest.mark.parametrize(
    ("recap", "counts"),
    [
        (QUIET, {"instance-1": 0}),
        (QUIET.replace("changed=0", "changed=2"), {"instance-1": 2}),
        (QUIET.replace("unreachable=0", "unreachable=1"), {"instance-1": 1}),
        ("", {}),
    ],
)
def test_only_the_last_recap_counts(proof: ModuleType, recap: str, counts: dict[str, int]) -> None:
    assert proof.changed(RECAP.format(recap)) == counts


@pytest.mark.parametrize(
    ("holds", "recap", "status"),
    [(True, QUIET, 0), (False, QUIET, 1), (True, QUIET.replace("changed=0", "changed=1"), 1)],
)
def test_the_exit_status(
    proof: ModuleType,
    report: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    holds: bool,
    recap: str,
    status: int,
) -> None:
    if not holds:
        fail(report)
        report["holds"] = False
    verify, rerun, output = (tmp_path / name for name in ("verify.json", "site.log", "out/proof.json"))
    verify.write_text(json.dumps(report), encoding="utf-8")
    rerun.write_text(RECAP.format(recap), encoding="utf-8")
    asked = ["proof", "--verify", str(verify), "--rerun", str(rerun), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", asked)
    assert proof.main() == status
    entries = json.loads(output.read_text(encoding="utf-8"))
    assert len(entries) == 19
    assert all(entry["holds"] for entry in entries) is holds
    assert f"{18 + holds} of 19 rows hold" in capsys.readouterr().out
