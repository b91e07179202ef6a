"""The main job over HTTP, as an outside client does it.

The client behaves as the documentation asks: every POST carries an Idempotency-Key, and a request
that got no answer, or a 5xx, is sent again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from payymo_api.local.errors import CannotStart
from payymo_api.local.receiver import Receiver
from payymo_api.local.stack import Stack

_BANK = "ALBION_ALBNGB2L"
_STATEMENT = Path(__file__).resolve().parents[3] / "examples" / "statement.camt053.xml"
_PATIENCE = 180.0


@dataclass(slots=True)
class Story:
    """What happened, in numbers; every one was read from the API or the receiver."""

    bank: str = ""
    accounts: int = 0
    transactions_synced: int = 0
    transactions_imported: int = 0
    customers: int = 0
    invoices: int = 0
    matched: int = 0
    invoices_paid: int = 0
    webhooks_delivered: int = 0
    signatures_verified: int = 0
    signatures_refused: int = 0
    seconds: float = 0.0


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
_OPEN_AFTERWARDS = {"INV-2026-0999"}  # nobody pays it


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a tenant plays the story; without the `key` of one that has nothing yet, one is made."""

    key: str | None = None
    each_line: bool = True
    history_days: int = 90


class MainJob:
    """One run of the story by a tenant of its own. CannotStart if a step does not hold."""

    def __init__(
        self,
        stack: Stack,
        receiver: Receiver,
        step: Callable[[str], None],
        wishes: Wishes = Wishes(),
    ) -> None:
        self._stack, self._receiver, self._step = stack, receiver, step
        self._wishes = wishes
        self._api = httpx.Client(
            base_url=f"{stack.base_url}/api/v1",
            headers={"X-API-Key": wishes.key or _new_tenant(stack)},
            timeout=30,
            trust_env=False,
        )
        self._story = Story()

    def play(self) -> Story:
        with self._api:
            self._step("Registering a webhook endpoint")
            self._listen()
            self._step("Sending customers and invoices")
            self._bill()
            self._step("Connecting a bank by Open Banking consent")
            self._connect()
            self._step("Importing a CAMT.053 statement")
            self._import()
            self._step("Matching payments with invoices")
            self._match()
            self._step("Receiving the webhooks")
            self._hear()
        return self._story

    def _listen(self) -> None:
        url = f"{self._receiver.url}/hooks"
        endpoint = {"url": url, "event_types": ["*"], "each_line": self._wishes.each_line}
        self._receiver.trust(self._post("/webhook_endpoints", json=endpoint)["secret"])

    def _bill(self) -> None:
        customers = [
            {"external_id": debt.customer, "name": debt.customer, "country": "GB"}
            for debt in _DEBTS
        ]
        invoices = [
            {
                "external_id": debt.number,
                "number": debt.number,
                "customer_external_id": debt.customer,
                "issued_on": _day(-30),
                "due_on": _day(0),
                "amount": debt.amount,
                "currency": "GBP",
            }
            for debt in _DEBTS
        ]
        self._story.customers = self._batch("/customers/batch", customers)
        self._story.invoices = self._batch("/invoices/batch", invoices)

    def _batch(self, path: str, rows: list[dict[str, Any]]) -> int:
        answer = self._post(path, json={"rows": rows})
        return sum(row["status"] == "created" for row in answer["results"])

    def _connect(self) -> None:
        """The bank's customers pay; then its user consents, as a browser would."""
        self._pay_at_the_bank(f"{self._stack.sandbox_url}/sandbox/gocardless")
        self._story.bank = self._get(f"/institutions/{_BANK}")["name"]
        body = {
            "institution_id": _BANK,
            "redirect_url": f"{self._receiver.url}/back",
            "history_days": self._wishes.history_days,
        }
        connection = self._post("/bank_connections", json=body)
        self._browse(f"{connection['authorization_url']}?approve=1")
        path = f"/bank_connections/{connection['id']}"
        self._until(
            lambda: self._get(path)["status"] == "active", "The consent did not connect the bank."
        )
        self._until(
            lambda: all(each["last_synced_at"] for each in self._get(path)["accounts"]),
            "The bank was not synced.",
        )
        self._story.accounts = len(self._get(path)["accounts"])
        self._story.transactions_synced = len(self._all("/transactions"))

    @staticmethod
    def _browse(url: str) -> None:
        """Follow the redirects; a page that does not come is loaded again."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                page = httpx.get(url, follow_redirects=True, trust_env=False, timeout=30)
            except httpx.TransportError as error:
                url = str(error.request.url)
            else:
                if not page.is_server_error:
                    return
                url = str(page.url)
            time.sleep(0.3)

    @staticmethod
    def _pay_at_the_bank(control: str) -> None:
        """All tenants of a run see one bank; a payment is made once."""
        accounts = httpx.get(f"{control}/bank_accounts", trust_env=False).json()
        iban = next(each["iban"] for each in accounts if each["institution_id"] == _BANK)
        lines = f"{control}/accounts/{iban}/transactions"
        for debt in _DEBTS:
            if debt.paid_as:
                line = {"key": debt.number, "transaction": _payment(debt)}
                httpx.post(lines, json=line, trust_env=False).raise_for_status()

    def _import(self) -> None:
        account = {"iban": "GB33BUKB20201555555555", "currency": "GBP", "name": "Second bank"}
        id = self._post("/bank_accounts", json=account)["id"]
        file = {"file": (_STATEMENT.name, _STATEMENT.read_bytes())}
        self._post("/transactions/import", data={"account_id": id}, files=file)
        self._story.transactions_imported = len(self._all("/transactions", account_id=id))

    def _match(self) -> None:
        expected = len(_DEBTS) - len(_OPEN_AFTERWARDS)
        self._until(
            lambda: len(self._all("/reconciliation/matches", status="active")) >= expected,
            "Not every payment found its invoice.",
        )
        matches = self._all("/reconciliation/matches", status="active")
        open_numbers = {row["number"] for row in self._all("/invoices", status="open")}
        if len(matches) != expected or open_numbers != _OPEN_AFTERWARDS:
            raise CannotStart(f"{len(matches)} matches, open: {sorted(open_numbers)}")
        self._story.matched = len(matches)
        self._story.invoices_paid = len(self._all("/invoices", status="paid"))

    def _hear(self) -> None:
        """Every event that the API lists as delivered has reached us, and its signature holds."""

        received = self._receiver.received
        self._until(
            lambda: (
                received.count("transaction.matched") >= self._story.matched
                and not self._get("/webhook_deliveries", status="pending", limit="1")["data"]
            ),
            "Not every webhook was delivered.",
        )
        rows = self._all("/webhook_deliveries")
        delivered = {row["event_id"] for row in rows if row["status"] == "delivered"}
        if delivered != set(received.events) or received.refused or received.changed:
            raise CannotStart("What was delivered and what was received differ.")
        self._story.webhooks_delivered = len(delivered)
        self._story.signatures_verified = len(received.events)
        self._story.signatures_refused = received.refused

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        return self._send("GET", path, params=params)

    def _post(self, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own
        return self._send("POST", path, headers={"Idempotency-Key": uuid4().hex}, **options)

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                response = self._api.request(method, path, **options)
            except httpx.TransportError:
                response = httpx.Response(503, text="no answer")
            if not _is_passing(response) or time.monotonic() > end:
                break
            time.sleep(0.3)
        if response.is_error:
            raise CannotStart(f"{method} {path}: {response.status_code} {response.text}")
        found: dict[str, Any] = response.json()
        return found

    def _all(self, path: str, **params: str) -> list[dict[str, Any]]:
        """Follow the cursor to the list's end."""
        page = self._get(path, limit="200", **params)
        rows: list[dict[str, Any]] = page["data"]
        while page["next_cursor"]:
            page = self._get(path, limit="200", cursor=page["next_cursor"], **params)
            rows += page["data"]
        return rows

    @staticmethod
    def _until(holds: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not holds():
            if time.monotonic() > end:
                raise CannotStart(otherwise)
            time.sleep(0.2)


def _new_tenant(stack: Stack) -> str:
    """Return the key of a tenant that an operator has made."""
    tenant = _operate(stack, "tenant", "create", "--name", "Harbour Studio Ltd", "--json")
    return _operate(stack, "key", "create", "--tenant", tenant["id"], "--json")["key"]


def _operate(stack: Stack, *command: str) -> dict[str, str]:
    """Run a command as an operator does: once more if the database was away."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            found: dict[str, str] = json.loads(stack.run(*command))
        except CannotStart as error:
            if "PAYYMO_DATABASE_URL" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return found


def _is_passing(response: httpx.Response) -> bool:
    """A fault on the way, or the first try with this key is still running."""
    if response.is_server_error:
        return True
    return response.status_code == httpx.codes.CONFLICT and "in_flight" in response.text


def _payment(debt: _Debt) -> dict[str, Any]:
    """A booked line as GoCardless Bank Account Data tells it."""
    return {
        "transactionId": f"DEMO{debt.number}",
        "bookingDate": _day(-1),
        "valueDate": _day(-1),
        "transactionAmount": {"amount": debt.amount, "currency": "GBP"},
        "debtorName": debt.customer,
        "remittanceInformationUnstructured": debt.paid_as,
    }


def _day(distance: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=distance)).isoformat()
