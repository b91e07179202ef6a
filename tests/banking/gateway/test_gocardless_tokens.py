"""Tokens: one request however many callers, renewed before they end, once when refused."""

import asyncio
from datetime import timedelta

import pytest

from payymo_api.banking.errors import CredentialsRefused
from payymo_api.banking.gateway import Tokens
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from tests.banking.gateway.conftest import KeptTokens, World


async def test_concurrent_callers_make_one_token_request(gateway: GoCardless, world: World) -> None:
    await asyncio.gather(*(gateway.institutions("GB") for _ in range(20)))
    assert await world.calls("/token/") == 1
    assert await world.calls("/institutions/") == 20


async def test_a_stored_token_serves_the_next_process(
    gateway: GoCardless, world: World, store: KeptTokens
) -> None:
    await gateway.institutions("GB")
    next_process = GoCardless(
        world.url, secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store, now=world.now
    )
    await next_process.institutions("GB")
    await next_process.aclose()
    assert await world.calls("/token/") == 1


async def test_a_token_is_refreshed_before_it_ends(
    gateway: GoCardless, world: World, store: KeptTokens
) -> None:
    await gateway.institutions("GB")
    first = store.tokens
    await world.advance(hours=23, minutes=57)
    await gateway.institutions("GB")
    assert await world.calls("/token/refresh/") == 1
    assert await world.calls("/token/new/") == 1
    assert first
    assert store.tokens
    assert store.tokens.access != first.access
    assert store.tokens.refresh == first.refresh
    assert store.tokens.access_expires_at - first.access_expires_at > timedelta(hours=23)


async def test_when_the_refresh_token_has_ended_a_new_pair_is_asked_for(
    gateway: GoCardless, world: World
) -> None:
    await gateway.institutions("GB")
    await world.advance(days=31)
    await gateway.institutions("GB")
    assert await world.calls("/token/refresh/") == 0
    assert await world.calls("/token/new/") == 2


async def test_a_refused_refresh_leads_to_a_new_pair(gateway: GoCardless, world: World) -> None:
    await gateway.institutions("GB")
    await world.advance(days=2)
    await world.fault(path="*/token/refresh/", error="InvalidToken")
    await gateway.institutions("GB")
    assert await world.calls("/token/new/") == 2


async def test_a_refused_token_is_renewed_and_the_call_repeated_once(
    gateway: GoCardless, world: World
) -> None:
    await gateway.institutions("GB")
    await world.fault(path="*/institutions/", error="InvalidToken")
    assert await gateway.institutions("GB")
    assert await world.calls("/token/new/") == 2
    assert await world.calls("/institutions/") == 3


async def test_a_token_refused_twice_is_reported_and_not_tried_for_ever(
    gateway: GoCardless, world: World
) -> None:
    await world.fault(path="*/institutions/", error="InvalidToken", calls=50)
    with pytest.raises(CredentialsRefused):
        await gateway.institutions("GB")
    assert await world.calls("/institutions/") == 2


async def test_concurrent_refusals_make_one_new_token(gateway: GoCardless, world: World) -> None:
    await gateway.institutions("GB")
    await world.fault(path="*/institutions/", error="InvalidToken", calls=5)
    await asyncio.gather(*(gateway.institutions("GB") for _ in range(5)))
    assert await world.calls("/token/new/") == 2


async def test_wrong_credentials_are_named_without_being_told(
    world: World, store: KeptTokens
) -> None:
    gateway = GoCardless(
        world.url, secret_id=SECRET_ID, secret_key="wr0ng-s3cret", token_store=store
    )
    with pytest.raises(CredentialsRefused) as refused:
        await gateway.institutions("GB")
    await gateway.aclose()
    assert "No active account found" in str(refused.value)
    assert "wr0ng-s3cret" not in repr(refused.value)
    assert store.saved == 0


async def test_what_a_provider_quotes_of_our_secrets_is_struck_out(
    gateway: GoCardless, world: World, store: KeptTokens
) -> None:
    await gateway.institutions("GB")
    assert store.tokens
    secrets = [SECRET_ID, SECRET_KEY, store.tokens.access, store.tokens.refresh]
    body = {"summary": "Bad request", "detail": f"You sent {secrets}", "status_code": 418}
    await world.fault(path="*/institutions/*", status=418, body=body)
    with pytest.raises(Exception, match="You sent") as refused:
        await gateway.institution("ALBION_ALBNGB2L")
    told = f"{refused.value!r} {refused.value} {vars(refused.value)} {gateway!r} {store!r}"
    assert not [secret for secret in secrets if secret in told]


async def test_a_stored_token_quoted_by_the_provider_is_struck_out_too(
    world: World, store: KeptTokens
) -> None:
    """The first call of a process: it finds a token that has ended, and its refresh is refused."""
    ended = world.now() - timedelta(days=1)
    store.tokens = Tokens("old-access", ended, "old-refresh", world.now() + timedelta(days=9))
    gateway = GoCardless(
        world.url, secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store, now=world.now
    )
    body = {"summary": "Malformed", "detail": "refresh=old-refresh", "status_code": 400}
    await world.fault(path="*/token/refresh/", status=400, body=body)
    with pytest.raises(CredentialsRefused, match="refresh=•••"):
        await gateway.institutions("GB")
    await gateway.aclose()
