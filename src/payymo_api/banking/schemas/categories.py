from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from payymo_api.banking.rules.categories import Flow
from payymo_api.banking.rules.categorising import CategorySource, TextMatch, words
from payymo_api.core.fields import (
    AmountOut,
    Answer,
    Code,
    Currency,
    Day,
    Iban,
    Instant,
    Name,
    Request,
)
from payymo_api.core.refs import AccountRef, ApplicationRef, MemoryRef, RuleRef, TransactionRef

Direction = Literal["in", "out"]
Size = Annotated[int, Field(ge=0, le=10**15 - 1)]
CategoryCode = Annotated[
    Code, Field(examples=["software.subscriptions"], description="A default or one of your own.")
]
CONDITIONS = (
    "text",
    "counterparty_name",
    "counterparty_iban",
    "min_amount_minor",
    "max_amount_minor",
    "currency",
    "account_id",
    "direction",
)


def _says_something(text: str) -> str:
    if not words(text):
        raise ValueError("a text to look for has letters or digits")
    return text


Sought = Annotated[Name, AfterValidator(_says_something)]


class CategoryAnswer(Answer):
    code: Annotated[str, Field(examples=["office.supplies"], description="Stable.")]
    parent: Annotated[str | None, Field(examples=["office"])]
    name: Annotated[str, Field(examples=["Supplies"])]
    direction: Annotated[Flow, Field(description="Which way its money usually goes.")]


class CategoriesAnswer(Answer):
    data: Sequence[CategoryAnswer]


class RuleRequest(Request):
    """All conditions that are given must hold, and there is at least one.

    Texts are compared as words: letters and digits in any case, everything else counts as a space.
    """

    category: CategoryCode
    name: Annotated[Name | None, Field(description="For people.", examples=["Design tools"])] = None
    priority: Annotated[
        int, Field(ge=0, le=10_000, description="The least decides; of equals, the older rule.")
    ] = 100
    enabled: bool = True
    text: Annotated[
        Sought | None,
        Field(description="Looked for in description and reference.", examples=["figma"]),
    ] = None
    text_match: Annotated[
        TextMatch,
        Field(description="`words`: only whole words; `starts_with`: description or reference do."),
    ] = "contains"
    counterparty_name: Annotated[
        Sought | None, Field(description="Part of the counterparty's name.", examples=["Figma Inc"])
    ] = None
    counterparty_iban: Annotated[Iban | None, Field(examples=["DE89370400440532013000"])] = None
    min_amount_minor: Annotated[
        Size | None, Field(description="Least amount, without sign; needs `currency`.")
    ] = None
    max_amount_minor: Annotated[
        Size | None,
        Field(description="Greatest amount, without sign; needs `currency`.", examples=[10000]),
    ] = None
    currency: Annotated[Currency | None, Field(validate_default=True)] = None
    account_id: Annotated[AccountRef | None, Field(description="Only this account's lines.")] = None
    direction: Annotated[Direction | None, Field(description="Money in or money out.")] = None

    @field_validator("max_amount_minor")
    @classmethod
    def _is_not_below(cls, most: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min_amount_minor")
        if most is not None and least is not None and least > most:
            raise ValueError("it is below min_amount_minor")
        return most

    @field_validator("currency")
    @classmethod
    def _is_named(cls, currency: str | None, info: ValidationInfo) -> str | None:
        amounts = (info.data.get("min_amount_minor"), info.data.get("max_amount_minor"))
        if currency is None and amounts != (None, None):
            raise ValueError("an amount needs its currency")
        return currency

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if all(getattr(self, name) is None for name in CONDITIONS):
            raise ValueError("a rule has at least one condition")
        return self


class RuleAnswer(Answer):
    id: RuleRef
    category: str
    name: str | None
    priority: int
    enabled: bool
    text: str | None
    text_match: TextMatch
    counterparty_name: str | None
    counterparty_iban: str | None
    min_amount_minor: int | None
    max_amount_minor: int | None
    currency: str | None
    account_id: AccountRef | None
    direction: Direction | None
    created_at: Instant
    updated_at: Instant


class PreviewRequest(RuleRequest):
    lines: Annotated[
        int, Field(ge=0, le=100, description="How many lines to show at the most.")
    ] = 20


class PreviewLine(Answer):
    transaction_id: TransactionRef
    booked_on: Day
    amount: AmountOut
    amount_minor: int
    currency: str
    description: str
    merchant: str | None
    category: Annotated[str | None, Field(description="The category that it has now.")]
    category_source: CategorySource | None


class PreviewAnswer(Answer):
    """What would change if the rule were there; nothing does."""

    count: Annotated[int, Field(description="Lines that would change, of those looked at.")]
    looked_at: int
    is_complete: Annotated[
        bool, Field(description="false: there are older lines that nobody has looked at.")
    ]
    lines: Annotated[Sequence[PreviewLine], Field(description="The newest of them.")]


class ApplicationAnswer(Answer):
    """A walk over the past by the rules as they stand."""

    id: ApplicationRef
    status: Literal["queued", "running", "succeeded"]
    checked: Annotated[int, Field(description="Lines looked at so far.")]
    changed: Annotated[int, Field(description="Lines whose category or merchant is another now.")]
    created_at: Instant
    ended_at: Instant | None


class CategorisedNews(Answer):
    """`data` of `transactions.categorised`."""

    application_id: ApplicationRef
    checked: int
    changed: int


class MemoryAnswer(Answer):
    """A category that later lines of this counterparty get, because a user chose it for one."""

    id: MemoryRef
    known_by: Literal["iban", "merchant"]
    value: Annotated[str, Field(examples=["corner cafe"], description="IBAN or merchant.")]
    direction: Direction
    category: str
    created_at: Instant
    updated_at: Instant
