# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json: others' keys stay, ours come and go, clashes are refused."""

from __future__ import annotations

import json
from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.daemon import (
    Merged,
    action,
    begins_to_outlive,
    refuse_while_outliving,
    restore,
)
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.daemon import merge as merge_for
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.engine import Engine, settings
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError

PREFIX = IPv6Network("2001:db8::8/126")
DOCKER0 = settings(Engine(28, 5, 2), "default_bridge", PREFIX, "br-pub6")
ROUTED = settings(Engine(28, 5, 2), "routed", PREFIX, "br-pub6")
OLD_ROUTED = settings(Engine(26, 1, 5), "routed", PREFIX, "br-pub6")

#: The engine that settings are of; what differs by it alone is in test_keys.
NEWEST = Engine(28, 5, 2)


NOTHING_YET = Merged(None, {}, {}, None)


def merge(text, last, user, wanted, prefix=PREFIX):
    return merge_for(text, last.managed, last.replaced, user, wanted, prefix, NEWEST)


def restored(text, original, last):
    return restore(text, original, last.managed, last.replaced)


def keys(merged):
    return json.loads(merged.text)


def test_a_host_without_the_file():
    merged = merge(None, NOTHING_YET, {"log-driver": "journald"}, DOCKER0, PREFIX)
    assert keys(merged) == {**DOCKER0.daemon, "log-driver": "journald"}
    assert merged.managed == keys(merged)


def test_no_file_is_made_for_nothing():
    assert merge(None, NOTHING_YET, {}, ROUTED, PREFIX).text is None


def test_others_keys_stay_and_the_file_is_not_rewritten_without_need():
    text = '{"debug":true,\n"ip6tables":false}'
    assert merge(text, NOTHING_YET, {}, OLD_ROUTED, PREFIX).text == text
    assert keys(merge(text, NOTHING_YET, {"mtu": 1500}, OLD_ROUTED, PREFIX)) == {
        "debug": True,
        "ip6tables": False,
        "mtu": 1500,
    }


def test_from_docker0_to_routed_our_keys_go_and_others_stay():
    first = merge('{"debug": true}', NOTHING_YET, {"mtu": 1500}, DOCKER0, PREFIX)
    second = merge(first.text, first, {}, ROUTED, PREFIX)
    assert keys(second) == {"debug": True}
    assert second.managed == {}
    assert second.left == PREFIX


def test_another_prefix_on_docker0():
    first = merge(None, NOTHING_YET, {}, DOCKER0, PREFIX)
    other = IPv6Network("2001:db8::c/126")
    second = merge(first.text, first, {}, settings(Engine(28, 5, 2), "default_bridge", other, "x"), other)
    assert keys(second)["fixed-cidr-v6"] == str(other)
    assert second.left == PREFIX


def test_a_second_time_changes_nothing():
    first = merge('{"debug": true}', NOTHING_YET, {"mtu": 1500}, DOCKER0, PREFIX)
    second = merge(first.text, first, {"mtu": 1500}, DOCKER0, PREFIX)
    assert second.text == first.text
    assert second.left is None


def test_a_users_key_wins_over_what_the_file_had():
    assert keys(merge('{"mtu": 9000}', NOTHING_YET, {"mtu": 1500}, ROUTED, PREFIX)) == {"mtu": 1500}


def test_a_number_is_no_boolean_and_is_mended_by_what_the_user_says():
    assert keys(merge('{"debug": 1}', NOTHING_YET, {"debug": True}, ROUTED, PREFIX))["debug"] is True
    assert action('{"debug": 1}', '{"debug": true}') == "reload"


class TestAKeyThatWasThereBefore:
    """A user's own key, written over or asked for as well, is the user's again when we need it no more."""

    @pytest.mark.parametrize("asked", [True, False])
    def test_it_comes_back(self, asked):
        text = '{"debug": true, "log-level": "warn"}'
        first = merge(text, NOTHING_YET, {"debug": asked}, ROUTED)
        assert keys(first)["debug"] is asked
        second = merge(first.text, first, {"debug": asked}, ROUTED)
        assert second == first
        third = merge(second.text, second, {}, ROUTED)
        assert keys(third) == json.loads(text)
        assert not third.managed
        assert not third.replaced
        assert json.loads(restored(third.text, text, third)) == json.loads(text)

    def test_also_from_docker0_to_routed(self):
        text = '{"ipv6": true, "ip6tables": false}'
        docker0 = settings(Engine(26, 1, 5), "default_bridge", PREFIX, "br-pub6")
        first = merge(text, NOTHING_YET, {}, docker0)
        assert keys(merge(first.text, first, {}, OLD_ROUTED)) == json.loads(text)

    def test_another_value_of_ours_does_not_take_its_place(self):
        first = merge('{"mtu": 9000}', NOTHING_YET, {"mtu": 1500}, ROUTED)
        second = merge(first.text, first, {"mtu": 1400}, ROUTED)
        assert keys(merge(second.text, second, {}, ROUTED)) == {"mtu": 9000}

    @pytest.mark.parametrize(("edited", "expected"), [('{"mtu": 1300}', {"mtu": 1300}), ("{}", {})])
    def test_not_if_somebody_changed_it_or_took_it_out_since(self, edited, expected):
        first = merge('{"mtu": 9000}', NOTHING_YET, {"mtu": 1500}, ROUTED)
        assert json.loads(merge(edited, first, {}, ROUTED).text) == expected
        again = merge(edited, first, {"mtu": 1500}, ROUTED)
        assert json.loads(merge(again.text, again, {}, ROUTED).text or "{}") == expected

    def test_what_comes_back_is_looked_at_and_named_as_what_it_was(self):
        first = merge('{"iptables": false}', NOTHING_YET, {"iptables": True}, ROUTED)
        with pytest.raises(PlanError) as caught:
            merge(first.text, first, {}, ROUTED)
        where = "/etc/docker/daemon.json as it was before docker_daemon_config: iptables"
        assert str(caught.value).startswith(f"{where}: must not be false")


