from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.banking.rules.categories import DEFAULT_CATEGORIES
from payymo_api.banking.rules.categorising import Facts, Rule, Rulebook, decide, words

ACCOUNT = UUID(int=1)
IBAN = "DE89370400440532013000"


def facts(text: str = "", **more: Any) -> Facts:  # noqa: ANN401  fields of Facts
    shown = f"\n {words(text)} \n {words(more.pop('reference', ''))} \n"
    name = more.pop("name", "")
    values = {"account_id": ACCOUNT, "amount_minor": -1000, "currency": "GBP", "iban": None}
    told: dict[str, Any] = {"merchant": name or text or None, **values, **more}
    return Facts(text=shown, name=words(name), **told)


def rule(category: str = "found", priority: int = 100, **more: Any) -> Rule:  # noqa: ANN401  any JSON value
    return Rule(id=more.pop("id", uuid4()), category=category, priority=priority, **more)


@pytest.mark.parametrize(
    ("conditions", "line", "fits"),
    [
        ({"text": "amzn mktp"}, facts("AMZN*Mktp UK"), True),
        ({"text": "zn mk"}, facts("AMZN*Mktp UK"), True),
        ({"text": "zn mk", "text_match": "words"}, facts("AMZN*Mktp UK"), False),
        ({"text": "MKTP UK", "text_match": "words"}, facts("AMZN*Mktp UK"), True),
        ({"text": "Amzn", "text_match": "starts_with"}, facts("AMZN*Mktp UK"), True),
        ({"text": "mktp", "text_match": "starts_with"}, facts("AMZN*Mktp UK"), False),
        ({"text": "inv", "text_match": "starts_with"}, facts("x", reference="INV-7"), True),
        ({"text": "uk inv"}, facts("AMZN UK", reference="INV-7"), False),
        ({"counterparty_name": "STRASSE"}, facts(name="Bäckerei Straße 7"), True),
        ({"counterparty_name": "metro"}, facts(name="Bäckerei"), False),
        ({"counterparty_iban": IBAN}, facts(iban=IBAN), True),
        ({"counterparty_iban": IBAN}, facts(), False),
        ({"min_amount_minor": 1000, "max_amount_minor": 1000}, facts(), True),
        ({"min_amount_minor": 1001}, facts(), False),
        ({"max_amount_minor": 999}, facts(), False),
        ({"currency": "EUR"}, facts(), False),
        ({"account_id": ACCOUNT}, facts(), True),
        ({"account_id": uuid4()}, facts(), False),
        ({"direction": "out"}, facts(), True),
        ({"direction": "in"}, facts(), False),
        ({"text": "uk", "direction": "in"}, facts("uk"), False),
    ],
)
def test_all_conditions_must_hold(conditions: dict[str, Any], line: Facts, fits: bool) -> None:  # noqa: FBT001
    found = Rulebook([rule(**conditions)]).find(line)
    assert (found is not None) == fits


_RULES = st.lists(
    st.builds(
        rule,
        category=st.sampled_from("abc"),
        priority=st.integers(1, 3),
        id=st.uuids(),
        text=st.sampled_from([None, "rent", "office", "nothing"]),
        counterparty_iban=st.sampled_from([None, IBAN, "GB33BUKB20201555555555"]),
        direction=st.sampled_from([None, "in", "out"]),
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@given(_RULES, st.randoms(use_true_random=False))
def test_the_least_priority_and_id_decides_in_whatever_order_rules_come(
    rules: list[Rule],
    random: Any,  # noqa: ANN401  hypothesis' Random
) -> None:
    line = facts("Office Rent March", iban=IBAN)
    fitting = [each for each in rules if Rulebook([each]).find(line)]
    shuffled = random.sample(rules, len(rules))

    found = Rulebook(shuffled).find(line)

    assert found == min(fitting, key=lambda each: (each.priority, each.id), default=None)


def test_the_first_that_knows_decides() -> None:
    line = facts("Office rent", name="Landlord Ltd")
    memory = {("merchant", "landlord ltd", "out"): "remembered"}
    book, empty = Rulebook([rule(text="rent")]), Rulebook([])

    decided = [
        decide(line, book, memory),
        decide(line, book, {}),
        decide(line, empty, {}, is_transfer=True),
        decide(line, empty, {}),
        decide(facts("something", name="Somebody"), empty, {}),
    ]

    assert [(each.category, each.category_source) for each in decided] == [
        ("remembered", "memory"),
        ("found", "rule"),
        ("transfer.internal", "transfer"),
        ("rent.office", "default"),
        (None, None),
    ]


def test_an_iban_is_remembered_before_a_name_and_each_direction_by_itself() -> None:
    line = facts(name="Acme Ltd", iban=IBAN)
    by_name = {("merchant", "acme ltd", "out"): "a"}
    other_way = {("iban", IBAN, "in"): "b"}

    assert decide(line, Rulebook([]), by_name | other_way).category is None
    assert decide(line, Rulebook([]), {("iban", IBAN, "out"): "c"}).category == "c"


@pytest.mark.parametrize(
    ("line", "category"),
    [
        (facts("MONTHLY ACCOUNT FEE"), "bank.fees"),
        (facts("Entgeltabschluss 30.09."), "bank.fees"),
        (facts("Quarterly payment", name="HMRC VAT"), "taxes.vat"),
        (facts("Erstattung", name="Finanzamt Mitte", amount_minor=500), "taxes"),
        (facts("STRIPE PAYOUT", name="Stripe Payments Europe", amount_minor=500), "income.payouts"),
        (facts("", name="Stripe Payments Europe"), None),
        (facts("PayPal says thanks", name="Jane Doe", amount_minor=500), None),
        (facts("Salary March", amount_minor=500), None),
        (facts("Salary March"), "payroll.wages"),
    ],
)
def test_hints_are_few_and_sure(line: Facts, category: str | None) -> None:
    label = decide(line, Rulebook([]), {})

    assert label.category == category
    assert label.category_source == ("default" if category else None)


def test_the_default_tree_is_one_tree() -> None:
    codes = {each.code for each in DEFAULT_CATEGORIES}
    assert len(codes) == len(DEFAULT_CATEGORIES)
    assert {each.parent for each in DEFAULT_CATEGORIES} - {None} <= codes
    assert {"office.supplies", "transfer.internal", "bank.fees"} <= codes
