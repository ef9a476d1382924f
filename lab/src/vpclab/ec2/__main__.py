# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m vpclab.ec2 --port N``: the endpoint alone, without hosts."""

from __future__ import annotations

import argparse
import contextlib

from vpclab import faults
from vpclab.ec2.server import Server


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="vpclab.ec2", description="An EC2 endpoint without hosts, on the loopback address."
    )
    parser.add_argument("--port", type=int, default=0, help="the port to listen on (default: any free one)")
    faults.add_flags(parser)
    options = parser.parse_args()
    try:
        server = Server(options.port, faults=faults.from_flags(options))
    except faults.BadFaults as error:
        parser.error(str(error))
    print(server.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


if __name__ == "__main__":
    main()
