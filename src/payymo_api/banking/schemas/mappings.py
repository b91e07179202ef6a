"""How the columns of an account's CSV files are read."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from payymo_api.core.fields import Answer, Instant, Name, Request
from payymo_api.core.refs import AccountRef

Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "windows-1250",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
]
Delimiter = Literal[",", ";", "\t", "|"]
DateOrder = Literal["dmy", "mdy", "ymd"]
DecimalMark = Literal[".", ","]
Column = Annotated[
    Name,
    Field(description="The column's header; its number from 1 if that is empty, twice or none."),
]
Words = Annotated[list[Name], Field(max_length=20)]


class CsvMapping(Request):
    """Columns by header. The amount is one signed column, one with a direction beside it, or two.

    What is null is found out from the whole file; a file that leaves it open is refused.
    """

    delimiter: Annotated[Delimiter, Field(examples=[";"])]
    encoding: Annotated[
        Encoding | None, Field(description="null: by byte order mark, UTF-8 or Windows-1252.")
    ] = None
    has_header: Annotated[
        bool, Field(description="false: columns are named by their numbers, from 1.")
    ] = True
    date_order: Annotated[
        DateOrder | None, Field(description="Day, month and year as they stand in a date.")
    ] = None
    decimal: Annotated[DecimalMark | None, Field(description="What stands before the cents.")] = (
        None
    )
    booked_on: Annotated[Column, Field(examples=["Booking date"])]
    value_on: Column | None = None
    amount: Annotated[Column | None, Field(examples=["Amount"])] = None
    inverted: Annotated[
        bool, Field(description="In `amount`, money out is positive (credit cards).")
    ] = False
    direction: Annotated[
        Column | None, Field(description="Tells which way the money of `amount` went.")
    ] = None
    in_words: Annotated[Words, Field(description="What `direction` says of money in.")] = []
    out_words: Annotated[Words, Field(description="What `direction` says of money out.")] = []
    credit: Annotated[Column | None, Field(description="Money in.")] = None
    debit: Annotated[Column | None, Field(description="Money out.")] = None
    debit_is_negative: Annotated[
        bool, Field(description="`debit` has a minus before money out.")
    ] = False
    currency: Annotated[Column | None, Field(description="Of the amount; null: the account's.")] = (
        None
    )
    balance: Annotated[Column | None, Field(description="After each line.")] = None
    description: Annotated[
        list[Column],
        Field(max_length=10, description="Put together in this order.", examples=[["Details"]]),
    ] = []
    reference: Column | None = None
    end_to_end_id: Column | None = None
    counterparty_name: Column | None = None
    counterparty_account: Column | None = None
    bank_id: Annotated[
        Column | None, Field(description="The bank's id of the line; a hint only.")
    ] = None
    account: Annotated[
        Column | None, Field(description="The account's own number, the same on every line.")
    ] = None

    @model_validator(mode="after")
    def _has_an_amount(self) -> Self:
        pair = self.debit or self.credit
        if bool(self.amount) == bool(pair):
            raise ValueError("either amount, or debit and credit")
        if self.direction and not (self.amount and self.in_words and self.out_words):
            raise ValueError("direction needs amount, in_words and out_words")
        return self

    def columns(self) -> dict[str, Column]:
        """Return field -> column, of those that are mapped; `description` by place."""
        found = {name: getattr(self, name) for name in COLUMN_FIELDS}
        found |= {f"description/{at}": each for at, each in enumerate(self.description)}
        return {field: column for field, column in found.items() if column}


COLUMN_FIELDS = (
    "booked_on",
    "value_on",
    "amount",
    "direction",
    "credit",
    "debit",
    "currency",
    "balance",
    "reference",
    "end_to_end_id",
    "counterparty_name",
    "counterparty_account",
    "bank_id",
    "account",
)


class SavedMappingAnswer(Answer):
    """Files with exactly these columns are read so, without a `mapping` in the import."""

    account_id: AccountRef
    columns: Annotated[Sequence[str], Field(description="Of the file it was confirmed for.")]
    mapping: CsvMapping
    updated_at: Instant
