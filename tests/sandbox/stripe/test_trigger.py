"""`payymo sandbox trigger` against a running sandbox."""

import asyncio

import httpx
import pytest
from typer.testing import CliRunner

from payymo_api.cli import app
from tests.sandbox.stripe.conftest import Api


@pytest.mark.parametrize("type", ["payment_intent.succeeded", "charge.dispute.created"])
async def test_fires_the_event_with_what_belongs_to_it(
    api: Api, sandbox_url: str, type: str
) -> None:
    code, told = await _run(type, "--url", sandbox_url)
    assert code == 0
    id, fired, about = told.split()
    event = await api.get(f"events/{id}")
    assert (event["type"], fired, event["data"]["object"]["id"]) == (type, type, about)


async def test_fires_it_for_a_connected_account(api: Api, sandbox_url: str) -> None:
    account = (await api.post("accounts"))["id"]
    _, told = await _run("customer.created", "--url", sandbox_url, "--account", account)
    id = told.split()[0]
    assert (await api.send("GET", f"events/{id}", {"Stripe-Account": account})).is_success


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.happened",), "no event type nothing.happened"),
        (("charge.failed", "--url", "http://127.0.0.1:9"), "no sandbox answers"),
    ],
)
async def test_says_in_one_line_what_is_wrong(
    control: httpx.AsyncClient, sandbox_url: str, arguments: tuple[str, ...], said: str
) -> None:
    url = () if "--url" in arguments else ("--url", sandbox_url)
    code, told = await _run(*arguments, *url)
    assert code == 2
    assert said in told


async def _run(*arguments: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    told = await asyncio.to_thread(CliRunner().invoke, app, ["sandbox", "trigger", *arguments])
    return told.exit_code, told.output
