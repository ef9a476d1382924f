# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``lab``: images, up, down, status, ssh, ec2, check."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from vpclab import connect, faults
from vpclab.errors import LabError
from vpclab.owner import Lab, chosen
from vpclab.requirements import widen_path

_START = 120.0
"""Seconds a daemon has to start, its images being there."""

_BOOT = 60.0
"""Seconds a host has to make its ssh host key."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    widen_path()
    try:
        return int(options.action(options) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read what is printed has seen enough (`lab status | head`); nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A VPC on one Linux machine.")
    parser.add_argument("--lab", metavar="NAME", help="which lab (default: LAB_NAME, else default)")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, action: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=action)
        # Also after the command, where fingers put it.
        added.add_argument("--lab", metavar="NAME", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        return added

    images = command("images", _images, "build the host images that are not there yet")
    images.add_argument("suite", nargs="*", help="bookworm, trixie, forky (default: all)")
    images.add_argument("--prune", action="store_true", help="delete images of earlier recipes")
    up = command("up", _up, "start a lab: EC2 endpoint, network, Internet")
    up.add_argument("--image", action="append", metavar="SUITE", help="image to have ready (repeatable; default: all)")
    command("down", _down, "take a lab away, also one whose daemon has died")
    status = command("status", _status, "show a lab's hosts")
    status.add_argument("--json", action="store_true", help="as data")
    ssh = command("ssh", _ssh, "enter a host: an instance's Name or id, or internet")
    ssh.add_argument("host")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="command", help="run this instead of a shell")
    ec2 = command("ec2", _ec2, "serve the EC2 endpoint alone: no root, no hosts")
    ec2.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    faults.add_flags(ec2)
    command("check", _check, "say whether this machine can run a lab")
    return parser


def say(text: str) -> None:
    """A line of progress."""
    print(f"lab: {text}", flush=True)


def _images(options: argparse.Namespace) -> None:
    from vpclab import images, requirements

    requirements.check_root()
    requirements.check_packages()
    for suite in options.suite or images.RECIPES:
        images.ensure(suite, say)
    if options.prune:
        images.prune(say)


def _check(options: argparse.Namespace) -> None:
    from vpclab import requirements

    requirements.check_root()
    requirements.check_packages()
    requirements.check_kernel(chosen(options.lab))
    say("this machine can run a lab")


def _up(options: argparse.Namespace) -> None:
    from vpclab import images, requirements, sweep
    from vpclab.hosts.internet import SUITE

    lab = chosen(options.lab)
    requirements.check_root()
    requirements.check_packages()
    with _alone(lab):
        if sweep.daemon_pid(lab) is not None:
            raise LabError(f"lab {lab.name}: is up already", do=f"use it, or run: lab --lab {lab.name} down")
        requirements.check_kernel(lab)
        requirements.raise_limits(say)
        sweep.sweep(lab, say)
        for suite in dict.fromkeys((SUITE, *(options.image or images.RECIPES))):
            images.ensure(suite, say)
        _start(lab)
    say(f"{lab.name} is up")
    say(f"  endpoint  {(lab.run / 'endpoint').read_text(encoding='utf-8').strip()}  (also in {lab.run / 'endpoint'})")
    say(f"  key       {lab.run / 'id_ed25519'}")
    say(f"  log       {lab.log}")


def _start(lab: Lab) -> None:
    """Start the daemon on its own and show its progress until it is ready; take all away when it fails."""
    from vpclab import sweep
    from vpclab.daemon import FAILED, READY

    lab.run.mkdir(parents=True, exist_ok=True)
    lab.disks.mkdir(parents=True, exist_ok=True)
    (lab.run / "progress").write_text("", encoding="utf-8")
    owner = os.environ.get("SUDO_UID", "0")
    command = [sys.executable, "-m", "vpclab.daemon", "--lab", lab.name, "--owner", owner]
    with lab.log.open("ab") as log:
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    lab.pid_file.write_text(f"{daemon.pid}\n", encoding="ascii")
    shown, deadline = 0, time.monotonic() + _START
    while True:
        ended = daemon.poll() is not None
        lines = (lab.run / "progress").read_text(encoding="utf-8").splitlines()
        for line in lines[shown:]:
            if line == READY:
                return
            if line != FAILED:
                say(line)
        shown = len(lines)
        late = time.monotonic() > deadline
        if ended or late:
            break
        time.sleep(0.1)
    kept = _keep_log(lab)
    error = lab.run / "error"
    why = error.read_text(encoding="utf-8") if error.exists() else _tail(kept)
    sweep.stop_daemon(lab, say)
    sweep.sweep(lab, say)
    what = (
        f"lab {lab.name}: did not start in {_START:.0f} s" if late and not ended else f"lab {lab.name}: did not start"
    )
    raise LabError(what, why=why, do=f"read {kept}")


def _keep_log(lab: Lab) -> Path:
    """A failed lab's log, put where taking the lab away does not take it too."""
    kept = Path(f"/var/cache/vpclab/{lab.name}-failed.log")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(lab.log.read_bytes())
    return kept


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def _down(options: argparse.Namespace) -> None:
    from vpclab import requirements, sweep

    requirements.check_root()
    lab = chosen(options.lab)
    with _alone(lab):
        if sweep.daemon_pid(lab) is None and not sweep.leftovers(lab):
            say(f"{lab.name} is not up, nothing to take away")
            return
        sweep.stop_daemon(lab, say)
        sweep.sweep(lab, say)
        say(f"{lab.name} is gone")


