# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json: others' keys stay, ours come and go, clashes are refused."""

from __future__ import annotations

import json
from ipaddress import IPv6Network

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker.daemon import (
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


def merge(text, managed, user, wanted, prefix, engine=NEWEST):
    return merge_for(text, managed, user, wanted, prefix, engine)


def keys(merged):
    return json.loads(merged.text)


def test_a_host_without_the_file():
    merged = merge(None, {}, {"log-driver": "journald"}, DOCKER0, PREFIX)
    assert keys(merged) == {**DOCKER0.daemon, "log-driver": "journald"}
    assert merged.managed == keys(merged)


def test_no_file_is_made_for_nothing():
    assert merge(None, {}, {}, ROUTED, PREFIX).text is None


def test_others_keys_stay_and_the_file_is_not_rewritten_without_need():
    text = '{"debug":true,\n"ip6tables":false}'
    assert merge(text, {}, {}, OLD_ROUTED, PREFIX).text == text
    assert keys(merge(text, {}, {"mtu": 1500}, OLD_ROUTED, PREFIX)) == {"debug": True, "ip6tables": False, "mtu": 1500}


def test_from_docker0_to_routed_our_keys_go_and_others_stay():
    first = merge('{"debug": true}', {}, {"mtu": 1500}, DOCKER0, PREFIX)
    second = merge(first.text, first.managed, {}, ROUTED, PREFIX)
    assert keys(second) == {"debug": True}
    assert second.managed == {}
    assert second.left == PREFIX


def test_another_prefix_on_docker0():
    first = merge(None, {}, {}, DOCKER0, PREFIX)
    other = IPv6Network("2001:db8::c/126")
    second = merge(first.text, first.managed, {}, settings(Engine(28, 5, 2), "default_bridge", other, "x"), other)
    assert keys(second)["fixed-cidr-v6"] == str(other)
    assert second.left == PREFIX


def test_a_second_time_changes_nothing():
    first = merge('{"debug": true}', {}, {"mtu": 1500}, DOCKER0, PREFIX)
    second = merge(first.text, first.managed, {"mtu": 1500}, DOCKER0, PREFIX)
    assert second.text == first.text
    assert second.left is None


def test_a_users_key_wins_over_what_the_file_had():
    assert keys(merge('{"mtu": 9000}', {}, {"mtu": 1500}, ROUTED, PREFIX)) == {"mtu": 1500}


def test_a_number_is_no_boolean_and_is_mended_by_what_the_user_says():
    assert keys(merge('{"debug": 1}', {}, {"debug": True}, ROUTED, PREFIX))["debug"] is True
    assert action('{"debug": 1}', '{"debug": true}') == "reload"


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
        merge(text, {}, user, wanted, PREFIX)
    assert message in str(caught.value)


def test_docker0_may_have_a_prefix_of_its_own_beside_the_routed_network():
    text = '{"ipv6": true, "fixed-cidr-v6": "fd00::/80"}'
    assert merge(text, {}, {}, ROUTED, PREFIX).text == text


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
        merged = merge(original, {}, {"mtu": 1500}, DOCKER0, PREFIX)
        assert restore(merged.text, original, merged.managed) == original

    def test_what_others_changed_since_stays(self):
        original = '{"debug": true, "mtu": 9000}'
        merged = merge(original, {}, {"mtu": 1500}, DOCKER0, PREFIX)
        edited = json.dumps({**keys(merged), "debug": False, "log-driver": "journald"})
        expected = {"debug": False, "mtu": 9000, "log-driver": "journald"}
        assert json.loads(restore(edited, original, merged.managed)) == expected

    def test_a_key_of_ours_that_was_edited_is_theirs(self):
        merged = merge(None, {}, {"mtu": 1500}, ROUTED, PREFIX)
        assert json.loads(restore('{"mtu": 1400}', None, merged.managed)) == {"mtu": 1400}

    def test_a_file_that_is_no_json_is_not_touched(self):
        with pytest.raises(PlanError, match=r"/etc/docker/daemon.json: must be JSON"):
            restore("{", None, {})
