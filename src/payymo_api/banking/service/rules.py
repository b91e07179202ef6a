"""Category rules as callers keep them and try them, and what was remembered beside them."""

from collections.abc import Sequence
from typing import Final

from payymo_api.banking.errors import TooManyRules
from payymo_api.banking.models import CategoryRule
from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.repository import labels as stored
from payymo_api.banking.repository.categories import MemoryRepository, RuleRepository
from payymo_api.banking.repository.labels import Labelled
from payymo_api.banking.rules.categorising import Facts, Rule, Rulebook
from payymo_api.banking.schemas.categories import (
    PreviewAnswer,
    PreviewLine,
    PreviewRequest,
    RuleAnswer,
    RuleRequest,
)
from payymo_api.banking.service.categorising import BATCH, recall
from payymo_api.core.db import Scope
from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.types import MemoryId, RuleId, new_id
from payymo_api.edge.etag import IfMatch

MOST_RULES: Final = 500
MOST_LOOKED_AT: Final = 20_000
"""A preview answers at once, so it looks at the newest lines only."""


async def create_rule(scope: Scope, request: RuleRequest) -> CategoryRule:
    """Make a rule; TooManyRules when there are MOST_RULES (or, made at once, a few more)."""
    rules = RuleRepository(scope)
    await _check_account(scope, request)
    if await rules.count() >= MOST_RULES:
        raise TooManyRules(f"There are {MOST_RULES} rules.")
    row = rules.add(CategoryRule(id=RuleId(new_id()), **dict(request)))
    await scope.session.flush()
    await scope.session.refresh(row)
    return row


async def replace_rule(
    scope: Scope, id: RuleId, request: RuleRequest, if_match: IfMatch
) -> CategoryRule:
    row = await RuleRepository(scope).get_locked(id)
    if_match.check(RuleAnswer.model_validate(row))
    await _check_account(scope, request)
    for name, value in request:
        setattr(row, name, value)
    await scope.session.flush()
    await scope.session.refresh(row)
    return row


async def delete_rule(scope: Scope, id: RuleId) -> None:
    """Lines keep the category that the rule gave them, until rules are applied to the past."""
    await scope.session.delete(await RuleRepository(scope).get_locked(id))


async def forget(scope: Scope, id: MemoryId) -> None:
    await scope.session.delete(await MemoryRepository(scope).get_locked(id))


async def _check_account(scope: Scope, request: RuleRequest) -> None:
    if request.account_id:
        await AccountRepository(scope).referenced(request.account_id, "/account_id")


async def preview(scope: Scope, request: PreviewRequest) -> PreviewAnswer:
    """Tell which lines would change their category if the rule were there, the newest first."""
    await _check_account(scope, request)
    others = await RuleRepository(scope).enabled()
    asked = {name: value for name, value in request if name not in {"lines", "name", "enabled"}}
    trial = Rule(id=new_id(), **asked)
    found: list[Labelled] = []
    place, looked_at, is_complete = None, 0, False
    while looked_at < MOST_LOOKED_AT and not is_complete:
        rows = await stored.before(scope, place, BATCH)
        found += await _changed(scope, rows, trial, others)
        looked_at += len(rows)
        is_complete = len(rows) < BATCH
        place = (rows[-1].booked_on, rows[-1].id) if rows else None
    return PreviewAnswer(
        count=len(found),
        looked_at=looked_at,
        is_complete=is_complete,
        lines=[_line(each) for each in found[: request.lines]],
    )


async def _changed(
    scope: Scope, rows: Sequence[Labelled], trial: Rule, others: Sequence[Rule]
) -> list[Labelled]:
    """Return the lines of which the rule would decide, and otherwise than was decided."""
    alone, all_rules = Rulebook([trial]), Rulebook([*others, trial])
    fitting = [
        (row, facts)
        for row in rows
        if row.category_source != "user" and row.category != trial.category
        if alone.find(facts := Facts.of(row, row.account_id))
    ]
    remembered = await recall(scope, [facts for _, facts in fitting])
    return [
        row
        for row, facts in fitting
        if facts.counterparty not in remembered and all_rules.find(facts) is trial
    ]


def _line(row: Labelled) -> PreviewLine:
    shown = {name: getattr(row, name, None) for name in PreviewLine.model_fields}
    money = money_fields(Money(row.amount_minor, row.currency))
    return PreviewLine.model_validate(shown | money | {"transaction_id": row.id})
