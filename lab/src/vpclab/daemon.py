# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's one process: EC2 endpoint, network, hosts, and what stands on the lab's Internet. Started by ``lab up``.

What it has reached it writes to the run directory's ``progress``, line by line; the last is ``ready`` or ``failed``.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from ipaddress import ip_address
from typing import Any

from vpclab import ec2, images, keys, mirror, namespaces
from vpclab.ec2.route53 import Zones
from vpclab.errors import LabError
from vpclab.fabric.links import INTERNET
from vpclab.hosts import internet
from vpclab.hosts.host import memory
from vpclab.hosts.machines import Builder
from vpclab.operator import Operator
from vpclab.owner import Lab
from vpclab.services import archive, demo, dns, registry, sites, tls, web

log = logging.getLogger(__name__)

READY, FAILED = "ready", "failed"


class _Probe(web.Handler):
    """The page that hosts fetch to see that they reach the Internet: it says whom it saw asking."""

    def do_GET(self) -> None:
        self.reply(200, f"{self.client_address[0]}\n".encode())

    do_HEAD = do_GET


class Daemon:
    """Starts everything in order; ``close`` ends it in the opposite one."""

    def __init__(self, lab: Lab, owner: int) -> None:
        self._lab, self._owner = lab, owner
        self._zones = Zones()
        self._stack = ExitStack()

    def start(self) -> None:
        """Bring the lab up; raises LabError."""
        lab = self._lab
        login, identity = keys.generate(f"lab {lab.name}"), keys.generate("internet")
        self._identity = identity
        certificate = tls.server(sites.REGISTRY_NAME)
        self._file("id_ed25519", login.private, 0o600)
        self._file("id_ed25519.pub", login.public + "\n")
        names = ",".join(("internet", sites.INTERNET_NAME, str(sites.INTERNET_HOST)))
        self._file("known_hosts", f"{names} {identity.public}\n")
        self._file("ca.crt", certificate.authority)
        self._say("network")
        given = {
            "etc/ssh/lab_authorized_keys": login.public + "\n",
            f"etc/docker/certs.d/{sites.REGISTRY_NAME}/ca.crt": certificate.authority,
        }
        self._builder = Builder(lab, given, lambda vpc: partial(self._zones.lookup, vpc=vpc))
        self._stack.callback(self._builder.close)
        self._say("host internet")
        self._internet = internet.InternetHost(lab, identity, login.public)
        self._stack.callback(self._internet.close)
        self._say(f"sites: {', '.join(sites.SITES)}")
        self._sites(certificate)
        self._say("EC2 endpoint")
        server = ec2.serve(0, self._builder, zones=self._zones)
        self._stack.callback(server.close)
        operator = Operator(lab.operator, self._owner, lab.namespace(INTERNET), self._resolve, self._status)
        self._stack.callback(operator.close)
        self._url = server.url
        self._file("endpoint", server.url + "\n")

    def close(self) -> None:
        """End all that was started."""
        self._stack.close()

    def _sites(self, certificate: tls.Server) -> None:
        listen = partial(namespaces.listen, self._lab.namespace(INTERNET))
        upstream = archive.Archive(images.origin(internet.SUITE), mirror.machine_proxies())
        web_image = demo.build(self._internet.busybox())
        self._stack.callback(web.serve(listen(str(sites.INTERNET_HOST), 80), _Probe))
        self._stack.callback(archive.serve(listen(str(sites.ARCHIVE), archive.PORT), upstream))
        stop: Callable[[], None] = registry.serve(
            listen(str(sites.REGISTRY), registry.PORT), certificate, {"demo/web": {"1": web_image, "latest": web_image}}
        )
        self._stack.callback(stop)
        self._stack.callback(dns.serve(self._lab.namespace(INTERNET), [sites.RESOLVER], self._zones.lookup))

    def _resolve(self, name: str) -> str | None:
        try:
            return str(ip_address(name))
        except ValueError:
            pass
        if name == internet.NAME:
            return str(sites.INTERNET_HOST)
        site = sites.resolve(name)
        if site is not None:
            return str(site)
        for host in self._builder.status():
            if name in (host.id, host.name) and host.addresses:
                return host.addresses[0]
        return None

    def _status(self) -> dict[str, Any]:
        hosts = [asdict(host) | {"host_key": self._builder.host_key(host.id)} for host in self._builder.status()]
        outside = {
            "id": internet.NAME,
            "name": internet.NAME,
            "state": "running" if self._internet.leader else "stopped",
            "image": internet.SUITE,
            "addresses": [str(sites.INTERNET_HOST)],
            "pid": self._internet.leader,
            "memory": memory(self._internet.group, self._internet.leader),
            "host_key": self._identity.public,
        }
        return {
            "lab": self._lab.name,
            "endpoint": self._url,
            "pid": os.getpid(),
            "failure": self._builder.failure,
            "hosts": [outside, *hosts],
        }

    def _file(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self._lab.run / name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chown(path, self._owner, -1)

    def _say(self, text: str) -> None:
        say(self._lab, text)


def say(lab: Lab, text: str) -> None:
    """Tell ``lab up`` what is being done."""
    with (lab.run / "progress").open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    log.info("%s", text)


def main() -> int:
    """Run until told to end; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m vpclab.daemon")
    parser.add_argument("--lab", required=True)
    parser.add_argument("--owner", type=int, default=0, help="user id that may use the lab")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    lab = Lab(options.lab)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    daemon = Daemon(lab, options.owner)
    try:
        daemon.start()
        say(lab, READY)
        ending.wait()
    except LabError as error:
        log.exception("the lab can't start")
        (lab.run / "error").write_text(str(error), encoding="utf-8")
        say(lab, FAILED)
        return 1
    except Exception as error:
        log.exception("the lab can't start")
        (lab.run / "error").write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        say(lab, FAILED)
        return 1
    finally:
        daemon.close()
    shutil.rmtree(lab.disks, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
