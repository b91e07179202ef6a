"""Every refusal of the wire has its name here, a next step, and says whether to try again."""

import asyncio
import re
from datetime import UTC, datetime

import httpx
import pytest
import respx

from payymo_api.banking import errors
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.gateway.gocardless.refusals import allowance, refusal
from payymo_api.core.errors import (
    PayymoError,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    ValidationFailed,
)
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from payymo_api.sandbox.gocardless.refusals import CATALOGUE
from tests.banking.gateway.conftest import ALBION, KeptTokens, World

OURS = errors.RequestRefused
MEANINGS: dict[str, tuple[type[PayymoError], bool]] = {
    "AuthenticationFailed": (errors.CredentialsRefused, False),
    "InvalidToken": (errors.CredentialsRefused, False),
    "IPAccessDenied": (errors.CredentialsRefused, False),
    "RateLimitExceeded": (errors.AllowanceSpent, True),
    "RateLimitError": (errors.AllowanceSpent, True),
    "PaymentRequired": (errors.ProviderPlanSpent, False),
    "NotFoundError": (errors.AccountGone, False),
    "AccountNotFoundError": (errors.AccountGone, False),
    "AgreementNotFoundErrors": (errors.AccountGone, False),
    "EUAExpiredError": (errors.ConsentExpired, False),
    "AccessExpiredError": (errors.ConsentExpired, False),
    "AccountValidEUAError": (errors.ConsentExpired, False),
    "AccountInactiveError": (errors.AccountInactive, False),
    "AccountEUAScopeError": (errors.ConsentTooNarrow, False),
    "AccountAccessForbidden": (errors.AccountForbidden, False),
    "AccountResourceUnavailable": (errors.AccountPartUnavailable, False),
    "AccountSuspendedError": (errors.AccountSuspended, False),
    "AccountStateError": (errors.AccountNotReady, True),
    "UnknownRequestError": (errors.BankUnavailable, True),
    "ServiceError": (errors.BankUnavailable, True),
    "ConnectionError": (errors.BankUnavailable, True),
    "InsufficientPermissions": (errors.CredentialsRefused, False),
    "YouDon'tHavePermissionsForReconfirmation": (errors.CredentialsRefused, False),
}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
async def test_every_error_body_of_the_wire_has_a_name_of_ours(
    gateway: GoCardless, world: World, account: str, name: str
) -> None:
    """What has no entry in MEANINGS is a fault of the request: 400 and 405."""
    await world.fault(path="*/balances/", error=name, calls=2)
    kind, retryable = MEANINGS.get(name, (OURS, False))
    with pytest.raises(PayymoError) as refused:
        await gateway.balances(account)
    assert type(refused.value) is kind
    assert refused.value.retryable is retryable
    assert str(refused.value).startswith("GoCardless")


async def test_the_wire_names_the_fields_at_fault(
    gateway: GoCardless, world: World, account: str
) -> None:
    await world.fault(path="*/balances/", error="FieldsRequired")
    with pytest.raises(OURS, match=r"redirect: This field is required\.") as refused:
        await gateway.balances(account)
    assert refused.value.fields == {"redirect", "institution_id"}


def test_an_older_deployment_says_expired_with_400() -> None:
    body = {"summary": "End User Agreement (EUA) 1 has expired", "detail": "", "status_code": 400}
    assert isinstance(refusal(400, body, {}), errors.ConsentExpired)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("EXPIRED", errors.ConsentExpired),
        ("SUSPENDED", errors.AccountSuspended),
        ("PROCESSING", errors.AccountNotReady),
        ("ERROR", errors.AccountNotReady),
    ],
)
def test_an_account_in_the_wrong_state_tells_which(status: str, kind: type[PayymoError]) -> None:
    assert type(refusal(409, {"id": "1", "status": status}, {})) is kind


async def test_the_general_limit_is_not_the_banks(
    gateway: GoCardless, world: World, account: str
) -> None:
    await world.fault(path="*/balances/", error="RateLimitExceeded", reset=17)
    with pytest.raises(errors.ProviderBusy) as busy:
        await gateway.balances(account)
    assert busy.value.retry_after == 17


def test_the_wait_is_read_from_the_sentence_when_a_proxy_drops_the_headers() -> None:
    said = "The rate limit for this resource is 300/minute. Please try again in 41 seconds"
    error = refusal(429, {"summary": "Rate limit exceeded", "detail": said}, {})
    assert (type(error), error.retry_after) == (errors.ProviderBusy, 41)
    error = refusal(429, {"summary": "", "detail": said.replace("300/minute", "4/day")}, {})
    assert (type(error), error.retry_after) == (errors.AllowanceSpent, 41)


def test_a_daily_limit_without_a_time_is_tried_again_after_an_hour() -> None:
    error = refusal(429, {"type": "RateLimitError", "summary": "", "detail": ""}, {})
    assert error.retry_after == 3600


