# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are in the API's shape already, written as XML by botocore's model.

moto looks for each member of an answer under half a dozen names, which takes it half a millisecond an interface, and a
millisecond an instance: with hundreds of them that is all that the endpoint does. Here each shape is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, cast
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape
from moto.core.responses import ActionContext, ActionResult

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15"
_Writer = Callable[[Any, list[str]], None]
_writers: dict[str, _Writer] = {}


class Plain(ActionResult):
    """An answer as a mapping whose members bear the names of the API; None is left out, no other name may be there."""

    def execute_result(self, context: ActionContext) -> tuple[int, dict[str, str], str]:
        """The answer's status, headers and body."""
        shape, name = context.operation_model.output_shape, f"{context.operation_model.name}Response"
        parts = [f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{_NAMESPACE}">']
        _writer(shape)(self.result, parts)
        parts.append(f"<requestId>lab</requestId></{name}>")
        return 200, {"Content-Type": "text/xml"}, "".join(parts)


def _writer(shape: Shape) -> _Writer:
    """What writes a value of this shape; a shape is known by its name."""
    if shape.name not in _writers:
        _writers[shape.name] = _made(shape)
    return _writers[shape.name]


def _made(shape: Shape) -> _Writer:
    if isinstance(shape, StructureShape):
        return _structure(shape)
    if isinstance(shape, ListShape):
        return _list(shape)
    return _LEAVES.get(shape.type_name, _text)


def _structure(shape: StructureShape) -> _Writer:
    @cache
    def member(key: str) -> tuple[str, str, _Writer]:
        part = cast(Shape, shape.members[key])
        name = part.serialization.get("name", key)
        return f"<{name}>", f"</{name}>", _writer(part)

    def write(value: dict[str, Any], parts: list[str]) -> None:
        for key, held in value.items():
            if held is not None:
                begin, end, inner = member(key)
                parts.append(begin)
                inner(held, parts)
                parts.append(end)

    return write


def _list(shape: ListShape) -> _Writer:
    name = shape.member.serialization.get("name", "item")
    begin, end, inner = f"<{name}>", f"</{name}>", _writer(shape.member)

    def write(value: list[Any], parts: list[str]) -> None:
        for item in value:
            parts.append(begin)
            inner(item, parts)
            parts.append(end)

    return write


def _text(value: Any, parts: list[str]) -> None:
    parts.append(escape(str(value)))


def _boolean(value: bool, parts: list[str]) -> None:
    parts.append("true" if value else "false")


def _timestamp(value: datetime, parts: list[str]) -> None:
    parts.append(value.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


_LEAVES: dict[str, _Writer] = {"boolean": _boolean, "timestamp": _timestamp}
