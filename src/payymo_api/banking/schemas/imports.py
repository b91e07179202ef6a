"""Statement files: what is asked of them, and what came of them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.core.fields import AmountOut, Answer, Day, Instant, Paging
from payymo_api.core.refs import AccountFilter, AccountRef, KeyRef, RunRef

FileFormat = Literal["camt", "mt940", "ofx", "csv"]


class FileWarning(Answer):
    code: Annotated[str, Field(examples=["balance_mismatch"])]
    detail: str


class FlaggedLine(Answer):
    """A line on a day that two sources tell, which only one of them has."""

    booked_on: Day
    amount: AmountOut
    amount_minor: int
    currency: str
    description: str
    reason: Annotated[
        Literal["not_in_feed", "not_in_other_file", "not_in_file"],
        Field(
            description="`not_in_feed`, `not_in_other_file`: this file has it, the feed or a file "
            "of another format has not; `not_in_file`: they have it, this file has not."
        ),
    ]


class AccountImport(Answer):
    """What came of a file in one account."""

    account_id: AccountRef
    run_id: RunRef
    statements: int
    read: Annotated[int, Field(description="Lines in the file.")]
    added: int
    modified: Annotated[int, Field(description="Lines that the file tells more of.")]
    paired: Annotated[int, Field(description="Lines that the feed, or another file, had told.")]
    duplicates: Annotated[int, Field(description="Lines that were imported before.")]
    flagged_count: int
    flagged: Annotated[Sequence[FlaggedLine], Field(description="The first 500.")]
    warnings: Sequence[FileWarning]
    same_file_as: Annotated[
        RunRef | None, Field(description="The first import of the very same bytes.")
    ]


class ImportAnswer(Answer):
    """What was read from the file, per account that it names."""

    format: FileFormat
    read: int
    added: int
    imports: Sequence[AccountImport]


class ImportFilters(Paging):
    account_id: Annotated[AccountFilter | None, Field(description="Of this account.")] = None


class ImportRecord(AccountImport):
    """An import as it was kept; its id is that of its run."""

    id: RunRef
    format: FileFormat
    file_name: str | None
    digest: Annotated[str, Field(description="SHA-256 of the file, in hexadecimal.")]
    imported_at: Instant
    key_id: Annotated[KeyRef | None, Field(description="null: by the operator.")]


class PreviewColumn(Answer):
    name: Annotated[str, Field(description="As a mapping names it.")]
    samples: Annotated[Sequence[str], Field(description="Of the first rows.")]


class PreviewReason(Answer):
    """Why a field of the mapping was guessed so."""

    field: Annotated[str, Field(examples=["booked_on"])]
    column: str
    confidence: Literal["certain", "likely", "unsure"]
    detail: str


class PreviewQuestion(Answer):
    """What the file leaves open: `choices` are values for the mapping's `field`."""

    field: Annotated[str, Field(examples=["date_order"])]
    detail: str
    choices: Sequence[str]


class PreviewLine(Answer):
    booked_on: Day | None
    value_on: Day | None
    amount: AmountOut
    currency: Annotated[
        str | None, Field(description="null: the account's, which the file does not name.")
    ]
    description: str
    reference: str | None
    counterparty_name: str | None
    counterparty_account: str | None


class PreviewAnswer(Answer):
    """How the file would be read; nothing of it is stored."""

    format: FileFormat
    account_id: Annotated[
        AccountRef | None, Field(description="Where it would go; null: name it in the import.")
    ]
    mapping: Annotated[CsvMapping | None, Field(description="For CSV: check it, then send it.")]
    mapping_source: Annotated[
        Literal["given", "saved", "guessed"] | None,
        Field(description="`guessed`: an import needs it confirmed."),
    ]
    columns: Annotated[Sequence[PreviewColumn], Field(description="Of a CSV file.")]
    reasons: Sequence[PreviewReason]
    questions: Sequence[PreviewQuestion]
    read: Annotated[int, Field(description="Lines that can be read.")]
    lines: Annotated[Sequence[PreviewLine], Field(description="The first 20.")]
    warnings: Sequence[FileWarning]
    problems: Annotated[
        Sequence[str], Field(description="The first 20 reasons why an import would be refused.")
    ]
