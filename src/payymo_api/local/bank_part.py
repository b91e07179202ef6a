"""The first part of the story: a bank and a statement file tell what invoices are paid."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from payymo_api.local.client import Client, browse, until
from payymo_api.local.errors import CannotStart
from payymo_api.local.results import Story

_BANK = "ALBION_ALBNGB2L"
_STATEMENT = Path(__file__).resolve().parents[3] / "examples" / "statement.camt053.xml"


@dataclass(frozen=True, slots=True)
class _Debt:
    """An invoice of the demo, and how its payer words the payment (None: the statement has it)."""

    number: str
    customer: str
    amount: str
    paid_as: str | None = None


_DEBTS = (
    _Debt("INV-2026-0201", "Meridian Foods Ltd", "1840.00", "INV-2026-0201"),
    _Debt("INV-2026-0202", "Atelier Moreau SARL", "320.50", "facture inv 2026 0202 merci"),
    _Debt("INV-2026-0203", "J. Whitfield", "75.25", "RE: INV20260203 / WHITFIELD"),
    _Debt("INV-2026-0101", "Harbour Lights Ltd", "1200.00"),
    _Debt("INV-2026-0102", "Alder and Finch Joinery", "480.50"),
    _Debt("INV-2026-0105", "Ines Marlow", "96.00"),
    _Debt("INV-2026-0999", "Bluebell Bicycles", "640.00"),
)
_UNPAID = {"INV-2026-0999"}
_RETURNED = {"INV-2026-0105"}  # paid, and the bank took the payment back two days later


class Bank:
    """The sandbox's bank: all tenants of a run see the same, and a line is booked once."""

    def __init__(self, sandbox_url: str) -> None:
        self._control = f"{sandbox_url}/sandbox/gocardless"

    def book(self, id: str, amount: str, payer: str, text: str, *, day: int = 0) -> None:
        """Book money from `payer`, `day` days from today, as GoCardless tells it."""
        accounts = httpx.get(f"{self._control}/bank_accounts", trust_env=False).json()
        iban = next(each["iban"] for each in accounts if each["institution_id"] == _BANK)
        line = {
            "transactionId": f"DEMO{id}",
            "bookingDate": day_from_today(day),
            "valueDate": day_from_today(day),
            "transactionAmount": {"amount": amount, "currency": "GBP"},
            "debtorName": payer,
            "remittanceInformationUnstructured": text,
        }
        lines = f"{self._control}/accounts/{iban}/transactions"
        body = {"key": id, "transaction": line}
        httpx.post(lines, json=body, trust_env=False).raise_for_status()


class BankPart:
    def __init__(self, client: Client, bank: Bank, story: Story) -> None:
        self._client, self._bank, self._story = client, bank, story

    def bill(self) -> None:
        customers = [
            {"external_id": debt.customer, "name": debt.customer, "country": "GB"}
            for debt in _DEBTS
        ]
        invoices = [
            {
                "external_id": debt.number,
                "number": debt.number,
                "customer_external_id": debt.customer,
                "issued_on": day_from_today(-30),
                "due_on": day_from_today(0),
                "amount": debt.amount,
                "currency": "GBP",
            }
            for debt in _DEBTS
        ]
        self._story.customers = self._batch("/customers/batch", customers)
        self._story.invoices = self._batch("/invoices/batch", invoices)

    def _batch(self, path: str, rows: list[dict[str, Any]]) -> int:
        answer = self._client.post(path, json={"rows": rows})
        return sum(row["status"] == "created" for row in answer["results"])

    def connect(self, redirect_url: str, history_days: int) -> str:
        """The bank's customers pay; then its user consents, as a browser would.

        Return the connection's id.
        """
        for debt in _DEBTS:
            if debt.paid_as:
                self._bank.book(debt.number, debt.amount, debt.customer, debt.paid_as, day=-1)
        self._story.bank = self._client.get(f"/institutions/{_BANK}")["name"]
        body = {
            "institution_id": _BANK,
            "redirect_url": redirect_url,
            "history_days": history_days,
        }
        connection = self._client.post("/bank_connections", json=body)
        browse(f"{connection['authorization_url']}?approve=1")
        id = str(connection["id"])
        self._wait_for_lines(f"/bank_connections/{id}")
        return id

    def _wait_for_lines(self, path: str) -> None:
        until(
            lambda: self._client.get(path)["status"] == "active",
            "The consent did not connect the bank.",
        )
        until(
            lambda: all(each["last_synced_at"] for each in self._client.get(path)["accounts"]),
            "The bank was not synced.",
        )
        self._story.accounts = len(self._client.get(path)["accounts"])
        self._story.transactions_synced = len(self._client.all("/transactions"))

    def import_statement(self) -> None:
        account = {"iban": "GB33BUKB20201555555555", "currency": "GBP", "name": "Second bank"}
        id = self._client.post("/bank_accounts", json=account)["id"]
        file = {"file": (_STATEMENT.name, _STATEMENT.read_bytes())}
        self._client.post("/transactions/import", data={"account_id": id}, files=file)
        self._story.transactions_imported = len(self._client.all("/transactions", account_id=id))

    def match(self) -> None:
        expected = len(_DEBTS) - len(_UNPAID) + len(_RETURNED)
        until(
            lambda: len(self._client.all("/reconciliation/matches", status="active")) >= expected,
            "Not every payment found its invoice.",
        )
        matches = self._client.all("/reconciliation/matches", status="active")
        open_numbers = {row["number"] for row in self._client.all("/invoices", status="open")}
        if len(matches) != expected or open_numbers != _UNPAID | _RETURNED:
            raise CannotStart(f"{len(matches)} matches, open: {sorted(open_numbers)}")
        self._story.matched = len(matches)
        self._story.invoices_paid = len(self._client.all("/invoices", status="paid"))


def day_from_today(distance: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=distance)).isoformat()
