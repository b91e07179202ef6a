"""Institutions and consents: asked for, given, refused, repeated, ended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from payymo_api.banking.errors import (
    ConsentExpired,
    ProviderPlanSpent,
    RequestRefused,
    UnknownCountry,
    UnknownInstitution,
)
from payymo_api.banking.gateway import BankGateway, Consent, ConsentState
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.core.errors import ProviderError
from tests.banking.gateway.conftest import ALBION, REDIRECT, World


async def ask(gateway: GoCardless, bank: str, reference: str, days: int = 90) -> Consent:
    return await gateway.request_consent(
        await gateway.institution(bank),
        redirect_url=REDIRECT,
        reference=reference,
        history_days=days,
    )


async def agreements(world: World, gateway: GoCardless) -> list[dict[str, object]]:
    """What the provider has on file, read through the adapter's own connection."""
    answer = await gateway._wire.call("GET", "/agreements/enduser/")  # noqa: SLF001  the wire itself
    assert isinstance(answer.body, dict)
    return list(answer.body["results"])


async def test_lists_the_banks_of_a_country_with_days_as_numbers(gateway: GoCardless) -> None:
    banks = {bank.id: bank for bank in await gateway.institutions("DE")}
    assert set(banks) == {"RHEINBANK_RHNBDEFF", "KURZBANK_KRZBATWW"}
    assert banks["RHEINBANK_RHNBDEFF"].history_days == 558
    assert banks["KURZBANK_KRZBATWW"].consent_days == 90
    assert banks["RHEINBANK_RHNBDEFF"].bic == "RHNBDEFF"


async def test_the_adapter_is_a_bank_gateway(gateway: GoCardless) -> None:
    bank: BankGateway = gateway
    assert (await bank.institution(ALBION)).countries == ("GB",)


async def test_a_country_without_banks_is_refused_by_name(gateway: GoCardless) -> None:
    with pytest.raises(UnknownCountry):
        await gateway.institutions("ZZ")


@pytest.mark.parametrize("id", ["NOBANK_XXXXXX", "../requisitions", "..", "", "a b", "ä"])
async def test_an_unknown_bank_is_refused_by_name(gateway: GoCardless, id: str) -> None:
    with pytest.raises(UnknownInstitution):
        await gateway.institution(id)


async def test_a_consent_is_pending_until_the_user_gives_it(
    gateway: GoCardless, world: World
) -> None:
    consent = await ask(gateway, ALBION, "ref-1")
    assert (await gateway.consent(consent.ref)).state is ConsentState.PENDING
    back = await world.decide(consent)
    status = await gateway.consent(consent.ref)
    assert str(back) == f"{REDIRECT}?ref=ref-1"
    assert status.state is ConsentState.ACTIVE
    assert len(status.account_refs) == 2
    assert consent.consent_days == 180
    assert status.expires_at
    assert abs(status.expires_at - world.now() - timedelta(days=180)) < timedelta(minutes=5)


async def test_a_user_who_says_no_is_sent_back_with_the_reason(
    gateway: GoCardless, world: World
) -> None:
    consent = await ask(gateway, ALBION, "ref-2")
    back = await world.decide(consent, "reject")
    assert dict(back.params)["error"] == "UserCancelledSession"
    assert dict(back.params)["ref"] == "ref-2"
    status = await gateway.consent(consent.ref)
    assert (status.state, status.account_refs, status.expires_at) == (
        ConsentState.REJECTED,
        (),
        None,
    )


async def test_a_repeated_reference_returns_the_first_consent_and_makes_no_second(
    gateway: GoCardless, world: World
) -> None:
    first = await ask(gateway, ALBION, "ref-3")
    assert await ask(gateway, ALBION, "ref-3") == first
    answer = await gateway._wire.call("GET", "/requisitions/")  # noqa: SLF001  the wire itself
    assert isinstance(answer.body, dict)
    assert answer.body["count"] == 1


