"""`payymo sandbox trigger` against a running sandbox."""

import asyncio

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from payymo_api.cli import app
from tests.sandbox.stripe.conftest import Api


@pytest.mark.parametrize("type", ["payment_intent.succeeded", "charge.dispute.created"])
async def test_fires_the_event_with_what_belongs_to_it(
    api: Api, sandbox_url: str, type: str
) -> None:
    told = await _run(type, "--url", sandbox_url)
    assert told.exit_code == 0
    id, fired, about = told.output.split()
    event = await api.get(f"events/{id}")
    assert (event["type"], fired, event["data"]["object"]["id"]) == (type, type, about)


async def test_fires_it_for_a_connected_account(api: Api, sandbox_url: str) -> None:
    account = (await api.post("accounts"))["id"]
    told = await _run("customer.created", "--url", sandbox_url, "--account", account)
    id = told.output.split()[0]
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
    told = await _run(*arguments, *url)
    assert told.exit_code == 2
    assert said in told.output


async def _run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["sandbox", "trigger", *arguments])
