"""The types of request and response fields: strict at the door, exact on the way out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from schwifty import IBAN, registry
from schwifty.exceptions import SchwiftyException

from payymo_api.core.clock import rfc3339
from payymo_api.core.money import CURRENCIES, InvalidAmount, Money, minor_units
from payymo_api.core.page import Page

_NOTHING = UUID(int=0)
_SAMPLE = UUID("01a207c2-3cd6-735f-ad63-f117f59f14a2")


class Request(BaseModel):
    """What a caller sends: nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, value: object) -> object:
        """FastAPI reads attributes too: a Decimal has some, and would pass for an empty object."""
        if isinstance(value, Decimal):
            raise ValueError("an object is needed here")  # noqa: TRY004  pydantic reports these
        return value


class Filters(BaseModel):
    """Query parameters (text on the wire, so read leniently): nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Paging(Filters):
    limit: Annotated[int, Field(ge=1, le=200, description="How many at the most.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=1000, description="`next_cursor` of the page before.")
    ] = None


class Answer(BaseModel):
    """What we send: every field always there."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT")


class Listing(Answer, Generic[ItemT]):
    """One page of a list."""

    data: Sequence[ItemT]
    has_more: bool
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[RowT], answer: Callable[[RowT], ItemT]) -> Self:
        return cls(
            data=[answer(row) for row in page.rows],
            has_more=page.next_cursor is not None,
            next_cursor=page.next_cursor,
        )


@dataclass(frozen=True, slots=True)
class PlainListing:
    """A Listing whose items are JSON already: see `banking.service.listing`."""

    data: Sequence[Mapping[str, Any] | orjson.Fragment]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        return self.next_cursor is not None


def storable(text: str) -> str:
    """PostgreSQL's text holds no NUL, and UTF-8 no lone surrogate."""
    if "\x00" in text or re.search("[\ud800-\udfff]", text):
        raise ValueError("text may not hold NUL or lone surrogates")
    return text


Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(storable)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(storable)]


def _iso_day(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            raise ValueError("a date is written YYYY-MM-DD")
        return date.fromisoformat(value)
    return value


Day = Annotated[
    date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date"})
]
"""A calendar day as the bank or the biller says it; never shifted by a time zone."""


def _rfc3339(value: object) -> object:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time names its offset, such as Z")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("in UTC, this is not in the years 1 to 9999") from None
    return value


Instant = Annotated[
    datetime,
    BeforeValidator(_rfc3339),
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not an ISO 4217 currency")
    return code


Currency = Annotated[
    str,
    AfterValidator(_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["GBP"]}),
]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$"),
    AfterValidator(storable),
]


registry.get_iban_spec("GB")  # reads files; now, and not while the first request waits


def _iban(text: str) -> str:
    try:
        return str(IBAN(text))
    except SchwiftyException as error:
        raise ValueError("not an IBAN: its length or check digits are wrong") from error


Iban = Annotated[
    str, StringConstraints(max_length=50), AfterValidator(storable), AfterValidator(_iban)
]
"""Checked by ISO 13616 (length and check digits of the country), kept without spaces."""

Metadata = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=40)], Text],
    Field(max_length=50),
]

AmountOut = Annotated[Decimal, WithJsonSchema({"type": "number", "examples": [100.50]})]
"""Decimal with exactly the currency's decimals; `edge.json` writes it as a JSON number."""


def _decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("an amount is a number or a decimal string")  # noqa: TRY004  pydantic reports ValueErrors
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,15}(\.\d{1,4})?", value, re.ASCII):
        raise ValueError("a decimal string looks like 100.50")
    return Decimal(value)


AmountIn = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,4})?$"},
            ],
            "examples": ["100.50"],
        }
    ),
]
MinorIn = Annotated[int, Field(ge=-(10**15) + 1, le=10**15 - 1)]
Sign = Literal["positive", "any"]


def read_amount(amount: Decimal | None, minor: int | None, currency: str) -> Money:
    """Return the money of a body's `amount` or `amount_minor`; ValueError when both or neither."""
    if amount is not None and minor is not None:
        if minor_units(amount, currency) != minor:
            raise InvalidAmount("amount and amount_minor differ")
        return Money(minor, currency)
    if minor is not None:
        return Money(minor, currency)
    if amount is None:
        raise InvalidAmount("amount or amount_minor is missing")
    return Money.of(amount, currency)


def money_fields(money: Money) -> dict[str, Any]:
    """Return the three fields that every amount has in an answer."""
    return {
        "amount": money.decimal(),
        "amount_minor": money.minor,
        "currency": money.currency,
    }
