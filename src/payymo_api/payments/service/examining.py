"""What a key opens: asked of Stripe at once, so that nobody finds out later."""

import asyncio
from dataclasses import dataclass

from payymo_api.core.errors import FieldError, ValidationFailed
from payymo_api.payments.errors import KeyUnfit, StripeKeyRefused, StripeScopeMissing
from payymo_api.payments.gateway import StripeAccount
from payymo_api.payments.rules.keys import NEEDED, KeyNature, nature
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.service.accounts import Stripes

_AT = "/secret_key"


@dataclass(frozen=True, slots=True)
class Profile:
    """The account behind a key or a grant."""

    account_id: str
    name: str | None
    country: str | None
    default_currency: str | None


@dataclass(frozen=True, slots=True)
class ExaminedKey:
    secret: str
    nature: KeyNature
    profile: Profile


async def examine(stripes: Stripes, secret: str) -> ExaminedKey:
    """Return whose key it is; KeyUnfit if it does not open all that we need."""
    kind = nature(secret)
    if kind is None:
        raise KeyUnfit.at(_AT, "not_a_secret_key", "A key starts with rk_test_, rk_live_ or sk_…")
    told = await _opened(stripes.by_key(secret))
    missing = [NEEDED[path].permission for path in NEEDED if path not in told]
    if missing:
        raise _lacking(missing)
    if told["balance"]["livemode"] is not kind.livemode:
        raise KeyUnfit.at(_AT, "other_mode", "Stripe says that the key is of the other mode.")
    return ExaminedKey(secret, kind, profile(told["account"]))


async def _opened(account: StripeAccount) -> dict[str, Raw]:
    """Return what the key may read of NEEDED, all asked at once."""
    asked = (account.fetch(path, needed.params) for path, needed in NEEDED.items())
    answers = await asyncio.gather(*asked, return_exceptions=True)
    told: dict[str, Raw] = {}
    for path, answer in zip(NEEDED, answers, strict=True):
        if isinstance(answer, StripeKeyRefused):
            raise KeyUnfit.at(_AT, "refused", answer.detail) from answer
        if isinstance(answer, BaseException):
            if not isinstance(answer, StripeScopeMissing):
                raise answer
        else:
            told[path] = answer
    return told


def _lacking(names: list[str]) -> ValidationFailed:
    return KeyUnfit(
        f"The key lacks the permission to read {', '.join(names)}.",
        errors=[
            FieldError(_AT, "missing_permission", f"Give the key: {name}, read.") for name in names
        ],
    )


def profile(account: Raw) -> Profile:
    """Read Stripe's account object."""
    business = (account.get("business_profile") or {}).get("name")
    dashboard = (account.get("settings") or {}).get("dashboard") or {}
    currency = account.get("default_currency")
    return Profile(
        account_id=account["id"],
        name=business or dashboard.get("display_name") or account.get("email"),
        country=account.get("country"),
        default_currency=currency.upper() if currency else None,
    )