async def test_a_repeated_reference_is_found_on_a_later_page(
    gateway: GoCardless, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payymo_api.banking.gateway.gocardless._PAGE", 2)
    consents = [await ask(gateway, ALBION, f"ref-{place}") for place in range(5)]
    assert await ask(gateway, ALBION, "ref-4") == consents[4]


async def test_a_reference_that_is_taken_but_not_listed_stays_refused(
    gateway: GoCardless, world: World
) -> None:
    await world.fault(path="*/requisitions/", method="POST", error="ReferenceFieldErrors")
    with pytest.raises(RequestRefused) as refused:
        await ask(gateway, ALBION, "ref-9")
    assert refused.value.fields == {"reference"}


async def test_never_more_days_are_asked_for_than_the_bank_is_listed_with(
    gateway: GoCardless, world: World
) -> None:
    await ask(gateway, "KURZBANK_KRZBATWW", "ref-5", days=730)
    [agreed] = await agreements(world, gateway)
    assert (agreed["max_historical_days"], agreed["access_valid_for_days"]) == (90, 90)
    assert await world.calls("/agreements/") == 2


async def test_access_falls_back_to_90_days_where_a_bank_grants_no_more(
    gateway: GoCardless, world: World
) -> None:
    listed = replace(await gateway.institution("KURZBANK_KRZBATWW"), consent_days=180)
    consent = await gateway.request_consent(
        listed, redirect_url=REDIRECT, reference="ref-6", history_days=60
    )
    assert consent.consent_days == 90


async def test_history_falls_back_to_90_and_then_89_days(gateway: GoCardless, world: World) -> None:
    await world.fault(path="*/agreements/enduser/", error="MaxHistoricalDaysFieldErrors", calls=3)
    await ask(gateway, ALBION, "ref-7", days=400)
    [agreed] = await agreements(world, gateway)
    assert (agreed["max_historical_days"], agreed["access_valid_for_days"]) == (89, 90)


async def test_another_fault_of_an_agreement_is_not_tried_again(
    gateway: GoCardless, world: World
) -> None:
    await world.fault(path="*/agreements/enduser/", error="InstitutionFieldErrors", calls=9)
    with pytest.raises(RequestRefused, match="Unknown Institution"):
        await ask(gateway, ALBION, "ref-8")
    assert await world.calls("/agreements/") == 1


async def test_a_spent_plan_is_named(gateway: GoCardless, world: World) -> None:
    await world.fault(path="*/requisitions/", error="PaymentRequired")
    with pytest.raises(ProviderPlanSpent):
        await ask(gateway, ALBION, "ref-10")


async def test_a_consent_expires_by_its_days(
    gateway: GoCardless, world: World, consent: Consent
) -> None:
    await world.advance(days=181)
    status = await gateway.consent(consent.ref)
    assert status.state is ConsentState.EXPIRED
    assert status.expires_at
    assert status.expires_at < world.now()


async def test_a_consent_whose_agreement_was_deleted_has_no_end(
    gateway: GoCardless, world: World, consent: Consent
) -> None:
    await world.fault(path="*/agreements/*", error="NotFoundError")
    status = await gateway.consent(consent.ref)
    assert (status.state, status.expires_at) == (ConsentState.ACTIVE, None)


@pytest.mark.parametrize(
    ("wire", "state"),
    [
        *[(code, ConsentState.PENDING) for code in ("CR", "GC", "UA", "SA", "GA", "ID")],
        ("LN", ConsentState.ACTIVE),
        ("EX", ConsentState.EXPIRED),
        ("RJ", ConsentState.REJECTED),
        ("SU", ConsentState.SUSPENDED),
        ("ER", ConsentState.ERROR),
    ],
)
async def test_every_status_of_the_wire_has_a_meaning(
    gateway: GoCardless, world: World, consent: Consent, wire: str, state: ConsentState
) -> None:
    await world.say("PUT", f"/gocardless/requisitions/{consent.ref}", status=wire)
    assert (await gateway.consent(consent.ref)).state is state


async def test_a_status_that_nobody_knows_is_reported(
    gateway: GoCardless, world: World, consent: Consent
) -> None:
    body = {"id": consent.ref, "status": "QQ", "accounts": []}
    await world.fault(path="*/requisitions/*", status=200, body=body)
    with pytest.raises(ProviderError, match="QQ"):
        await gateway.consent(consent.ref)


async def test_revoking_twice_is_no_error_and_ends_the_consent(
    gateway: GoCardless, consent: Consent
) -> None:
    await gateway.revoke(consent.ref)
    await gateway.revoke(consent.ref)
    with pytest.raises(ConsentExpired):
        await gateway.consent(consent.ref)


async def test_a_new_consent_gives_the_same_accounts_new_refs(
    gateway: GoCardless, world: World, consent: Consent, account: str
) -> None:
    again = await ask(gateway, ALBION, "ref-11")
    await world.decide(again)
    renewed = (await gateway.consent(again.ref)).account_refs[0]
    assert renewed != account
    assert (await gateway.account(renewed)).iban == (await gateway.account(account)).iban
