# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared container may say to Docker, and what is refused before one is touched."""

from __future__ import annotations

import pytest
from ansible_collections.ipv6.aws_containers.plugins.module_utils._docker import options
from ansible_collections.ipv6.aws_containers.plugins.module_utils._plan.errors import PlanError, Problems

TEST = {"test": ["CMD", "true"]}


def read(**item):
    problems = Problems()
    found = options.read(problems, "c", item)
    problems.raise_if_any()
    return found


@pytest.mark.parametrize(
    "given",
    [
        {"command": "serve --verbose"},
        {"command": ["serve", "--verbose"]},
        {"entrypoint": ["/bin/serve"]},
        {"env": {"A": "b"}},
        {"healthcheck": {"test": "wget -q localhost", "interval": "1m30s", "timeout": "500ms", "retries": 3}},
        {"healthcheck": {"test": ["CMD-SHELL", "true"], "start_period": "10s", "start_interval": "1s"}},
        {"healthcheck": {"test": ["NONE"]}},
        {"hostname": "web-1", "user": "www:www", "working_dir": "/srv"},
        {"restart_policy": "on-failure"},
        {"volumes": ["/data", "data:/data", "/here:/there:ro"]},
    ],
)
def test_what_is_sound_goes_on_as_it_is(given):
    assert read(**given) == {"restart_policy": "unless-stopped", **given}


def test_numbers_and_booleans_are_texts_where_docker_wants_texts():
    assert read(env={"A": True, "B": 1, "C": 1.5})["env"] == {"A": "true", "B": "1", "C": "1.5"}
    assert read(user=1000, command=["sleep", 5]) == {
        "restart_policy": "unless-stopped",
        "user": "1000",
        "command": ["sleep", "5"],
    }


def test_a_bare_no_is_read_by_yaml_as_false_and_meant_all_the_same():
    assert read(restart_policy=False)["restart_policy"] == "no"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"command": {"a": 1}}, "c.command: must be a text, or a list of texts, got {'a': 1}"),
        ({"command": ["a", None]}, "c.command[1]: must be a text, got None"),
        ({"entrypoint": "/bin/serve"}, "c.entrypoint: must be a list of texts, got '/bin/serve'"),
        ({"healthcheck": True}, "c.healthcheck: must be a dictionary with a test, got True"),
        (
            {"healthcheck": {**TEST, "intervall": "1s"}},
            "c.healthcheck.intervall: must be one of test, retries, interval",
        ),
        (
            {"healthcheck": {**TEST, "interval": 10}},
            "c.healthcheck.interval: must be a duration such as 30s or 1m30s, got 10",
        ),
        ({"healthcheck": {**TEST, "timeout": "soon"}}, "c.healthcheck.timeout: must be a duration such as"),
        ({"healthcheck": {**TEST, "timeout": ""}}, "c.healthcheck.timeout: must be a duration such as"),
        ({"healthcheck": {**TEST, "retries": 0}}, "c.healthcheck.retries: must be a number from 1 on, got 0"),
        ({"healthcheck": {**TEST, "retries": True}}, "c.healthcheck.retries: must be a number from 1 on, got True"),
        ({"healthcheck": {}}, "c.healthcheck.test: must be a shell's command line, or a list that begins with"),
        ({"healthcheck": {"test": ["wget"]}}, "c.healthcheck.test[0]: must be one of CMD, CMD-SHELL, NONE, got 'wget'"),
        (
            {"healthcheck": {"test": ["CMD"]}},
            "c.healthcheck.test: must be [NONE] alone, or have a command, got ['CMD']",
        ),
        ({"hostname": ["web"]}, "c.hostname: must be a text, got ['web']"),
        (
            {"restart_policy": "sometimes"},
            "c.restart_policy: must be one of always, no, on-failure, unless-stopped, got 'so",
        ),
        ({"restart_policy": True}, "c.restart_policy: must be one of always, no, on-failure, unless-stopped, got True"),
        ({"volumes": "data:/data"}, "c.volumes: must be a list of texts, got 'data:/data'"),
        ({"volumes": ["a:b:c:d"]}, "c.volumes[0]: must be a volume such as"),
        ({"working_dir": "srv"}, "c.working_dir: must be an absolute path, got 'srv'"),
    ],
)
def test_path_rule_and_value(given, message):
    with pytest.raises(PlanError) as error:
        read(**given)
    assert str(error.value).startswith(message)


class Derived(list):
    """Ansible's values are of types of its own."""


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("SECRET=x", "c.env: must be a dictionary, got a text"),
        (Derived(["SECRET=x"]), "c.env: must be a dictionary, got a list"),
        ({"A": ["SECRET"]}, "c.env.A: must be a text, a number or a boolean, got a list"),
        ({"A": None}, "c.env.A: must be a text, a number or a boolean, got nothing"),
        ({"A=SECRET": "x"}, "c.env: must have names without =, got another"),
    ],
)
def test_no_problem_shows_what_is_in_an_environment(env, message):
    with pytest.raises(PlanError) as error:
        read(env=env)
    assert str(error.value) == message
