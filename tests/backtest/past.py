"""Small pasts: bank lines, invoices, and who paid what."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from payymo_api.backtest.past import Books, Past
from payymo_api.reconciliation.rules.values import Document, Line

FIRST = date(2026, 3, 2)


def name(text: str) -> UUID:
    return uuid5(NAMESPACE_OID, text)


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def bank_line(day: int, amount: int, text: str, **more: Any) -> Line:  # noqa: ANN401  its fields
    id = name(f"{day} {amount} {text}")
    return Line(id, amount, "EUR", on(day), (text,), **more)


def invoice(number: str, amount: int, day: int = 0, **more: Any) -> Document:  # noqa: ANN401  its fields
    fields: dict[str, Any] = {
        "kind": "invoice",
        "currency": "EUR",
        "open": amount,
        "issued_on": on(day),
    }
    return Document(id=name(number), number=number, amount=amount, **fields | more)


def past(
    lines: Sequence[Line],
    documents: Sequence[Document],
    known: Mapping[Line, Sequence[Document]] | None = None,
    closed_on: Mapping[str, date] | None = None,
) -> Past:
    closed = {name(number): day for number, day in (closed_on or {}).items()}
    return Past(
        lines=lines,
        books=Books(documents, (), closed, frozenset(closed)),
        known={
            line.id: [document.id for document in settled]
            for line, settled in (known or {}).items()
        },
        own_accounts=frozenset(),
        own_names=frozenset(),
        files=(),
    )
