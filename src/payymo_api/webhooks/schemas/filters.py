"""The filter of an endpoint: what a condition may be at the door."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from payymo_api.core.fields import Request, storable
from payymo_api.edge import exact
from payymo_api.webhooks.rules import filters

_MOST_VALUES, _LONGEST_TEXT = 100, 500
_MOST_DIGITS = 18  # before the point and after it: what 64 bits hold, so that all can write it
_TAKEN = {
    "eq": "a text, a number, true, false or null",
    "ne": "a text, a number, true, false or null",
    "in": f"a list of 1 to {_MOST_VALUES} such values",
    "exists": "true or false",
}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}


def _bounded(value: object) -> object:
    """Keep numbers short enough to be written out, and text to be compared."""
    if isinstance(value, list) and not 1 <= len(value) <= _MOST_VALUES:
        raise ValueError(f"a list to compare with has 1 to {_MOST_VALUES} values")
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and len(storable(each)) > _LONGEST_TEXT:
            raise ValueError(f"a text to compare with has at most {_LONGEST_TEXT} characters")
        if isinstance(each, Decimal | int) and not _is_short(Decimal(each)):
            raise ValueError(
                f"a number to compare with has at most {_MOST_DIGITS} digits before the point and "
                f"{_MOST_DIGITS} after it"
            )
    return value


def _is_short(number: Decimal) -> bool:
    exponent = int(number.as_tuple().exponent)
    return number.adjusted() < _MOST_DIGITS and -_MOST_DIGITS <= exponent < _MOST_DIGITS


Path = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9_]{1,60}(\.[a-z0-9_]{1,60}){0,9}$"),
    Field(
        description="A name in the event's `data`; dots lead into objects.",
        examples=["amount_minor"],
    ),
]
Value = Annotated[
    Any,
    AfterValidator(_bounded),
    WithJsonSchema(
        {
            "anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "maxItems": _MOST_VALUES}],
            "examples": [10000],
        }
    ),
]


class FilterCondition(Request):
    """One thing that must hold of an event's `data` for it to be sent."""

    field: Path
    operator: Annotated[
        Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "exists"],
        Field(
            description="`gt` and its like compare numbers, or texts by their characters (dates). "
            "A field that is not there, or of another type than `value`, is not equal to it, "
            "and nothing else."
        ),
    ]
    value: Annotated[
        Value, Field(description="For `in` a list; for `exists` true or false; else one value.")
    ]

    @field_validator("value")
    @classmethod
    def _fits_the_operator(cls, value: object, known: ValidationInfo) -> object:
        operator = known.data.get("operator")
        if operator is not None and not filters.fits(operator, value):
            raise ValueError(f"{operator} takes {_TAKEN.get(operator, 'a number or a text')}")
        return value


def _read(stored: object) -> object:
    return exact.parse(stored.encode()) if isinstance(stored, str) else stored


Filter = Annotated[
    list[FilterCondition],
    Field(max_length=20, description="Only events of which all this holds are sent."),
]
StoredFilter = Annotated[Filter, BeforeValidator(_read)]
"""Read from a row, where it is JSON text."""


def stored(conditions: list[FilterCondition]) -> str:
    return exact.dump_plain([each.model_dump() for each in conditions]).decode()