def test_a_reset_that_is_over_means_now() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    prefix = "http_x_ratelimit_account_success_"
    left = allowance(
        {prefix + "limit": "4", prefix + "remaining": "-1", prefix + "reset": "-5"}, now
    )
    assert left
    assert (left.limit, left.remaining, left.resets_at) == (4, 0, now)
    assert allowance({prefix + "limit": "4"}, now) is None
    assert allowance(dict.fromkeys((prefix + "limit",), "many"), now) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, errors.UnreadableAnswer),
        (403, errors.UnreadableAnswer),
        (429, errors.ProviderBusy),
        (500, ProviderUnavailable),
        (502, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
async def test_a_page_of_html_is_no_answer(
    gateway: GoCardless, world: World, account: str, status: int, kind: type[PayymoError]
) -> None:
    await world.fault(path="*/balances/", status=status, html="<h1>Bad gateway at 10.0.0.7</h1>")
    with pytest.raises(kind) as refused:
        await gateway.balances(account)
    assert refused.value.retryable
    assert "10.0.0.7" not in str(refused.value)


@pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"balances": "none"}])
async def test_json_of_another_shape_is_unreadable(
    gateway: GoCardless, world: World, account: str, body: object
) -> None:
    await world.fault(path="*/balances/", status=200, body=body)
    with pytest.raises(errors.UnreadableAnswer):
        await gateway.balances(account)


async def test_a_connection_cut_in_the_answer_is_not_repeated(
    gateway: GoCardless, world: World, account: str
) -> None:
    await world.fault(path="*/transactions/", drop=True)
    with pytest.raises(ProviderUnavailable, match="connection"):
        await gateway.transactions(account, world.today(), world.today())
    assert await world.calls("/transactions/") == 1


async def test_a_slow_bank_is_a_timeout(world: World, store: KeptTokens) -> None:
    impatient = GoCardless(
        world.url,
        secret_id=SECRET_ID,
        secret_key=SECRET_KEY,
        token_store=store,
        timeout=httpx.Timeout(5.0, read=0.2),
    )
    await world.fault(path="*/institutions/*", seconds=1)
    with pytest.raises(ProviderTimeout):
        await impatient.institution(ALBION)
    await impatient.aclose()


async def test_a_slow_bank_that_answers_is_waited_for(gateway: GoCardless, world: World) -> None:
    await world.fault(path="*/institutions/*", seconds=0.3)
    assert (await gateway.institution(ALBION)).name == "Albion Bank"


async def test_a_proxy_for_the_world_outside_is_not_asked_for_the_sandbox(
    world: World, store: KeptTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    gateway = GoCardless(world.url, secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store)
    assert (await gateway.institution(ALBION)).id == ALBION
    await gateway.aclose()


async def test_nobody_listening_is_unavailable(store: KeptTokens) -> None:
    gateway = GoCardless(
        "http://127.0.0.1:9", secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store
    )
    with pytest.raises(ProviderUnavailable):
        await gateway.institutions("GB")
    await gateway.aclose()


@respx.mock(assert_all_called=False)
async def test_a_token_without_its_lifetime_is_not_kept(
    respx_mock: respx.MockRouter, store: KeptTokens
) -> None:
    """The sandbox always sends it."""
    respx_mock.post("http://bank.test/api/v2/token/new/").respond(json={"access": "s3cr3t"})
    gateway = GoCardless(
        "http://bank.test", secret_id=SECRET_ID, secret_key=SECRET_KEY, token_store=store
    )
    with pytest.raises(errors.UnreadableAnswer) as refused:
        await gateway.institutions("GB")
    await gateway.aclose()
    assert store.saved == 0
    assert "s3cr3t" not in repr(refused.value)


async def test_a_caller_who_gives_up_leaves_the_token_to_the_others(
    gateway: GoCardless, world: World
) -> None:
    await world.fault(path="*/token/new/", seconds=0.2)
    hasty = asyncio.create_task(gateway.institutions("GB"))
    patient = asyncio.create_task(gateway.institutions("GB"))
    await asyncio.sleep(0.05)
    hasty.cancel()
    assert await patient
    with pytest.raises(asyncio.CancelledError):
        await hasty


def test_every_refusal_has_its_own_code_and_says_what_to_do() -> None:
    kinds = [kind for kind in vars(errors).values() if _is_error(kind)]
    own = [kind for kind in kinds if kind.__module__ == errors.__name__]
    assert len({kind.code for kind in own}) == len(own) > 15
    assert all(kind.title and re.search(r"\.$", kind.resolution) for kind in own)


def test_only_what_mends_itself_is_retryable() -> None:
    kinds = {kind for kind in vars(errors).values() if _is_error(kind)}
    assert {kind.code for kind in kinds if kind.retryable} == {
        "account_not_ready",
        "bank_allowance_spent",
        "bank_unavailable",
        "consent_pending",
        "provider_answer_unreadable",
        "provider_busy",
        "provider_unavailable",
        "rate_limited",
        "reading_overtaken",
    }
    assert RateLimited in kinds
    assert not ValidationFailed.retryable


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, PayymoError)
