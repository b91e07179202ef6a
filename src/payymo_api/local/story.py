"""The main job over HTTP, as an outside client does it."""

from collections.abc import Callable
from dataclasses import dataclass

from payymo_api.local.bank_part import Bank, BankPart
from payymo_api.local.client import Client, until
from payymo_api.local.errors import CannotStart
from payymo_api.local.receiver import Receiver
from payymo_api.local.results import Story
from payymo_api.local.stack import Stack
from payymo_api.local.stripe_part import StripePart
from payymo_api.local.tenant import new_tenant


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a tenant plays the story; without the `key` of one that has nothing yet, one is made.

    `stripe` for one tenant only: all that a sandbox has share its Stripe account.
    """

    key: str | None = None
    each_line: bool = True
    history_days: int = 90
    stripe: bool = False


class MainJob:
    """One run of the story by a tenant of its own. CannotStart if a step does not hold."""

    def __init__(
        self,
        stack: Stack,
        receiver: Receiver,
        step: Callable[[str], None],
        wishes: Wishes = Wishes(),
    ) -> None:
        self._receiver, self._step, self._wishes = receiver, step, wishes
        self._sandbox_url = stack.sandbox_url
        self._client = Client(stack.base_url, wishes.key or new_tenant(stack))
        self._story = Story()

    def play(self) -> Story:
        with self._client:
            self._step("Registering a webhook endpoint")
            self._listen()
            bank = Bank(self._sandbox_url)
            connection = self._play_bank(BankPart(self._client, bank, self._story))
            if self._wishes.stripe:
                self._play_stripe(StripePart(self._client, bank, self._sandbox_url), connection)
            self._step("Receiving the webhooks")
            self._hear()
        return self._story

    def _play_bank(self, part: BankPart) -> str:
        self._step("Sending customers and invoices")
        part.bill()
        self._step("Connecting a bank by Open Banking consent")
        connection = part.connect(f"{self._receiver.url}/back", self._wishes.history_days)
        self._step("Importing a CAMT.053 statement")
        part.import_statement()
        self._step("Matching payments with invoices")
        part.match()
        return connection

    def _play_stripe(self, part: StripePart, bank_connection: str) -> None:
        self._step("Connecting a Stripe account by key")
        part.connect()
        self._step("Taking payments: 3-D Secure, a decline")
        part.take_payments(f"{self._receiver.url}/back")
        self._step("Refunding one, and hearing of a dispute")
        part.give_back()
        self._step("Matching the payout with its bank line")
        part.pay_out(bank_connection)
        self._story.stripe = part.story

    def _listen(self) -> None:
        url = f"{self._receiver.url}/hooks"
        endpoint = {"url": url, "event_types": ["*"], "each_line": self._wishes.each_line}
        self._receiver.trust(self._client.post("/webhook_endpoints", json=endpoint)["secret"])

    def _hear(self) -> None:
        """Every event that the API lists as delivered has reached us, and its signature holds."""
        received = self._receiver.received
        until(self._has_heard_all, "What was delivered and what was received differ.")
        if received.refused or received.changed:
            raise CannotStart("A signature did not hold, or a body came again with other bytes.")
        self._story.webhooks_delivered = self._story.signatures_verified = len(received.events)
        self._story.signatures_refused = received.refused

    def _has_heard_all(self) -> bool:
        """Of matches first: they are told last."""
        received = self._receiver.received
        matched = self._story.matched + (self._story.stripe is not None)
        if received.count("transaction.matched") < matched:
            return False
        if self._client.get("/webhook_deliveries", status="pending", limit="1")["data"]:
            return False
        rows = self._client.all("/webhook_deliveries", status="delivered")
        return {row["event_id"] for row in rows} == set(received.events)