@pytest.mark.parametrize(
    ("text", "user", "wanted", "message"),
    [
        ("{", {}, ROUTED, "/etc/docker/daemon.json: must be JSON"),
        ("[1]", {}, ROUTED, "/etc/docker/daemon.json: must be a JSON object, got [1]"),
        (None, {"ip6tables": True}, DOCKER0, "docker_daemon_config: ip6tables: must be false, or left out"),
        ('{"ip6tables": true}', {}, OLD_ROUTED, "/etc/docker/daemon.json: ip6tables: must be false, or left out"),
        (None, {"ip6tables": False}, ROUTED, "docker_daemon_config: ip6tables: must not be false"),
        ('{"fixed-cidr-v6": "2001:db8::/64"}', {}, ROUTED, "fixed-cidr-v6: must not overlap the containers' prefix"),
        ('{"fixed-cidr-v6": "2001:db8::/64"}', {}, DOCKER0, 'fixed-cidr-v6: must be "2001:db8::8/126", or left out'),
        (None, {"bridge": "none"}, DOCKER0, "docker_daemon_config: bridge: must be left out"),
    ],
)
def test_clashes_are_refused(text, user, wanted, message):
    with pytest.raises(PlanError) as caught:
        merge(text, NOTHING_YET, user, wanted, PREFIX)
    assert message in str(caught.value)


def test_docker0_may_have_a_prefix_of_its_own_beside_the_routed_network():
    text = '{"ipv6": true, "fixed-cidr-v6": "fd00::/80"}'
    assert merge(text, NOTHING_YET, {}, ROUTED, PREFIX).text == text


class TestAction:
    """What a running daemon needs; nothing that stops containers without need."""

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ('{"debug": true}', '{"debug":true}\n', "nothing"),
            (None, '{"registry-mirrors": ["https://mirror.example"]}', "reload"),
            ('{"debug": true}', '{"debug": false, "live-restore": true}', "reload"),
            ('{"debug": true}', None, "restart"),
            (None, '{"debug": true, "ip6tables": false}', "restart"),
        ],
    )
    def test_a_signal_where_it_is_enough(self, before, after, expected):
        assert action(before, after) == expected

    def test_containers_that_are_to_outlive_the_restart_are_told_before(self):
        assert begins_to_outlive(None, '{"live-restore": true, "ip6tables": false}')
        assert not begins_to_outlive('{"live-restore": true}', '{"live-restore": true, "ip6tables": false}')

    def test_what_running_containers_would_keep_as_it_was_is_refused(self):
        with pytest.raises(PlanError) as caught:
            refuse_while_outliving('{"live-restore": true}', '{"live-restore": true, "ip6tables": false}', 2)
        rule = "must not change while live-restore keeps containers running; stop them first (2 run), got false"
        assert str(caught.value) == f"/etc/docker/daemon.json: ip6tables: {rule}"
        refuse_while_outliving('{"live-restore": true}', '{"live-restore": true, "ip6tables": false}', 0)
        refuse_while_outliving('{"live-restore": true}', '{"live-restore": true, "mtu": 1500}', 2)


class TestRestore:
    @pytest.mark.parametrize("original", [None, "", "{}", '{"debug":true,\n"mtu": 9000}'])
    def test_the_original_comes_back_byte_for_byte(self, original):
        merged = merge(original, NOTHING_YET, {"mtu": 1500}, DOCKER0, PREFIX)
        assert restored(merged.text, original, merged) == original

    def test_what_others_changed_since_stays(self):
        original = '{"debug": true, "mtu": 9000}'
        merged = merge(original, NOTHING_YET, {"mtu": 1500}, DOCKER0, PREFIX)
        edited = json.dumps({**keys(merged), "debug": False, "log-driver": "journald"})
        expected = {"debug": False, "mtu": 9000, "log-driver": "journald"}
        assert json.loads(restored(edited, original, merged)) == expected

    def test_a_key_of_ours_that_was_edited_is_theirs(self):
        merged = merge(None, NOTHING_YET, {"mtu": 1500}, ROUTED, PREFIX)
        assert json.loads(restored('{"mtu": 1400}', None, merged)) == {"mtu": 1400}

    @pytest.mark.parametrize("text", ['{"log-level":"warn"}', "{}"])
    def test_a_file_that_came_after_us_and_has_nothing_of_ours_stays_as_it_is(self, text):
        assert restored(text, None, NOTHING_YET) == text

    def test_a_file_that_is_no_json_is_not_touched(self):
        with pytest.raises(PlanError, match=r"/etc/docker/daemon.json: must be JSON"):
            restored("{", None, NOTHING_YET)
