"""Expansion: an id in an answer becomes the object, and some lists appear, where asked for."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Wire, parameter

_DEEPEST = 4

Included = Callable[[Merchant, Wire], Any]
INCLUDABLE: dict[tuple[str, str], Included] = {}
"""(kind, field) that is in an answer only where it is asked for -> how it is made."""


def includable(kind: str, field: str) -> Callable[[Included], Included]:
    def register(make: Included) -> Included:
        INCLUDABLE[kind, field] = make
        return make

    return register


def expanded(merchant: Merchant, wire: Wire, paths: Sequence[str]) -> Wire:
    if not paths:
        return wire
    told = copy.deepcopy(wire)
    for path in paths:
        steps = path.split(".")
        if len(steps) > _DEEPEST + (steps[0] == "data"):
            raise parameter("expand", f"You can expand at most {_DEEPEST} levels: {path}")
        _expand(merchant, told, steps, path)
    return told


def _expand(merchant: Merchant, node: Any, steps: Sequence[str], path: str) -> None:  # noqa: ANN401  any JSON value
    """Put objects in the place of ids, in whatever `node` is."""
    for each in node if isinstance(node, list) else [node]:
        if steps and isinstance(each, dict) and not each.get("deleted"):
            each[steps[0]] = _resolved(merchant, each, steps[0], path)
            _expand(merchant, each[steps[0]], steps[1:], path)


def _resolved(merchant: Merchant, node: Wire, name: str, path: str) -> Any:  # noqa: ANN401  any JSON
    include = INCLUDABLE.get((str(node.get("object")), name))
    value = include(merchant, node) if include and name not in node else node.get(name)
    known = name in node or include is not None
    if not known or name == "id" or (isinstance(value, str) and value not in merchant.objects):
        raise parameter("expand", f"This property cannot be expanded ({path}).")
    if isinstance(value, list):
        return [_looked_up(merchant, item) for item in value]
    return _looked_up(merchant, value)


def _looked_up(merchant: Merchant, item: Any) -> Any:  # noqa: ANN401  any JSON
    """The object of an id; what is none stays."""
    known = isinstance(item, str) and item in merchant.objects
    return copy.deepcopy(merchant.objects[item] if known else item)


def listed(rows: list[Wire], url: str) -> Wire:
    """A whole list inside another object."""
    return {"object": "list", "data": rows, "has_more": False, "url": url}