@contextmanager
def _alone(lab: Lab) -> Iterator[None]:
    """One command at a time brings a lab up or takes it down; another one waits, and says so."""
    with Path(f"/run/lock/{lab.group}").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command is at work on {lab.name}, waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _ask(lab: Lab, question: dict[str, Any]) -> dict[str, Any]:
    try:
        sock, answer = connect.request(str(lab.operator), question)
    except PermissionError as error:
        raise LabError(
            f"lab {lab.name}: {lab.operator} is not yours", do="use it as the user who ran sudo lab up, or as root"
        ) from error
    except OSError as error:
        raise LabError(f"lab {lab.name}: is not up", why=str(error), do=f"run: lab --lab {lab.name} up") from error
    sock.close()
    return answer


def _status(options: argparse.Namespace) -> None:
    answer = _ask(chosen(options.lab), {"status": True})
    if options.json:
        print(json.dumps(answer, indent=2))
        return
    print(f"lab {answer['lab']}, endpoint {answer['endpoint']}, daemon {answer['pid']}")
    if answer.get("failure"):
        print(f"  the network is not what the endpoint says: {answer['failure']}")
    for host in answer["hosts"]:
        memory = f"{host['memory'] / 2**20:.0f} MiB" if host["memory"] is not None else "-"
        known = f"{host['name'] or '-':<14} {host['id']:<20} {host['state']:<13} {host['image']:<9}"
        print(f"  {known} {memory:>8}  {' '.join(host['addresses'])}")


def _ssh(options: argparse.Namespace) -> NoReturn:
    lab = chosen(options.lab)
    host = _host(lab, options.host)
    command = ["ssh", "-i", str(lab.run / "id_ed25519"), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
    proxy = f"{sys.executable} -m vpclab.connect --lab {lab.name} %h %p"
    command += ["-o", f"ProxyCommand={proxy}", "-o", "LogLevel=ERROR"]
    # The key that lies on the host's own disk, as the daemon sees it, and not one that answers on the network.
    known = f"KnownHostsCommand=/bin/echo {host['addresses'][0]} {host['host_key'].strip()}"
    command += ["-o", known, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes"]
    user = "root" if host["id"] == "internet" else "admin"
    sys.stdout.flush()
    os.execvp("ssh", [*command, f"{user}@{host['addresses'][0]}", *options.words])


def _host(lab: Lab, name: str) -> dict[str, Any]:
    """What the daemon says of a host by its name or id, once it has made its host key."""
    deadline = time.monotonic() + _BOOT
    while True:
        hosts = _ask(lab, {"status": True})["hosts"]
        host = next((one for one in hosts if name in (one["id"], one["name"])), None)
        if host is None:
            names = ", ".join(one["name"] or one["id"] for one in hosts)
            raise LabError(f"{name}: no such host in lab {lab.name}", do=f"use one of: {names}")
        if not host["addresses"]:
            raise LabError(f"{name}: has no IPv6 address", do="give its interface one")
        if host["host_key"]:
            return host
        if host["state"] not in ("pending", "running") or time.monotonic() > deadline:
            raise LabError(
                f"{name}: is {host['state']}, and has made no ssh host key",
                do=f"read {lab.disks}/{host['id']}/console.log",
            )
        time.sleep(0.5)


def _ec2(options: argparse.Namespace) -> None:
    from vpclab.ec2 import Server

    try:
        server = Server(options.port, faults=faults.from_flags(options))
    except faults.BadFaults as error:
        raise LabError("lab ec2: faults that can't be", why=str(error), do="mend the flags") from None
    say(f"EC2 endpoint {server.url}, until interrupted")
    server.run()


if __name__ == "__main__":
    raise SystemExit(main())
