from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant, Paging
from payymo_api.core.refs import CustomerFilter, CustomerRef, FactRef, TransactionRef

FactKind = Literal["payer_account", "payer_name", "not_this"]


class FactFilters(Paging):
    kind: Annotated[FactKind | None, Field(description="What kind of fact.")] = None
    customer_id: Annotated[
        CustomerFilter | None, Field(description="Only what speaks of this customer.")
    ] = None


class FactAnswer(Answer):
    """What a decision has taught.

    `payer_account`, `payer_name`: this account, or one of this name, paid for the customer; with
    `customer_id` null, its money belongs to none of your documents.
    `not_this`: the transaction does not belong to the document; somebody took them apart.
    """

    id: FactRef
    kind: FactKind
    key: Annotated[
        str | None,
        Field(
            examples=["DE89370400440532013000"],
            description="The payer's IBAN, or its name in capitals; null for `not_this`.",
        ),
    ]
    customer_id: CustomerRef | None
    transaction_id: TransactionRef | None
    document_id: Annotated[str | None, Field(examples=["inv_06ghq1m2dpuh5c9s2rcmo3g8d4"])]
    confirmations: Annotated[int, Field(description="Matches that stand and say so.")]
    contradictions: Annotated[int, Field(description="Times that somebody said otherwise.")]
    created_at: Instant
    last_at: Annotated[Instant, Field(description="When it was learned last.")]


class WordsAnswer(Answer):
    """Of how many lines the words were counted."""

    words: Annotated[int, Field(description="Different words that were seen.")]
    matched: Annotated[int, Field(description="Lines that were matched.")]
    nowhere: Annotated[int, Field(description="Lines that somebody ignored.")]
