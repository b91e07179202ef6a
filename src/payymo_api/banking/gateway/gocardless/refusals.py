"""What GoCardless Bank Account Data says when it refuses, in our words.

Three shapes come: `{summary, detail, status_code, type?}`, the same keyed by field, and no JSON.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from payymo_api.banking.errors import (
    AccountForbidden,
    AccountInactive,
    AccountNotReady,
    AccountPartUnavailable,
    AccountSuspended,
    AllowanceSpent,
    BankUnavailable,
    ConsentExpired,
    ConsentTooNarrow,
    CredentialsRefused,
    ProviderBusy,
    ProviderPlanSpent,
    RequestRefused,
    UnreadableAnswer,
)
from payymo_api.banking.gateway import Allowance
from payymo_api.core.errors import PayymoError, ProviderUnavailable

ALLOWANCE_HEADER = "http_x_ratelimit_account_success_"
GENERAL_HEADER = "http_x_ratelimit_"
_RETRY_UNTOLD = 3600  # seconds; a refused call costs no allowance, so an early try is harmless

_BY_TYPE: dict[str, type[PayymoError]] = {
    "AccessExpiredError": ConsentExpired,
    "AccountInactiveError": AccountInactive,
    "AccountAccessForbidden": AccountForbidden,
    "AccountResourceUnavailable": AccountPartUnavailable,
    "UnknownRequestError": BankUnavailable,
    "ServiceError": BankUnavailable,
    "ConnectionError": BankUnavailable,
}
_BY_SUMMARY: dict[str, type[PayymoError]] = {
    "end user agreement (eua) access scope error": ConsentTooNarrow,
    "no valid end user agreement": ConsentExpired,
    "account suspended": AccountSuspended,
    "ip address access denied": CredentialsRefused,
}
_BY_STATUS: dict[int, type[PayymoError]] = {
    401: CredentialsRefused,
    402: ProviderPlanSpent,
    403: CredentialsRefused,
}
_BY_ACCOUNT_STATUS: dict[str, type[PayymoError]] = {
    "EXPIRED": ConsentExpired,
    "SUSPENDED": AccountSuspended,
}
_OLD_STATUS = 400  # older deployments answered an expired agreement with 400 (actual#3826)


def refusal(status: int, body: object, headers: Mapping[str, str]) -> PayymoError:
    """Return what to raise for an answer that is not 2xx; `body` is None when it was no JSON."""
    if not isinstance(body, Mapping):
        return _without_words(status, headers)
    said = _said(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _too_many(said, body, headers)
    if _agreement_has_expired(status, said):
        return ConsentExpired(said)
    if status == HTTPStatus.CONFLICT and "summary" not in body:  # AccountStateError: the account
        account_status = str(body.get("status"))
        kind = _BY_ACCOUNT_STATUS.get(account_status, AccountNotReady)
        return kind(f"GoCardless: the account's status is {account_status}.")
    kind_named = _named(body)
    if kind_named:
        return kind_named(said)
    return _by_status(status, said, body)


def is_token_refusal(body: object) -> bool:
    """Whether a 401 speaks of our token, not of the account holder's consent."""
    return isinstance(refusal(HTTPStatus.UNAUTHORIZED, body, {}), CredentialsRefused)


def allowance(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """Read what is left for this account and scope; None when a proxy dropped the headers."""
    try:
        limit, remaining, reset = (
            int(headers[ALLOWANCE_HEADER + name]) for name in ("limit", "remaining", "reset")
        )
    except (KeyError, ValueError):
        return None
    left = timedelta(seconds=max(reset, 0))  # a reset that is over comes as a negative number
    return Allowance(limit, max(remaining, 0), (now + left).astimezone(UTC))


def _agreement_has_expired(status: int, said: str) -> bool:
    return status in {401, _OLD_STATUS} and "(EUA)" in said and "has expired" in said


def _named(body: Mapping[str, Any]) -> type[PayymoError] | None:
    """The class that the body's own type or summary stands for."""
    by_type = _BY_TYPE.get(str(body.get("type")))
    return by_type or _BY_SUMMARY.get(str(body.get("summary")).lower())


def _by_status(status: int, said: str, body: Mapping[str, Any]) -> PayymoError:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProviderUnavailable(said)
    kind = _BY_STATUS.get(status)
    if kind:
        return kind(said)
    return RequestRefused(said, fields=_fields(body), missing=status == HTTPStatus.NOT_FOUND)


def _without_words(status: int, headers: Mapping[str, str]) -> PayymoError:
    """The page of a gateway in between: its text is markup, so only its status is told."""
    detail = f"GoCardless answered {status} without JSON."
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ProviderBusy(detail, retry_after=_seconds(headers, GENERAL_HEADER))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ProviderUnavailable(detail)
    return UnreadableAnswer(detail)


def _too_many(said: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> PayymoError:
    """The day's allowance of one account, or the speed of all our calls together."""
    told = re.search(r"try again in (-?\d+) second", said)
    wait = max(int(told[1]), 0) if told else None
    of_the_day = (
        body.get("type") == "RateLimitError"
        or headers.get(ALLOWANCE_HEADER + "remaining") == "0"
        or re.search(r"\d+\s*/\s*(day|24)", said)
    )
    if of_the_day:
        left = _seconds(headers, ALLOWANCE_HEADER)
        known = left if left is not None else wait
        return AllowanceSpent(said, retry_after=_RETRY_UNTOLD if known is None else known)
    left = _seconds(headers, GENERAL_HEADER)
    return ProviderBusy(said, retry_after=left if left is not None else wait)


def _seconds(headers: Mapping[str, str], prefix: str) -> int | None:
    try:
        return max(int(headers[prefix + "reset"]), 0)
    except (KeyError, ValueError):
        return None


def _said(body: Mapping[str, Any]) -> str:
    words = " ".join(word.rstrip(". ") + "." for word in _sentences(body) if word.strip(". "))
    return f"GoCardless: {words}" if words else "GoCardless gave no reason."


def _sentences(value: object) -> Iterator[str]:
    """Every summary and detail, wherever the shape hides it; a field's name goes before its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _sentences(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key in {"summary", "detail"}:
                yield from _sentences(item)
            elif isinstance(item, list | Mapping):
                yield from (f"{key}: {sentence}" for sentence in _sentences(item))


def _fields(body: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(key for key, item in body.items() if isinstance(item, list | Mapping))
