"""How a tenant wants to be matched."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from typing import Any

from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.fields import money_fields, read_amount
from payymo_api.core.money import InvalidAmount, Money
from payymo_api.edge.etag import IfMatch
from payymo_api.reconciliation.models import MatchingSettings
from payymo_api.reconciliation.repository.settings import SettingsRepository
from payymo_api.reconciliation.rules.values import Policy
from payymo_api.reconciliation.schemas.settings import (
    SettingsAnswer,
    SettingsRequest,
    WriteOffLimit,
    WriteOffLimitAnswer,
)


async def read(scope: Scope) -> SettingsAnswer:
    return _answer(await SettingsRepository(scope).kept())


async def replace(scope: Scope, request: SettingsRequest, if_match: IfMatch) -> SettingsAnswer:
    settings = SettingsRepository(scope)
    await settings.hold()
    if_match.check(_answer(await settings.kept()))
    limits = [_limit(place, each) for place, each in enumerate(request.write_off_limits)]
    kept = request.model_dump(exclude={"write_off_limits"})
    await settings.save({**kept, "write_off_limits": limits})
    return _answer(await settings.kept())


async def policies(scope: Scope) -> Callable[[str], Policy]:
    """Return what gives the policy that the engine goes by for documents in a currency."""
    found = await read(scope)
    return cache(partial(_policy, found))


def _policy(found: SettingsAnswer, currency: str) -> Policy:
    return Policy(
        automatic=found.automatic,
        least_probability=float(found.least_probability),
        least_margin=float(found.least_margin),
        write_off_limits={
            each.reason: each.amount_minor
            for each in found.write_off_limits
            if each.currency == currency
        },
    )


def _limit(place: int, given: WriteOffLimit) -> dict[str, Any]:
    pointer = f"/write_off_limits/{place}/amount"
    try:
        limit = read_amount(given.amount, given.amount_minor, given.currency)
    except InvalidAmount as error:
        raise ValidationFailed.at(pointer, "invalid_amount", str(error)) from error
    if limit.minor < 0:
        raise ValidationFailed.at(pointer, "invalid_amount", "A limit is not negative.")
    return {"reason": given.reason, "amount_minor": limit.minor, "currency": limit.currency}


def _answer(row: MatchingSettings | None) -> SettingsAnswer:
    if row is None:
        usual = Policy()
        return SettingsAnswer(
            automatic=usual.automatic,
            least_probability=Decimal(str(usual.least_probability)),
            least_margin=Decimal(str(usual.least_margin)),
            write_off_limits=[],
        )
    return SettingsAnswer(
        automatic=row.automatic,
        least_probability=row.least_probability.normalize(),
        least_margin=row.least_margin.normalize(),
        write_off_limits=[_limit_answer(each) for each in row.write_off_limits],
    )


def _limit_answer(kept: dict[str, Any]) -> WriteOffLimitAnswer:
    money = Money(kept["amount_minor"], kept["currency"])
    return WriteOffLimitAnswer(reason=kept["reason"], **money_fields(money))
