from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.engine import Document, Ground, decide
from payymo_api.reconciliation.rules.text import name_words, named
from payymo_api.reconciliation.rules.values import Line

IBAN = "DE89370400440532013000"
HARBOUR, OTHER = UUID(int=1), UUID(int=2)
INVOICE = Document(
    id=UUID(int=10),
    kind="invoice",
    number="INV-2026-0042",
    creditor_reference="RF18 5390 0754 7034",
    open=10000,
    currency="GBP",
    issued_on=date(2026, 1, 5),
    customer=HARBOUR,
    customer_names=("Harbour Foods Ltd", "Harbour"),
)
SECOND = replace(INVOICE, id=UUID(int=11), number="INV-2026-0043", open=5000)
LINE = Line(
    id=UUID(int=20), amount=10000, currency="GBP", booked_on=date(2026, 1, 20), texts=("payment",)
)
KNOWN = {IBAN: {HARBOUR}}


def keys(*texts: str) -> set[str]:
    return {each.key for each in named(texts)}


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-0042",
        "your inv 2026/0042, thanks",
        "Inv.2026.0042",
        "RE:INV20260042",
        "PAYMENT INV-2026-00 42 REF X",
        "INV-2\n026-0042",
        "INV-2026-0041/INV-2026-0042",
        "RF18539007547034",
        "/RFB/RF18 5390 0754 7034",
    ],
)
def test_posts_the_exact_amount_of_a_named_document(text: str) -> None:
    line = replace(LINE, texts=("nothing", text))

    (decision,) = decide([line], [INVOICE], {})

    assert decision.ground is Ground.NUMBER
    assert decision.documents == (INVOICE,)
    assert "INV-2026-0042" in decision.evidence[0]


@pytest.mark.parametrize(
    "text", ["INV-2026-00421", "XINV-2026-0042", "INV-2026-0042-1", "2026-0042", "INV 2026"]
)
def test_a_longer_or_shorter_number_is_another_one(text: str) -> None:
    assert decide([replace(LINE, texts=(text,))], [INVOICE], {}) == []


@pytest.mark.parametrize("number", ["7", "A1", "2026", "MARCH"])
def test_a_number_that_any_text_may_hold_names_nothing(number: str) -> None:
    document = replace(INVOICE, number=number, creditor_reference=None)

    assert decide([replace(LINE, texts=(f"rent {number}",))], [document], {}) == []


def test_several_named_documents_whose_sum_is_the_amount() -> None:
    line = replace(LINE, amount=15000, texts=("INV-2026-0042 + INV-2026-0043",))

    (decision,) = decide([line], [INVOICE, SECOND], {})

    assert decision.documents == (INVOICE, SECOND)


@pytest.mark.parametrize(
    "document",
    [
        replace(INVOICE, open=9999),
        replace(INVOICE, open=0),
        replace(INVOICE, currency="EUR"),
        replace(INVOICE, kind="credit_note"),
    ],
)
def test_a_named_document_that_does_not_fit_stops_everything(document: Document) -> None:
    rightful = replace(SECOND, open=10000)
    line = replace(
        LINE, texts=("INV-2026-0042",), counterparty_name="Harbour", counterparty_account=IBAN
    )

    assert decide([line], [document, rightful], KNOWN) == []


def test_a_number_of_two_customers_means_the_one_who_pays() -> None:
    twin = replace(INVOICE, id=UUID(int=12), customer=OTHER, customer_names=("Other GmbH",))
    line = replace(LINE, texts=("INV-2026-0042",))

    assert decide([line], [INVOICE, twin], {}) == []
    (decision,) = decide([replace(line, counterparty_name="OTHER gmbh")], [INVOICE, twin], {})
    assert decision.documents == (twin,)


def test_documents_of_two_customers_are_not_one_payment() -> None:
    line = replace(LINE, amount=15000, texts=("INV-2026-0042 INV-2026-0043",))

    assert decide([line], [INVOICE, replace(SECOND, customer=OTHER)], {}) == []


def test_a_known_account_pays_the_only_fitting_document() -> None:
    line = replace(LINE, counterparty_account=IBAN)

    (decision,) = decide([line], [INVOICE, SECOND], KNOWN)

    assert decision.ground is Ground.ACCOUNT
    assert decision.documents == (INVOICE,)


@pytest.mark.parametrize(
    ("payers", "others"),
    [
        ({IBAN: {HARBOUR, OTHER}}, ()),
        (KNOWN, (replace(SECOND, open=10000),)),
        ({IBAN: {OTHER}}, ()),
        ({}, ()),
    ],
)
def test_an_account_that_may_mean_two_posts_nothing(
    payers: dict[str, set[UUID]], others: tuple[Document, ...]
) -> None:
    assert decide([replace(LINE, counterparty_account=IBAN)], [INVOICE, *others], payers) == []


