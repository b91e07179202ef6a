"""Whatever the order of readings, consents and files: the ledger is that of one reading of all.

The same ledger means: as many live lines of each status, amount and day, and each in the words of
the source that tells it best (`rules.line.RANKS`; of one source, those it told last). What a lesser
source adds where that one is silent is not compared: it may belong to a twin.
"""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payymo_api.banking.repository import AccountRepository
from payymo_api.banking.rules.line import Line
from payymo_api.banking.rules.merge import told_in_full
from payymo_api.banking.service.merging import Telling, keep
from payymo_api.core.types import AccountId, TransactionId, parse_public_id
from tests.banking.conftest import ACCOUNTS, Office
from tests.banking.tellings import END, START, Bank, Ledger, Step, a_bank, a_plan


def play(
    bank: Bank, plan: list[Step], chance: Random
) -> tuple[Ledger, list[list[Line]], dict[TransactionId, tuple[int, object]]]:
    """Follow the plan; return the ledger, the files that came, and what was matched meanwhile."""
    ledger, today, consent = Ledger(), 0, 0
    files: list[list[Line]] = []
    matched: dict[TransactionId, tuple[int, object]] = {}
    for call, step in enumerate(plan):
        today = min(today + step.days, END)
        first = max(today - step.back, -5)
        if step.kind == "reauthorize":
            consent += 1
        elif step.kind == "sync":
            lines = bank.feed(today, first, consent, call)
            chance.shuffle(lines)
            ledger.read_feed(lines, first, today)
        else:
            lines = bank.file(step.kind, today, first, today - 1)
            chance.shuffle(lines)
            files.append(lines)
            ledger.read_file(lines)
        for row in ledger.rows:
            if row.booked and chance.random() < 0.5:
                matched.setdefault(row.id, (row.amount_minor, row.booked_on))
        assert_nothing_doubled(bank, ledger, today)
    lines = bank.feed(END, -5, consent, len(plan))
    chance.shuffle(lines)
    ledger.read_feed(lines, -5, END)
    return ledger, files, matched


def assert_nothing_doubled(bank: Bank, ledger: Ledger, today: int) -> None:
    """At no time are there more lines of an amount than payments that have been told of.

    A pending line with the wrong sign is nobody's booking: it stands until the feed leaves it out.
    """
    told = [each for each in bank.payments if each.booked - (each.pending or 0) <= today]
    rows = [row for row in ledger.rows if row.booked or bank.pending != "no sign"]
    assert Counter(row.amount_minor for row in rows) <= Counter(each.minor for each in told)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_interleaving_gives_the_ledger_of_one_reading(chance: Random) -> None:
    bank, plan = a_bank(chance), a_plan(chance)
    ledger, files, matched = play(bank, plan, chance)

    truth = Counter((True, each.minor, START + timedelta(each.booked)) for each in bank.payments)
    assert ledger.money() == truth
    whole = Ledger()
    whole.read_feed(bank.feed(END, -5, 0, 0), -5, END)
    for lines in files:
        whole.read_file(lines)
    assert ledger.words() == whole.words()
    live = {row.id: (row.amount_minor, row.booked_on) for row in ledger.rows}
    assert matched.items() <= live.items()


@pytest.mark.parametrize("seed", range(10))
async def test_the_database_holds_what_the_rules_say(office: Office, seed: int) -> None:
    """The same plans through the service and PostgreSQL."""
    chance = Random(seed)  # noqa: S311  repeatable on purpose
    bank, plan = a_bank(chance), a_plan(chance)
    id = await _account(office)
    today = consent = 0
    for call, step in enumerate([*plan, Step("sync", END, END + 5)]):
        today = min(today + step.days, END)
        first = max(today - step.back, -5)
        consent += step.kind == "reauthorize"
        if step.kind == "sync":
            await _tell(office, id, bank.feed(today, first, consent, call), (first, today))
        elif step.kind != "reauthorize":
            await _tell(office, id, bank.file(step.kind, today, first, today - 1), None)

    found = Counter(
        (each["status"], each["amount_minor"], each["booked_on"]) for each in await office.lines()
    )
    assert found == Counter(
        ("booked", each.minor, (START + timedelta(each.booked)).isoformat())
        for each in bank.payments
    )


async def _account(office: Office) -> AccountId:
    body = {"name": "Current account", "currency": "EUR", "other_id": "1"}
    made = await office.client.post(ACCOUNTS, json=body)
    return AccountId(parse_public_id("bacc", made.json()["id"]))


async def _tell(
    office: Office, id: AccountId, lines: list[Line], asked: tuple[int, int] | None
) -> None:
    if not lines and asked is None:
        return
    days = [line.booked_on for line in lines]
    window, edges = None, [min(days, default=START), max(days, default=START)]
    if asked:
        start, end = (START + timedelta(day) for day in asked)
        window, edges = told_in_full(start, end, lines), [min([start, *days]), max([end, *days])]
    async with office.database.scope(office.someone.tenant_id) as scope:
        account = await AccountRepository(scope).get_locked(id)
        telling = Telling(lines, edges[0], edges[1], window, in_bulk=True)
        await keep(scope, account, telling)
