"""What a tenant's files say of its past: plain values."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from payymo_api.reconciliation.rules.values import Customer, Document, Line


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file and what was made of it; `columns` are field -> its header where that was guessed."""

    name: str
    kind: str
    rows: int
    columns: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """What the billing system says.

    `paid`: documents that were paid in the end; `closed_on`: when, where a day is told.
    `paid_with`: what the bank calls the lines that paid a document.
    """

    documents: Sequence[Document] = ()
    customers: Sequence[Customer] = ()
    closed_on: Mapping[UUID, date] = field(default_factory=dict)
    paid: AbstractSet[UUID] = frozenset()
    paid_with: Mapping[UUID, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that is replayed.

    `known`: bank line -> the documents that it settled, in the order told; none where it is known
    to belong nowhere. A line that is not in it is unknown.
    """

    lines: Sequence[Line]
    books: Books
    known: Mapping[UUID, Sequence[UUID]]
    own_accounts: AbstractSet[str]
    own_names: AbstractSet[str]
    files: Sequence[ReadFile]
    warnings: Sequence[str] = ()
