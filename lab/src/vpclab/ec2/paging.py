# Copyright: Contributors to the ipv6.aws_containers project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of describe calls: stateless tokens, so that a deletion between two pages loses nothing and repeats nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from vpclab.ec2.refusal import Refusal, invalid

Item = TypeVar("Item")


def page(
    items: Iterable[Item],
    key: Callable[[Item], str],
    *,
    token: str | None,
    max_results: int | None,
    smallest: int = 5,
    largest: int = 1000,
) -> tuple[list[Item], str | None]:
    """One page of ``items`` in the order of ``key`` and the token of the next page, None after the last.

    Without ``max_results`` a page holds ``largest`` items: EC2 may paginate whether it was asked to or not.
    """
    if max_results is not None and not smallest <= max_results <= largest:
        raise invalid(
            f"Value ( {max_results} ) for parameter maxResults is invalid. Expecting {smallest} to {largest}."
        )
    ordered = sorted(items, key=key)
    if token is not None:
        last = _decode(token)
        ordered = [item for item in ordered if key(item) > last]
    size = largest if max_results is None else max_results
    shown = ordered[:size]
    return shown, _encode(key(shown[-1])) if len(ordered) > size else None


def refuse_ids_with_limit(params: dict[str, Any], ids: str) -> None:
    """Refuse a call which names resources and asks for pages, as EC2 does."""
    if params.get(ids) and params.get("MaxResults") is not None:
        name = ids[0].lower() + ids[1:]
        raise Refusal(
            "InvalidParameterCombination", f"The parameter {name} cannot be used with the parameter maxResults"
        )


def _encode(last: str) -> str:
    return urlsafe_b64encode(f"after:{last}".encode()).decode()


def _decode(token: str) -> str:
    try:
        mark, _, last = urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError:
        mark, last = "", ""
    if mark != "after":
        raise Refusal("InvalidNextToken", f"The token '{token}' is invalid")
    return last
