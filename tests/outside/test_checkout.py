"""examples/checkout in a real browser: the payer's side, and what Payymo knows of it afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from payymo_api.local.ports import free_port
from payymo_api.local.stack import Stack, running_stack
from payymo_api.local.tenant import new_tenant
from payymo_api.sandbox.stripe.platform import PUBLISHABLE_KEY, SECRET_KEY
from tests.browser import Browser, open_browser
from tests.outside.client import Outsider

pytestmark = pytest.mark.browser
BACKEND = Path(__file__).parents[2] / "examples" / "checkout" / "backend.py"
WORKS, NEEDS_3DS, NO_FUNDS, STOLEN = (
    "4242 4242 4242 4242",
    "4000 0027 6000 3184",
    "4000 0000 0000 9995",
    "4000 0000 0000 9979",
)
THANKS = "Thank you, your payment has arrived."
DECLINED = "Your bank declined the payment. Please ask the bank, or pay another way."


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant that sells by the example."""

    url: str
    sandbox_url: str
    outsider: Outsider
    key: str

    def payment(self) -> Any:  # noqa: ANN401  JSON is anything
        """The payment that was made last, as Payymo has it."""
        return self.outsider.call("list_stripe_payments", query={"limit": "1"})["data"][0]

    def told(self) -> list[str]:
        """The types of events about that payment, oldest first."""
        id = self.payment()["id"]
        events = self.outsider.every("list_events")
        return [each["event_type"] for each in events if each["data"].get("id") == id]

    def hears(self, status: str) -> None:
        """Wait for the webhook that tells of it."""
        for _ in range(300):
            if self.payment()["status"] == status:
                return
            time.sleep(0.1)
        raise AssertionError(f"the payment is {self.payment()['status']}, not {status}")

    def is_answered_by_the_bank(self) -> None:
        """A debit's money comes, days later."""
        path = f"sandbox/stripe/payment_intents/{self.payment()['stripe_id']}/resolve"
        httpx.post(f"{self.sandbox_url}/{path}", json={}, trust_env=False).raise_for_status()

    def file(self, name: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{name}", trust_env=False).raise_for_status()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("checkout") / "payymo"
    with running_stack(folder, discard=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    key, port = new_tenant(stack), free_port()
    outsider = Outsider.at(stack.base_url, key)
    connection = outsider.call(
        "create_stripe_connection", {"type": "key", "secret_key": SECRET_KEY}
    )
    given = {
        "PAYYMO_URL": stack.base_url,
        "PAYYMO_API_KEY": key,
        "STRIPE_CONNECTION": connection["id"],
        "STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "STRIPE_JS": f"{stack.sandbox_url}/js/stripe.js",
        "PORT": str(port),
    }
    with subprocess.Popen([sys.executable, BACKEND], env=os.environ | given) as backend:  # noqa: S603  our own
        shop = Shop(f"http://127.0.0.1:{port}", stack.sandbox_url, outsider, key)
        try:
            _wait_for(shop.url)
            with closing(outsider.http):
                yield shop
        finally:
            backend.terminate()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the shop's backend did not start")


@pytest.fixture
async def page(shop: Shop, tmp_path: Path) -> AsyncIterator[Browser]:
    """A payer that has never been here."""
    async with open_browser(tmp_path) as browser:
        await browser.open(shop.url)
        yield browser


async def _pay(page: Browser, number: str) -> None:
    for name, text in {"number": number, "expiry": "12/34", "cvc": "123"}.items():
        await page.fill(name, text)
    await page.click("#pay")


async def _says(page: Browser, text: str) -> None:
    await page.until(f"document.querySelector('#message')?.textContent === {text!r}")


async def test_a_payer_pays(shop: Shop, page: Browser) -> None:
    await _pay(page, WORKS)
    await _says(page, THANKS)

    payment = shop.payment()
    assert (payment["status"], payment["amount_minor"]) == ("succeeded", 2000)
    assert shop.told() == ["stripe_payment.succeeded"]
    assert await page.run("location.href") == f"{shop.url}/"  # no secret stays in the address
    assert await page.run("document.querySelector('#form').hidden") is True
    assert page.complaints == []


async def test_the_order_of_a_payer_who_comes_again_is_paid(shop: Shop, page: Browser) -> None:
    await _pay(page, WORKS)
    await _says(page, THANKS)
    first = shop.payment()["id"]
    await page.open(shop.url)
    await _says(page, THANKS)

    assert shop.payment()["id"] == first
    assert await page.run("document.querySelector('#form').hidden") is True


async def test_a_payer_confirms_at_the_bank(shop: Shop, page: Browser) -> None:
    await _pay(page, NEEDS_3DS)
    await page.click("[name=approve]")
    await _says(page, THANKS)

    assert shop.payment()["status"] == "succeeded"
    assert shop.told()[-1] == "stripe_payment.succeeded"


async def test_a_payer_who_fails_at_the_bank_may_try_again(shop: Shop, page: Browser) -> None:
    await _pay(page, NEEDS_3DS)
    await page.click("[name=reject]")
    await _says(
        page, "The payment was not confirmed with your bank. Please try again, or pay another way."
    )

    payment = shop.payment()
    assert payment["status"] == "requires_payment_method"
    assert payment["failure"]["code"] == "payment_intent_authentication_failure"
    assert "stripe_payment.failed" in shop.told()
    await _pay(page, WORKS)
    await _says(page, THANKS)
    assert shop.payment()["id"] == payment["id"]


async def test_a_payer_who_leaves_the_bank_is_led_there_again(shop: Shop, page: Browser) -> None:
    await _pay(page, NEEDS_3DS)
    await page.until("!!document.querySelector('[name=approve]')")
    shop.hears("requires_action")
    await page.open(shop.url)
    await _says(page, "Your bank wants you to confirm the payment.")
    await page.click("#continue")
    await page.click("[name=approve]")
    await _says(page, THANKS)

    assert shop.told() == ["stripe_payment.requires_action", "stripe_payment.succeeded"]


async def test_a_declined_payer_reads_why_and_pays_another_way(shop: Shop, page: Browser) -> None:
    await _pay(page, NO_FUNDS)
    await _says(page, "The balance or limit does not cover the payment. Please pay another way.")
    declined = shop.payment()
    await _pay(page, STOLEN)
    await _says(page, DECLINED)  # whoever tries a stolen card does not learn that it is known
    assert shop.payment()["failure"]["decline_code"] == "stolen_card"
    await _pay(page, WORKS)
    await _says(page, THANKS)

    paid = shop.payment()
    assert declined["failure"]["decline_code"] == "insufficient_funds"
    assert (paid["id"], paid["status"], paid["failure"]) == (declined["id"], "succeeded", None)
    assert shop.told()[-1] == "stripe_payment.succeeded"


async def test_a_debit_is_on_its_way_until_the_bank_answers(shop: Shop, page: Browser) -> None:
    await page.choose("method", "bacs_debit")
    await page.fill("sort_code", "10-88-00")
    await page.fill("account_number", "00012345")
    await page.click("#pay")
    await _says(
        page, "Your bank is working on the payment. That takes some days; we'll write to you."
    )

    payment = shop.payment()
    assert payment["status"] == "processing"
    assert shop.told() == []  # nothing is decided yet
    shop.is_answered_by_the_bank()
    shop.hears("succeeded")
    await page.open(shop.url)
    await _says(page, THANKS)


async def test_a_number_that_is_none_is_told_at_once(shop: Shop, page: Browser) -> None:
    await page.click("#pay")
    await _says(page, "Your payment details are incomplete.")
    await _pay(page, "1234")
    await page.until("document.querySelector('#message').textContent.includes('incorrect')")

    assert shop.payment()["status"] == "requires_payment_method"
    assert shop.told() == []


async def test_the_page_knows_neither_key_nor_card(shop: Shop, page: Browser) -> None:
    await page.until("!document.querySelector('#form').hidden")
    seen = await page.run("document.documentElement.outerHTML")
    answers = [shop.file(name) for name in ("", "checkout.js")]

    for text in (seen, *(each.text for each in answers)):
        assert shop.key not in text
        assert "card[number]" not in text
    policy = answers[0].headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


async def test_a_keyboard_and_a_reader_find_their_way(shop: Shop, page: Browser) -> None:
    await page.until("!document.querySelector('#form').hidden")
    await page.until("document.querySelectorAll('#payment-element input').length === 3")

    unnamed = "[...document.querySelectorAll('input, select')].filter(each => !each.labels.length)"
    assert await page.run(f"{unnamed}.length") == 0
    assert (
        await page.run("document.querySelector('#message').getAttribute('aria-live')") == "polite"
    )
    assert await page.run("document.documentElement.scrollWidth <= innerWidth") is True
    assert await page.run("document.documentElement.lang") == "en"
