"""The rows of a data set, in the form that the matching engine is measured on."""

import gzip
import json
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Self

from benchmarks.matching.life import Booked
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Customer, Document, Draft, Part, Payout, money

NAMES = (
    "tenants", "customers", "invoices", "stripe_payouts", "fx_rates", "history", "transactions",
    "truth",
)  # fmt: skip


class Files:
    """Writes rows as they come; the same rows give the same bytes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stack = ExitStack()
        self._open: dict[str, IO[str]] = {}

    def __enter__(self) -> Self:
        for name in NAMES:
            raw = self._stack.enter_context((self._folder / f"{name}.jsonl.gz").open("wb"))
            packed = gzip.GzipFile("", "wb", 6, raw, mtime=0)
            self._open[name] = self._stack.enter_context(TextIOWrapper(packed, encoding="utf-8"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, name: str, row: dict[str, Any]) -> None:
        self._open[name].write(json.dumps(row, ensure_ascii=False) + "\n")


def tenant_row(tenant: Tenant) -> dict[str, Any]:
    first, second = tenant.accounts
    accounts = [
        {"id": f"acc_{tenant.short}_{at}", "iban": number, "currency": tenant.currency}
        for at, number in ((1, first), (2, second))
    ]
    return {
        "id": tenant.id,
        "name": tenant.name,
        "profile": tenant.profile,
        "accounts": [each | {"bank": tenant.bank.name} for each in accounts],
    }


def customer_row(tenant: str, customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "tenant_id": tenant,
        "number": customer.number,
        "name": customer.name,
        "trading_name": customer.trading_name,
        "country": customer.country,
        "is_person": customer.is_person,
        "iban": customer.payer.iban if customer.known else None,
        "currency": customer.currency,
    }


def document_row(tenant: str, document: Document) -> dict[str, Any]:
    terms = document.discount
    return {
        "id": document.id,
        "tenant_id": tenant,
        "kind": document.kind,
        "number": document.number,
        "customer_id": document.customer.id,
        "customer_name": document.customer.name,
        "issue_date": document.issued.isoformat(),
        "due_date": document.due.isoformat(),
        "currency": document.currency,
        "amount": money(document.amount),
        "amount_open": money(document.shown_open),
        "creditor_reference": document.reference,
        "po_number": document.po,
        "collection_method": document.method,
        "collection_date": document.collection.isoformat() if document.collection else None,
        "discount": {"percent": terms[0], "days": terms[1]} if terms else None,
    }


def payout_row(tenant: str, payout: Payout) -> dict[str, Any]:
    return {
        "id": payout.id,
        "object": "payout",
        "tenant_id": tenant,
        "amount": payout.amount,
        "currency": payout.currency.lower(),
        "created": payout.created.isoformat(),
        "arrival_date": payout.arrival.isoformat(),
        "status": "paid",
        "automatic": True,
        "statement_descriptor": payout.descriptor,
        "trace_id": payout.trace,
        "balance_transactions": payout.entries,
    }


def line_row(tenant: Tenant, booked: Booked) -> dict[str, Any]:
    return {
        "id": booked.id,
        "tenant_id": tenant.id,
        "account_id": f"acc_{tenant.short}_1",
        "bank": tenant.bank.name,
        "received_on": booked.day.isoformat(),
        "transaction": booked.line,
    }


def confirmed(draft: Draft) -> dict[str, Any]:
    """Return what a user said of a line of the past."""
    return {
        "case_family": "match" if draft.parts else "none",
        "customer_id": _customer(draft),
        "allocations": allocations(draft),
    }


def truth_row(tenant: Tenant, booked: Booked) -> dict[str, Any]:
    draft = booked.draft
    return {
        "transaction_id": booked.id,
        "tenant_id": tenant.id,
        "case": draft.case,
        "resolvable": booked.resolvable,
        "customer_id": _customer(draft),
        "amount": money(draft.amount),
        "currency": draft.currency,
        "allocations": allocations(draft),
        "evidence": {
            "reference": draft.evidence.reference,
            "payer": draft.evidence.payer,
            "amount": draft.evidence.amount,
            "note": draft.evidence.note,
        },
    }


def _customer(draft: Draft) -> str | None:
    return draft.customer.id if draft.customer else None


def allocations(draft: Draft) -> list[dict[str, Any]]:
    if not draft.parts:
        return [{"type": "none", "kind": draft.case, **draft.none_extra}]
    return [_allocation(part) for part in draft.parts]


def _allocation(part: Part) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": part.type,
        "id": part.id,
        "amount": money(part.amount),
        "kind": part.kind,
    }
    if part.write_off:
        row["write_off"] = money(part.write_off)
    if part.invoice_amount is not None and part.document:
        row["invoice_amount"] = money(part.invoice_amount)
        row["invoice_currency"] = part.document.currency
    return row
