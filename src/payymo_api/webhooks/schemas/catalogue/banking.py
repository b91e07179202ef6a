"""Bank connections and the lines that they bring."""

from typing import Any, Final

from payymo_api.banking.schemas.categories import CategorisedNews
from payymo_api.banking.schemas.connections import ConnectionAnswer
from payymo_api.banking.schemas.transactions import ImportedNews, TransactionNews
from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from payymo_api.webhooks.schemas.catalogue.samples import (
    MADE_AND_CHANGED,
    MONEY,
    sample_id,
    total,
)

_CONNECTION: Final[dict[str, Any]] = {
    "id": sample_id("bc"),
    "provider": "gocardless",
    "status": "active",
    "institution": {
        "id": "ALBION_ALBNGB2L",
        "name": "Albion Bank",
        "bic": "ALBNGB2L",
        "logo_url": "https://cdn.example.com/albion.png",
    },
    "reference": "main",
    "redirect_url": "https://app.example.com/banks/done",
    "history_days": 90,
    "authorization_url": None,
    "expires_at": "2027-02-21T09:30:00Z",
    "days_left": 90,
    "accounts": [
        {
            "id": sample_id("bacc"),
            "name": "Business Current",
            "iban": "GB33BUKB20201555555555",
            "currency": "GBP",
            "status": "active",
            "last_synced_at": "2026-11-23T09:30:00Z",
        }
    ],
    "last_synced_at": "2026-11-23T09:30:00Z",
    "next_sync_at": "2026-11-23T15:30:00Z",
    "error": None,
    **MADE_AND_CHANGED,
}
_BEGUN: Final[dict[str, Any]] = {
    "status": "pending",
    "authorization_url": "https://bank.example.com/consent/1",
    "expires_at": None,
    "days_left": None,
    "accounts": [],
    "last_synced_at": None,
    "next_sync_at": None,
}
_EXPIRED: Final[dict[str, Any]] = {
    "status": "expired",
    "expires_at": "2026-11-23T09:30:00Z",
    "days_left": 0,
    "next_sync_at": None,
    "error": {
        "code": "consent_expired",
        "title": "The consent has ended",
        "detail": "The consent has ended on 2026-11-23.",
        "next_step": "Let the account holder consent again: POST …/reauthorize.",
    },
}
_LINE: Final[dict[str, Any]] = {
    "id": sample_id("tr"),
    "account_id": sample_id("bacc"),
    "connection_id": sample_id("bc"),
    "status": "booked",
    **MONEY,
    "booked_on": "2026-11-23",
    "value_on": "2026-11-23",
    "booked_at": None,
    "description": "INV-7 Thank you",
    "reference": "INV-7",
    "end_to_end_id": None,
    "counterparty": {"name": "Northwind Ltd", "iban": "GB94BARC10201530093459"},
    "merchant": None,
    "category": "income.sales",
    "category_source": "rule",
    "transfer_of": None,
    "note": None,
    "match_state": "unmatched",
    "settled_minor": 0,
    "raw": None,
    **MADE_AND_CHANGED,
    "transaction_id": sample_id("tr"),
    "date": "2026-11-23",
}
_LATER: Final = {"updated_at": "2026-11-23T16:45:00Z"}


def _line(name: str, description: str, **fields: object) -> EventType:
    return EventType(name, description, TransactionNews, _LINE | fields, object="transaction_id")


def _connection(name: str, description: str, **fields: object) -> EventType:
    return EventType(name, description, ConnectionAnswer, _CONNECTION | fields)


TYPES: Final = (
    _connection("bank_connection.created", "A consent at a bank was begun.", **_BEGUN),
    _connection("bank_connection.updated", "A bank connection changed its status."),
    _connection(
        "bank_connection.expired",
        "A consent has ended; the account holder consents again.",
        **_EXPIRED,
    ),
    _connection(
        "bank_connection.expiring",
        "A consent ends in 14, 7 or 1 days: once for each, unless a later one has come.",
        expires_at="2026-11-30T09:30:00Z",
        days_left=7,
    ),
    _line("transaction.created", "A bank account has a new line."),
    _line(
        "transaction.updated",
        "The bank changed a line, or its category, note or merchant is another.",
        category="income.services",
        category_source="user",
        **_LATER,
    ),
    _line("transaction.removed", "The bank took a line back.", status="pending", **_LATER),
    EventType(
        "transactions.imported",
        "Many lines came at once (first reading of an account, statement file): the summary in "
        "place of an event per line. Endpoints with `each_line` get the lines instead.",
        ImportedNews,
        {
            "account_id": sample_id("bacc"),
            "count": 3,
            "date_from": "2026-08-25",
            "date_to": "2026-11-23",
            "currencies": [
                {
                    "currency": "GBP",
                    "count": 3,
                    "money_in": total("300.00"),
                    "money_out": total("-99.50"),
                    "net": total("200.50"),
                }
            ],
        },
        object="account_id",
    ),
    EventType(
        "transactions.categorised",
        "Category rules were applied to the past: the summary in place of `transaction.updated` "
        "for each line. Endpoints with `each_line` get the lines instead.",
        CategorisedNews,
        {"application_id": sample_id("rap"), "checked": 9120, "changed": 812},
        object="application_id",
    ),
)
