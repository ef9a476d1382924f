# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command's errors name what, why, and what to do; the way in passes bytes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vpclab import cli, connect, images, recipe, requirements
from vpclab.errors import LabError
from vpclab.hosts import nspawn
from vpclab.hosts.disk import Disk


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert cli.main(["--lab", "none", "up"]) == 1
    said = capsys.readouterr().err
    assert "needs root" in said
    assert "run it with sudo" in said


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name, **_: None if name in ("nft", "bridge") else f"/usr/bin/{name}")
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(LabError) as error:
        requirements.check_packages()
    assert "missing nft, bridge" in str(error.value)
    assert "apt-get install iproute2 nftables" in str(error.value)


def test_a_lab_that_is_not_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--lab", "none-such"]) == 1
    assert "do:  run: lab --lab none-such up" in capsys.readouterr().err


def test_an_unknown_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="image jessie: unknown suite"):
        images.recipe("jessie")


def test_the_sources_name_the_region_mirror_in_each_releases_format() -> None:
    path, text = recipe.RECIPES["bookworm"].sources()
    assert path.endswith("sources.list")
    assert text.endswith("http://us-east-1.ec2.archive.lab.test/debian bookworm main\n")
    path, text = recipe.RECIPES["trixie"].sources()
    assert path.endswith("debian.sources")
    assert "URIs: http://us-east-1.ec2.archive.lab.test/debian\nSuites: trixie\n" in text


def test_an_image_is_known_by_all_that_it_is_made_of() -> None:
    digests = {one.digest() for one in recipe.RECIPES.values()}
    assert len(digests) == len(recipe.RECIPES)
    assert recipe.Recipe("trixie", deb822=True, packages=("bash",)).digest() not in digests


def test_a_host_is_started_in_its_namespace_and_control_group(tmp_path: Path) -> None:
    machine = nspawn.Machine("lab-i-1", Disk(tmp_path), "vpclab.lab.i-1", tmp_path / "group")
    command = nspawn.command(machine)
    assert command[:2] == ["/bin/sh", "-c"]
    assert "--net=/run/netns/vpclab.lab.i-1" in command
    assert f"--bind={tmp_path}/docker:/var/lib/docker" in command


def test_the_way_in_passes_bytes_both_ways(tmp_path: Path) -> None:
    """As ssh uses it: stdin to the socket, the socket to stdout, until both have ended."""
    path = tmp_path / "operator.sock"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    asked = []

    def serve() -> None:
        client, _ = server.accept()
        file = client.makefile("rwb")
        asked.append(json.loads(file.readline()))
        file.write(b"{}\n")
        file.flush()
        file.write(file.read().upper())
        file.close()
        client.close()

    thread = threading.Thread(target=serve)
    thread.start()
    script = (
        "import sys; from vpclab import connect; sock, _ = connect.request(sys.argv[1], {'connect': ['host', 22]});"
        "connect._relay(sock)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], input=b"hello", capture_output=True, timeout=20, check=True
    )
    thread.join()
    server.close()
    assert asked == [{"connect": ["host", 22]}]
    assert done.stdout == b"HELLO"


def test_the_way_in_says_when_there_is_no_lab(capsys: pytest.CaptureFixture[str]) -> None:
    assert connect.main(["--lab", "none-such", "::1", "22"]) == 1
    assert "run: lab --lab none-such up" in capsys.readouterr().err
    assert connect.main(["::1"]) == 2


def test_the_way_in_imports_little() -> None:
    """ssh starts it for each connection: neither moto nor the daemon may come with it."""
    script = "import sys, vpclab.connect; print(sorted({'moto', 'boto3', 'cryptography'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "[]"
