from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.reconciliation.rules.reading import read, says_date
from payymo_api.reconciliation.rules.values import Line
from tests.reconciliation.rules.books import IBAN, line


@pytest.mark.parametrize(
    "text",
    [
        "RE-2026-0071",
        "re 2026/0071",
        "RE20260071",
        "INVOICE:RE2026-0071.",
        "RE-20\n26-0071",
        "RE-2026-\n0071",
        "RE-2026\n0071",
        "Zahlung RE_2026_0071 danke",
    ],
)
def test_a_number_is_read_however_it_is_broken(text: str) -> None:
    assert "RE20260071" in read(line(1, text)).keys


@pytest.mark.parametrize("text", ["RE-2026 and then 0071", "RE-2026     0071", "ARE-2026-00715"])
def test_what_does_not_stand_together_is_no_number(text: str) -> None:
    assert "RE20260071" not in read(line(1, text)).keys


def test_texts_are_not_joined_but_all_are_read() -> None:
    found = read(replace(line(1), texts=("RE-2026", "0071"), end_to_end_id="E2E-99")).keys

    assert {"RE2026", "0071", "E2E99"} <= set(found)
    assert "RE20260071" not in found


@pytest.mark.parametrize(
    "text",
    [
        IBAN,
        "DE89 3704 0044 0532 0130 00",
        "de89370400440532013000",
        "IBAN: DE89370400440532013000 BIC COBADEFF",
        "svwz+danke iban DE893704\n00440532013000",
        "DE89 3704 0044\n0532 0130 00 Nordwald",
    ],
)
def test_accounts_are_read_from_broken_texts(text: str) -> None:
    assert read(line(1, text)).accounts == (IBAN,)


@pytest.mark.parametrize("text", ["DE88370400440532013000", "DE8937040044053201300", "XX89 3704"])
def test_an_account_needs_its_check_digits_and_length(text: str) -> None:
    assert read(line(1, text)).accounts == ()


def test_the_counterparty_s_account_comes_first_spelt_one_way() -> None:
    other = "NL91ABNA0417164300"
    found = read(line(1, f"from {IBAN}", counterparty_account="nl91 abna 0417 1643 00"))

    assert found.accounts == (other, IBAN)


def test_parts_of_an_account_are_no_numbers() -> None:
    found = read(line(1, "IBAN DE89 3704 0044 0532 0130 00 Rechnung 4711")).keys

    assert "4711" in found
    assert not {"3704", "0044", "37040044", "0532", "DE893704"} & set(found)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Miete vom 04.05.2026", date(2026, 5, 4)),
        ("Miete vom 4.5.", date(2026, 5, 4)),
        ("rent 2026-05-04", date(2026, 5, 4)),
        ("loyer 04/05/26", date(2026, 5, 4)),
        ("hyra 4-5-2026", date(2026, 5, 4)),
    ],
)
def test_days_are_read(text: str, day: date) -> None:
    assert says_date(read(line(1, text)), day)
    assert not says_date(read(line(1, text)), day.replace(day=5))


@pytest.mark.parametrize("text", ["41.15.2026", "4711/4/5", "1 200,50", "4711-15"])
def test_what_is_no_day_of_a_calendar_is_none(text: str) -> None:
    assert not read(line(1, text)).dates & {(2026, 5, 4), (None, 5, 4), (2026, 15, 41)}


@pytest.mark.parametrize(
    ("text", "month"),
    [("Miete Mai", 5), ("loyer août", 8), ("lokalhyra FEBRUARI", 2), ("czynsz październik", 10)],
)
def test_months_are_read_in_many_languages(text: str, month: int) -> None:
    assert read(line(1, text)).months == {month}


@given(st.lists(st.text(max_size=80), max_size=3), st.text(max_size=30), st.text(max_size=40))
def test_any_line_is_read(texts: list[str], name: str, account: str) -> None:
    said = replace(
        line(1), texts=tuple(texts), counterparty_name=name, counterparty_account=account
    )

    assert read(said) == read(said)


def test_a_line_without_anything_is_read() -> None:
    bare = Line(line(1).id, 1, "EUR", date(2026, 5, 4))

    assert not read(bare).keys
    assert not read(bare).accounts


def test_parts_of_a_day_are_no_numbers() -> None:
    found = read(line(1, "RE-77 vom 04.05.2026"))

    assert "RE77" in found.keys
    assert not {"2026", "0405"} & set(found.keys)
    assert [digits for _, _, digits in found.numbers] == ["77"]
    assert "2026" in read(line(1, "vom 04.05.2026 fuer 2026")).keys
