# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host's daemon.json has been through: what the user has in it is the user's."""

from __future__ import annotations

import json
from ipaddress import IPv6Network

from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import daemon, record
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.engine import Engine, settings
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError
from hypothesis import given
from hypothesis import strategies as st

PREFIX = IPv6Network("2001:db8::8/126")
ENGINE = Engine(26, 1, 5)
VALUES = {
    "debug": st.booleans(),
    "mtu": st.sampled_from([1400, 1500, 9000]),
    "log-opts": st.sampled_from([{}, {"max-size": "1m"}]),
    # What docker0 needs to be true and false: the other value is refused there.
    "ipv6": st.booleans(),
    "ip6tables": st.booleans(),
}
FILE = st.fixed_dictionaries({}, optional=VALUES)
STEP = st.one_of(
    st.tuples(
        st.just("edit"), st.sampled_from(sorted(VALUES)).flatmap(lambda key: st.tuples(st.just(key), VALUES[key]))
    ),
    st.tuples(st.just("take out"), st.sampled_from(sorted(VALUES))),
    st.tuples(st.just("apply"), st.tuples(FILE, st.sampled_from(["routed", "default_bridge"]))),
    st.tuples(st.just("absent"), st.none()),
)


class Host:
    """A file and the role's record, beside ``own``: what the user would have in the file without the role."""

    def __init__(self, text, path):
        self.text, self.path = text, path
        self.path.unlink(missing_ok=True)
        self.own = self.seen = daemon.parse(text)
        #: Whether the user has written to the file since the role first came.
        self.edited = False

    def edit(self, key_and_value):
        self._write({**daemon.parse(self.text), **dict([key_and_value])})

    def take_out(self, key):
        self._write({name: value for name, value in daemon.parse(self.text).items() if name != key})

    def _write(self, content):
        if content != daemon.parse(self.text):
            self.text, self.edited = json.dumps(content), True

    def look(self):
        """What the user has done since the role last wrote: what it can't see, as a value put back, was not done."""
        now = daemon.parse(self.text)
        kept = {key: value for key, value in self.own.items() if key in now or key not in self.seen}
        changed = {key: value for key, value in now.items() if key not in self.seen or self.seen[key] != value}
        self.own, self.seen = {**kept, **changed}, now

    def apply(self, config_and_network):
        config, network = config_and_network
        wanted = settings(ENGINE, network, PREFIX, "br-pub6")
        known = record.read(str(self.path))
        last = (known.managed, known.replaced) if known else ({}, {})
        try:
            merged = daemon.merge(self.text, *last, config, wanted, PREFIX, ENGINE)
        except PlanError:
            return
        self.look()
        self.edited = self.edited and known is not None
        kept = record.follow(known, self.text, merged.managed, merged.replaced, [], (), None)
        self.path.write_text(kept.text())
        self.text = merged.text
        self.seen = daemon.parse(self.text)
        assert self.seen == {**self.own, **config, **wanted.daemon}
        again = daemon.merge(self.text, kept.managed, kept.replaced, config, wanted, PREFIX, ENGINE)
        assert (again.text, again.managed, again.replaced) == (merged.text, merged.managed, merged.replaced)

    def absent(self, _nothing=None):
        known = record.read(str(self.path))
        if known is None:
            return
        self.look()
        self.text = daemon.restore(self.text, known.original, known.managed, known.replaced)
        self.seen = daemon.parse(self.text)
        assert self.seen == self.own
        assert self.edited or self.text == known.original
        self.path.unlink()


@given(original=st.one_of(st.none(), FILE.map(json.dumps)), steps=st.lists(STEP, max_size=12))
def test_the_users_keys_are_kept_through_everything(tmp_path_factory, original, steps):
    host = Host(original, tmp_path_factory.getbasetemp() / "record-of-a-history")
    for name, what in steps:
        getattr(host, name.replace(" ", "_"))(what)
    host.absent()
    host.look()
    assert daemon.parse(host.text) == host.own