@pytest.mark.parametrize(
    "name", ["HARBOUR FOODS LIMITED", "Foods, Harbour", "harbour", "Härbour Foods"]
)
def test_the_customers_name_and_a_unique_amount(name: str) -> None:
    (decision,) = decide([replace(LINE, counterparty_name=name)], [INVOICE, SECOND], {})

    assert decision.ground is Ground.NAME


@pytest.mark.parametrize("name", ["Harbour Lights", "Ltd", "", "Foods"])
def test_another_name_is_another_payer(name: str) -> None:
    assert decide([replace(LINE, counterparty_name=name)], [INVOICE], {}) == []


def test_a_name_yields_to_what_the_account_says() -> None:
    line = replace(LINE, counterparty_name="Harbour", counterparty_account=IBAN)

    assert decide([line], [INVOICE], {IBAN: {OTHER}}) == []


def test_a_payment_before_the_invoice_was_for_something_else() -> None:
    line = replace(LINE, counterparty_account=IBAN, booked_on=date(2026, 1, 4))

    assert decide([line], [INVOICE], KNOWN) == []


def test_an_unknown_number_of_the_same_series_stops_weaker_grounds() -> None:
    line = replace(LINE, counterparty_account=IBAN, texts=("INV-2025-0007",))

    assert decide([line], [INVOICE], KNOWN) == []


def test_amounts_tell_nothing_in_a_crowd_but_numbers_do() -> None:
    crowd = {("GBP", 10000)}
    anonymous = replace(LINE, counterparty_account=IBAN)
    naming = replace(LINE, texts=("INV-2026-0042",))

    assert decide([anonymous], [INVOICE], KNOWN, crowd) == []
    assert len(decide([naming], [INVOICE], KNOWN, crowd)) == 1


def test_two_lines_on_equal_grounds_are_left_to_a_person() -> None:
    line = replace(LINE, texts=("INV-2026-0042",))

    assert decide([line, replace(line, id=UUID(int=21))], [INVOICE], {}) == []


def test_the_line_that_names_the_document_wins_over_one_that_only_fits() -> None:
    naming = replace(LINE, texts=("INV-2026-0042",))
    fitting = replace(LINE, id=UUID(int=21), counterparty_account=IBAN)

    (decision,) = decide([fitting, naming], [INVOICE], KNOWN)

    assert decision.line == naming.id


def test_money_out_settles_nothing() -> None:
    assert decide([replace(LINE, amount=-10000, texts=("INV-2026-0042",))], [INVOICE], {}) == []


documents = st.builds(
    Document,
    id=st.uuids(),
    kind=st.sampled_from(["invoice", "credit_note"]),
    number=st.sampled_from(["INV-1001", "INV-1002", "INV-1003", "10001"]),
    creditor_reference=st.sampled_from([None, "RF18539007547034"]),
    open=st.sampled_from([0, 100, 200, 300]),
    currency=st.sampled_from(["GBP", "EUR"]),
    issued_on=st.just(date(2026, 1, 5)),
    customer=st.sampled_from([None, HARBOUR, OTHER]),
    customer_names=st.sampled_from([(), ("Harbour",), ("Other Ltd",)]),
)
lines = st.builds(
    Line,
    id=st.uuids(),
    amount=st.sampled_from([-100, 100, 200, 300]),
    currency=st.sampled_from(["GBP", "EUR"]),
    booked_on=st.just(date(2026, 1, 20)),
    texts=st.lists(st.sampled_from(["INV-1001", "INV 1002", "10001", "thanks"])).map(tuple),
    counterparty_name=st.sampled_from([None, "HARBOUR", "Other"]),
    counterparty_account=st.sampled_from([None, IBAN]),
)


@given(st.lists(lines), st.lists(documents), st.sampled_from([{}, KNOWN]))
def test_never_settles_a_document_twice_nor_anything_but_exactly(
    found: list[Line], given_documents: list[Document], payers: dict[str, set[UUID]]
) -> None:
    decisions = decide(found, given_documents, payers)

    taken = [document.id for each in decisions for document in each.documents]
    amounts = {line.id: (line.amount, line.currency) for line in found}
    assert len(taken) == len(set(taken))
    for each in decisions:
        assert {document.kind for document in each.documents} == {"invoice"}
        (currency,) = {document.currency for document in each.documents}
        assert (sum(document.open for document in each.documents), currency) == amounts[each.line]


@given(st.lists(lines), st.lists(documents))
def test_the_order_of_what_is_given_changes_nothing(
    found: list[Line], given_documents: list[Document]
) -> None:
    forward = decide(found, given_documents, KNOWN)
    backward = decide(found[::-1], given_documents[::-1], KNOWN)

    assert {each.line for each in forward} == {each.line for each in backward}


def test_words_are_joined_and_texts_are_not() -> None:
    assert "INV1001" in keys("INV 10 01")
    assert "INV1001" not in keys("INV", "1001")


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    named([text])
    name_words(text)
