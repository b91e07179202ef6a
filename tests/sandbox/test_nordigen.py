"""The public client from PyPI, which was written for the real service, works here too."""

import asyncio

import httpx
import pytest
from nordigen import NordigenClient
from requests import HTTPError

from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY

BANK = "POLDERBANK_PLDRNL2A"


@pytest.fixture
async def client(control: httpx.AsyncClient, sandbox_url: str) -> NordigenClient:
    """Signed in. It blocks, so every call of it goes to a thread."""
    client = NordigenClient(SECRET_KEY, SECRET_ID, base_url=f"{sandbox_url}/api/v2")
    await asyncio.to_thread(client.generate_token)
    return client


async def test_signs_in_and_exchanges_its_refresh_token(client: NordigenClient) -> None:
    tokens = await asyncio.to_thread(client.generate_token)
    assert tokens["access_expires"] == 86_400
    assert tokens["refresh_expires"] == 2_592_000
    renewed = await asyncio.to_thread(client.exchange_token, tokens["refresh"])
    assert renewed["access"] not in {"", tokens["access"]}


async def test_lists_and_finds_institutions(client: NordigenClient) -> None:
    listed = await asyncio.to_thread(client.institution.get_institutions, "NL")
    assert [bank["id"] for bank in listed] == [BANK]
    everywhere = await asyncio.to_thread(client.institution.get_institutions)
    assert "SANDBOXFINANCE_SFIN0000" in {bank["id"] for bank in everywhere}
    found = await asyncio.to_thread(client.institution.get_institution_id_by_name, "NL", "polder")
    assert (await asyncio.to_thread(client.institution.get_institution_by_id, found))["id"] == BANK


async def test_walks_from_consent_to_transactions(
    client: NordigenClient, control: httpx.AsyncClient
) -> None:
    session = await asyncio.to_thread(
        client.initialize_session, "https://shop.example/back", BANK, "order-1"
    )
    back = await control.post(session.link, data={"approve": "1"})
    assert back.headers["location"] == "https://shop.example/back?ref=order-1"
    requisition = await asyncio.to_thread(
        client.requisition.get_requisition_by_id, session.requisition_id
    )
    [id] = requisition["accounts"]
    account = client.account_api(id)
    metadata = await asyncio.to_thread(account.get_metadata)
    details = await asyncio.to_thread(account.get_details)
    assert metadata["iban"] == details["account"]["iban"]
    assert (await asyncio.to_thread(account.get_balances))["balances"]
    told = await asyncio.to_thread(account.get_transactions, "2000-01-01")
    assert len(told["transactions"]["booked"]) > 90


async def test_reads_and_deletes_agreements_and_requisitions(client: NordigenClient) -> None:
    session = await asyncio.to_thread(
        client.initialize_session, "https://shop.example/back", BANK, "order-2"
    )
    agreements = await asyncio.to_thread(client.agreement.get_agreements)
    [agreement] = agreements["results"]
    same = await asyncio.to_thread(client.agreement.get_agreement_by_id, agreement["id"])
    assert same == agreement
    requisitions = await asyncio.to_thread(client.requisition.get_requisitions)
    assert [found["reference"] for found in requisitions["results"]] == ["order-2"]
    gone = await asyncio.to_thread(client.requisition.delete_requisition, session.requisition_id)
    assert gone["summary"] == "Requisition deleted"


async def test_sees_a_refusal_as_the_wire_has_it(client: NordigenClient) -> None:
    agreement = await asyncio.to_thread(client.agreement.create_agreement, BANK)
    accept = client.agreement.accept_agreement
    with pytest.raises(HTTPError, match="Insufficient permissions"):
        await asyncio.to_thread(accept, agreement["id"], "192.0.2.1", "test")
