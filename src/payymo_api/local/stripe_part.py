"""The second part of the story: what payers pay by Stripe, and how it comes to the bank."""

from typing import Any

import httpx

from payymo_api.core.money import Money
from payymo_api.local.bank_part import Bank, day_from_today
from payymo_api.local.client import Client, browse, until
from payymo_api.local.errors import CannotStart
from payymo_api.local.results import StripeStory
from payymo_api.sandbox.stripe.platform import SECRET_KEY

_DEBTS = {
    "INV-2026-0301": ("240.00", "pm_card_authenticationRequired"),
    "INV-2026-0302": ("75.00", "pm_card_chargeDeclinedInsufficientFunds"),
    "INV-2026-0303": ("60.00", "pm_card_visa"),
    "INV-2026-0304": ("45.00", "pm_card_createDispute"),
}
"""An invoice each -> its amount, and the test card of who pays it."""
_AUTHENTICATED, _DECLINED, _REFUNDED, _DISPUTED = _DEBTS
_REFUND = "20.00"


class StripePart:
    def __init__(self, client: Client, bank: Bank, sandbox_url: str) -> None:
        self._client, self._bank = client, bank
        self._control = f"{sandbox_url}/sandbox/stripe"
        self._connection = ""
        self._payments: dict[str, str] = {}  # invoice number -> payment
        self.story = StripeStory()

    def connect(self) -> None:
        """Wait until Stripe knows where to tell us what happens."""
        body = {"type": "key", "secret_key": SECRET_KEY}
        connection = self._client.post("/stripe/connections", json=body)
        self._connection = connection["id"]
        self.story.account = connection["account"]["name"]
        path = f"/stripe/connections/{self._connection}/webhook"
        until(lambda: self._client.get(path)["secrets_in_force"] > 0, "Stripe has no endpoint.")

    def take_payments(self, return_url: str) -> None:
        """Each payer pays an invoice; one must confirm it at the bank, and one is declined."""
        for number, (amount, card) in _DEBTS.items():
            body = self._payment_for(number, amount, card) | {"return_url": return_url}
            if number == _DECLINED:
                problem = self._client.refusal("/stripe/payments", 402, json=body)
                self.story.declined = problem["decline"]["payer_message"]
                continue
            payment = self._client.post("/stripe/payments", json=body)
            self._payments[number] = payment["id"]
            if payment["status"] == "requires_action":
                browse(f"{payment['next_action_details']['redirect_to_url']['url']}&approve=1")
                self.story.authenticated += 1
        for number in self._payments:
            self._wait_for(number, "paid")
            self.story.payments += 1

    def _payment_for(self, number: str, amount: str, card: str) -> dict[str, Any]:
        """What is asked for once the invoice is there."""
        bill = {"number": number, "issued_on": day_from_today(0)}
        money = {"amount": amount, "currency": "GBP"}
        invoice = self._client.post("/invoices", json=bill | money)
        return money | {
            "connection_id": self._connection,
            "invoice_id": invoice["id"],
            "payment_method": card,
            "confirm": True,
        }

    def _wait_for(self, number: str, status: str) -> None:
        """Stripe says that the payment succeeded, and so the invoice stands as it should."""
        until(
            lambda: self._client.get("/invoices", number=number)["data"][0]["status"] == status,
            f"{number} is not {status}.",
        )

    def give_back(self) -> None:
        """A part of one payment goes back; the payer of another disputes it at the bank."""
        refunded = f"/stripe/payments/{self._payments[_REFUNDED]}"
        self._client.post(f"{refunded}/refunds", json={"amount": _REFUND})
        self._wait_for(_REFUNDED, "partially_paid")
        self.story.refunded_minor = self._client.get(refunded)["amount_refunded_minor"]
        disputed = self._payments[_DISPUTED]
        until(
            lambda: self._client.get(f"/stripe/payments/{disputed}")["disputed"],
            "The dispute was not heard of.",
        )
        disputes = self._client.all("/stripe/disputes", payment_id=disputed)
        self.story.disputed_minor = sum(each["amount_minor"] for each in disputes)

    def pay_out(self, bank_connection: str) -> None:
        """Stripe sends what it holds; the bank books it, and the line is traced to the invoices."""
        body = {"currency": "gbp", "pending": True, "pay": True}
        made = httpx.post(f"{self._control}/payouts", json=body, trust_env=False)
        stripe_id = made.raise_for_status().json()["id"]
        payout = self._payout(stripe_id)
        amount = str(Money(payout["amount_minor"], payout["currency"]))
        self._bank.book(stripe_id, amount, "STRIPE PAYMENTS UK LTD", f"STRIPE {stripe_id}")
        self._client.post(f"/bank_connections/{bank_connection}/refresh")
        path = f"/stripe/payouts/{payout['id']}"
        until(
            lambda: self._client.get(path)["settled_minor"] == payout["amount_minor"],
            "The payout's bank line was not found.",
        )
        self.story.payout_minor = payout["amount_minor"]
        self.story.trace = self._trace()

    def _payout(self, stripe_id: str) -> dict[str, Any]:
        """Return the payout once all that it is made of is there."""

        def found() -> dict[str, Any] | None:
            rows = self._client.all("/stripe/payouts", reconciliation_status="complete")
            return next((row for row in rows if row["stripe_id"] == stripe_id), None)

        until(lambda: found() is not None, "The payout's parts do not add up to it.")
        return found() or {}

    def _trace(self) -> dict[str, Any]:
        """From the payment that was authenticated up to the line, and from the line down again."""
        up = f"/reconciliation/trace/payments/{self._payments[_AUTHENTICATED]}"
        [line] = self._client.get(up)["transactions"]
        trace = self._client.get(f"/reconciliation/trace/{line['transaction_id']}", limit="200")
        parts = sum(part["net_minor"] for part in trace["data"])
        sums = {parts, line["amount_minor"], line["settled_minor"], self.story.payout_minor}
        if len(sums) > 1:
            raise CannotStart(f"The line, the payout and its parts differ: {sums}")
        return trace
