"""Filters on an event's `data`: conditions that must all hold. Numbers are exact, never float."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_MISSING: Final = object()
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """`field`: a path of names through objects, dots between. `value`: what `operator` takes."""

    field: str
    operator: str
    value: Any


def fits(operator: str, value: object) -> bool:
    """Tell whether the operator takes this value."""
    match operator:
        case "in":
            return isinstance(value, list) and all(_kind(each) != "other" for each in value)
        case "exists":
            return isinstance(value, bool)
        case "eq" | "ne":
            return _kind(value) != "other"
        case _:
            return _kind(value) in {"number", "string"}


def matches(conditions: Sequence[Condition], data: Mapping[str, Any]) -> bool:
    return all(_holds(condition, _found(data, condition.field)) for condition in conditions)


def _found(data: Any, path: str) -> Any:  # noqa: ANN401  JSON is anything
    """Follow the path through objects; a list on it is the end of it."""
    for name in path.split("."):
        if not isinstance(data, Mapping) or name not in data:
            return _MISSING
        data = data[name]
    return data


def _holds(condition: Condition, found: Any) -> bool:  # noqa: ANN401  JSON is anything
    """A field that is missing, or of another type than the value, is unequal and nothing else."""
    value = condition.value
    match condition.operator:
        case "eq":
            return _equal(found, value)
        case "ne":
            return not _equal(found, value)
        case "in":
            return any(_equal(found, each) for each in value)
        case "exists":
            return (found is not _MISSING) is value
        case name:
            return _alike(found, value, _ORDERS[name])


def _equal(found: Any, value: Any) -> bool:  # noqa: ANN401  JSON is anything
    return _alike(found, value, operator.eq)


def _alike(found: Any, value: Any, compare: Callable[[Any, Any], bool]) -> bool:  # noqa: ANN401  JSON is anything
    return _kind(found) == _kind(value) != "other" and compare(found, value)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():  # before int, of which it is one
            return "boolean"
        case int() | Decimal():
            return "number"
        case str():
            return "string"
        case _:
            return "other"
