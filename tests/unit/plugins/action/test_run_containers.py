# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers are run one by one, and none of an environment's values comes back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ipv6.aws_containers.plugins.action import run_containers

SECRET = "s3cr3t"
WEB = {"name": "web", "image": "demo/web:1", "env": {"TOKEN": SECRET}}


class Controller(run_containers.ActionModule):
    """The action on a host whose module answers by the container's name."""

    def __init__(self, answers, listed, state="run"):
        self._task = SimpleNamespace(args={"containers": listed, "state": state}, async_val=0, check_mode=False)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        self.answers, self.sent = answers, []

    def validate_argument_spec(self, argument_spec):
        return None, self._task.args

    def _execute_module(self, module_name=None, module_args=None, task_vars=None):
        self.sent.append((module_name, module_args["name"], task_vars["ansible_no_target_syslog"]))
        return dict(self.answers[module_args["name"]])

    def _remove_tmp_path(self, path):
        pass


@pytest.fixture(autouse=True)
def base(monkeypatch):
    monkeypatch.setattr(run_containers.ActionBase, "run", lambda self, tmp, task_vars: {})


def difference(before, after):
    return {"before": {"env": before, "image": "a"}, "after": {"env": after, "image": "b"}}


def test_what_the_module_says_of_the_environment_is_left_out():
    said = {
        "changed": True,
        "container": {"Config": {"Env": [f"TOKEN={SECRET}"]}},
        "invocation": {"module_args": WEB},
        "actions": [{"created": "web", "create_parameters": {"Env": [f"TOKEN={SECRET}"]}}],
        "diff": difference([f"TOKEN={SECRET}", "SAME=1", f"GONE={SECRET}"], [f"TOKEN=new-{SECRET}", "SAME=1"]),
    }
    result = Controller({"web": said}, [WEB]).run()
    assert SECRET not in str(result)
    assert result["changed"]
    (diff,) = result["diff"]
    assert diff["before_header"] == "web"
    assert diff["before"] == {"env": {"GONE": "(hidden)", "SAME": "(hidden)", "TOKEN": "(hidden)"}, "image": "a"}
    assert diff["after"] == {"env": {"SAME": "(hidden)", "TOKEN": "(hidden, another than before)"}, "image": "b"}


@pytest.mark.parametrize("before", [None, {"TOKEN": SECRET}, [f"TOKEN={SECRET}"], f"TOKEN={SECRET}"])
def test_in_whichever_form_it_comes(before):
    said = {"changed": True, "diff": {"before": {"env": before}, "after": {"env": {"TOKEN": SECRET + "2"}}}}
    result = Controller({"web": said}, [WEB]).run()
    assert SECRET not in str(result)
    assert "TOKEN" in result["diff"][0]["after"]["env"]


def test_each_is_tried_and_all_that_failed_are_told():
    answers = {
        "web": {"failed": True, "msg": "no such image", "invocation": {"module_args": WEB}},
        "two": {"changed": True},
        "three": {"failed": True, "msg": "address in use"},
    }
    controller = Controller(answers, [{**WEB, "name": name} for name in answers])
    result = controller.run()
    assert result["failed"]
    assert result["msg"] == "containers[web]: no such image\ncontainers[three]: address in use"
    assert result["changed"]
    assert [name for _module, name, _quiet in controller.sent] == ["web", "two", "three"]


def test_nothing_changes_where_nothing_did():
    controller = Controller({"web": {"changed": False, "diff": {"before": {}, "after": {}}}}, [WEB])
    assert controller.run() == {"changed": False, "containers": {"web": {"changed": False}}}


def test_the_hosts_journal_is_not_told_of_the_options():
    controller = Controller({"web": {"changed": False}}, [WEB])
    controller.run()
    assert controller.sent == [("community.docker.docker_container", "web", True)]


class Images(Controller):
    """The action on a host whose modules answer by the image's name."""

    def __init__(self, answers, listed):
        super().__init__(answers, listed, state="imaged")

    def _execute_module(self, module_name=None, module_args=None, task_vars=None):
        self.sent.append((module_name, module_args))
        (image,) = module_args["name"] if isinstance(module_args["name"], list) else [module_args["name"]]
        return dict(self.answers[image])


def test_images_are_pulled_each_once_and_where_they_are_not():
    listed = [{"name": "web", "image": "demo/web:1"}, {"name": "two", "image": "demo/web:1"}]
    controller = Images({"demo/web:1": {"changed": True, "image": {"Config": {}}}}, listed)
    assert controller.run() == {"changed": True, "containers": {"web": {"changed": True}}}
    assert controller.sent == [
        ("community.docker.docker_image_pull", {"name": "demo/web:1", "pull": "not_present"}),
    ]


def test_every_image_that_is_not_to_be_had_is_named():
    known, unknown = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    listed = [
        {"name": name, "image": image}
        for name, image in (("web", "demo/wbe:1"), ("two", unknown), ("three", known), ("four", "demo/web:1"))
    ]
    answers = {
        "demo/wbe:1": {"failed": True, "msg": "manifest unknown"},
        unknown: {"changed": False, "images": []},
        known: {"changed": False, "images": [{"Id": known}]},
        "demo/web:1": {"changed": False},
    }
    controller = Images(answers, listed)
    rule = "must be on the host, or in a registry that answers"
    assert controller.run()["msg"] == (
        f"containers[web].image: {rule}: manifest unknown, got demo/wbe:1\n"
        f"containers[two].image: {rule}: the host has no image of this id, got {unknown}"
    )
    assert len(controller.sent) == 4
