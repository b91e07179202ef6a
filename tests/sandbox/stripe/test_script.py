"""The stand-in for js.stripe.com in a real browser: Payment Element, confirmation, 3-D Secure."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from payymo_api.sandbox.stripe.platform import PUBLISHABLE_KEY
from tests.browser import Browser, open_browser
from tests.sandbox.stripe.conftest import Api

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><meta charset="utf-8"><title>Checkout</title>
<script src="{script}"></script><div id="payment"></div>
<script>
const query = new URLSearchParams(location.search);
const stripe = Stripe("{key}");
const elements = stripe.elements({{ clientSecret: query.get("secret") }});
const element = elements.create("payment");
element.on("ready", async () => {{
  const fill = {{ number: query.get("number"), expiry: "12/34", cvc: "123" }};
  for (const [name, value] of Object.entries(fill))
    document.querySelector(`[name=${{name}}]`).value = value;
  const confirmParams = {{ return_url: `${{location.origin}}/done` }};
  const {{ error }} = await stripe.confirmPayment({{ elements, confirmParams }});
  location.assign(`/done?redirect_status=${{error.decline_code ?? error.code}}`);
}});
element.mount("#payment");
</script>"""


@dataclass
class Shop:
    """A page that takes a card by itself, and one that the payer comes back to."""

    html: str
    url: str = ""
    back: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    async def checkout(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.html, content_type="text/html")

    async def done(self, request: web.Request) -> web.Response:
        self.back.put_nowait(request.query["redirect_status"])
        return web.Response(text="Thank you.")


@pytest.fixture
async def shop(sandbox_url: str) -> AsyncIterator[Shop]:
    shop = Shop(PAGE.format(script=f"{sandbox_url}/js/stripe.js", key=PUBLISHABLE_KEY))
    app = web.Application()
    app.router.add_get("/", shop.checkout)
    app.router.add_get("/done", shop.done)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with open_browser(tmp_path) as browser:
        yield browser


async def _checkout(api: Api, shop: Shop, browser: Browser, number: str) -> str:
    made = await api.post("payment_intents", amount=1000, currency="gbp")
    asked = httpx.QueryParams(secret=made["client_secret"], number=number)
    await browser.open(f"{shop.url}/?{asked}")
    return str(made["id"])


@pytest.mark.parametrize(
    ("number", "back", "status"),
    [
        ("4242 4242 4242 4242", "succeeded", "succeeded"),
        ("4000 0000 0000 9995", "insufficient_funds", "requires_payment_method"),
        ("1234", "incorrect_number", "requires_payment_method"),
    ],
)
async def test_a_page_takes_a_card(
    api: Api, shop: Shop, browser: Browser, number: str, back: str, status: str
) -> None:
    id = await _checkout(api, shop, browser, number)
    assert await asyncio.wait_for(shop.back.get(), 60) == back
    assert (await api.get(f"payment_intents/{id}"))["status"] == status


async def test_a_page_sends_the_payer_to_authenticate(
    api: Api, control: httpx.AsyncClient, shop: Shop, browser: Browser
) -> None:
    id = await _checkout(api, shop, browser, "4000 0027 6000 3184")
    page = "/stripe/3ds/"
    shown: list[int] = []
    for _ in range(600):
        calls = (await control.get("/calls")).json()
        if shown := [call["status"] for call in calls if call["path"].startswith(page)]:
            break
        await asyncio.sleep(0.1)
    assert shown == [200]
    assert (await api.get(f"payment_intents/{id}"))["status"] == "requires_action"
