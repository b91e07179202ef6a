"""CSV: what is found out of a file, what is asked, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest

from payymo_api.banking.errors import MappingMisfit, StatementUnreadable
from payymo_api.banking.schemas.mappings import CsvMapping, DateOrder, DecimalMark
from payymo_api.banking.statements import Statement
from payymo_api.banking.statements.csv_guess import Guess, guess
from payymo_api.banking.statements.csv_sheet import read_sheet
from payymo_api.banking.statements.csv_statement import read_csv
from payymo_api.banking.statements.csv_values import amount, day, marks, orders

GERMAN = """Girokonto;DE89 3704 0044 0532 0130 00

Buchungstag;Wertstellung;Auftraggeber/Empfänger;Verwendungszweck;IBAN;Betrag (€);Saldo
15.10.2026;15.10.2026;Müller GmbH;Rechnung 42;DE02120300000000202051;1.234,56;2.000,00
13.10.2026;14.10.2026;Stadtwerke;"Strom
Oktober";DE02500105170137075030;-34,50;765,44
Kontostand;15.10.2026;;;;;2.000,00
""".encode("cp1252")
BRITISH = b"""Date,Type,Description,Paid out,Paid in,Balance
14 Oct 2026,CARD,TESCO,12.00,,88.00
15 Oct 2026,BACS,=HYPERLINK(1),,"1,005.00","1,093.00"
"""
MAPPING = {"delimiter": ",", "booked_on": "Date", "amount": "Amount"}


def guessed(content: bytes, places: int = 2) -> Guess:
    return guess(read_sheet(content), places)


def mapping_of(content: bytes) -> CsvMapping:
    found = guessed(content).mapping
    assert found is not None
    return found


def read(content: bytes, mapping: CsvMapping | None = None, currency: str = "EUR") -> Statement:
    reading = read_csv(content, mapping or mapping_of(content), currency, None)
    assert reading.problems == ()
    return reading.statement


def refused(content: bytes, **fields: object) -> str:
    """Return the first reason why the file is refused."""
    mapping = CsvMapping.model_validate({**MAPPING, "date_order": "ymd", "decimal": ".", **fields})
    try:
        return read_csv(content, mapping, "EUR", None).problems[0]
    except StatementUnreadable as error:
        return error.detail


def test_preamble_footer_quoted_newlines_and_umlauts_are_read() -> None:
    found = read(GERMAN)

    assert found.account.iban == "DE89370400440532013000"
    first, second = found.lines
    assert (first.amount.minor, first.booked_on) == (123456, date(2026, 10, 15))
    assert (first.counterparty_name, first.counterparty_iban) == (
        "Müller GmbH",
        "DE02120300000000202051",
    )
    assert (second.description, second.value_on) == ("Strom Oktober", date(2026, 10, 14))
    assert second.raw["line"] == 5
    assert (found.opening, found.closing) != (None, None)
    assert [str(each.amount) for each in found.balances] == ["799.94", "2000.00"]
    assert [each.code for each in found.warnings] == ["rows_left_out"]


def test_two_columns_of_money_and_formula_like_text_come_out_as_they_are() -> None:
    found = read(BRITISH)

    assert [line.amount.minor for line in found.lines] == [-1200, 100500]
    assert found.lines[1].description == "=HYPERLINK(1)"
    assert found.warnings == ()


def test_each_guess_has_its_reason() -> None:
    found = guessed(GERMAN)
    reasons = {(each.field, each.column): each.confidence for each in found.reasons}

    assert reasons["date_order", "Buchungstag"] == "certain"
    assert reasons["booked_on", "Buchungstag"] == "likely"
    assert reasons["amount", "Betrag (€)"] == "likely"
    assert all(each.detail for each in found.reasons)
    assert found.questions == ()


def test_dates_that_can_be_two_are_asked_and_never_guessed() -> None:
    content = b"Date,Amount,Text\n01/02/2026,-5.00,a\n03/04/2026,7.00,b\n"
    found = guessed(content)

    assert found.mapping is not None
    assert found.mapping.date_order is None
    [question] = found.questions
    assert (question.field, question.choices) == ("date_order", ("dmy", "mdy"))
    with pytest.raises(StatementUnreadable) as caught:
        read_csv(content, found.mapping, "EUR", None)
    assert "date_order" in caught.value.detail


def test_one_date_decides_for_the_whole_file() -> None:
    content = b"Date,Amount,Value date,Text\n01/02/2026,-5.00,02/13/2026,a\n"

    assert mapping_of(content).date_order == "mdy"


def test_thousands_or_decimals_are_asked_where_the_currency_leaves_it_open() -> None:
    content = b"Date;Amount;Text\n2026-10-01;-1,234;a\n"
    [question] = guessed(content, places=3).questions

    assert (question.field, question.choices) == ("decimal", (".", ","))
    assert mapping_of(content).decimal == "."


def test_amounts_that_are_all_positive_are_asked_for_their_sign() -> None:
    content = b"Date,Amount,Text\n2026-10-01,5.00,a\n2026-10-02,7.00,b\n"

    assert [each.field for each in guessed(content).questions] == ["inverted"]


def test_a_balance_that_falls_tells_that_the_sign_is_turned() -> None:
    content = b"Date,Amount,Balance\n2026-10-01,5.00,95.00\n2026-10-02,7.00,88.00\n"

    assert mapping_of(content).inverted
    assert [line.amount.minor for line in read(content).lines] == [-500, -700]


def test_without_a_header_the_balance_is_what_grows_by_the_amount() -> None:
    content = b"13/02/2026,-5.00,COFFEE,95.00\n14/02/2026,10.00,PAY,105.00\n"
    found = mapping_of(content)

    assert not found.has_header
    assert (found.amount, found.balance, found.description) == ("2", "4", ["3"])
    assert [line.amount.minor for line in read(content).lines] == [-500, 1000]


def test_a_currency_that_may_belong_to_another_amount_is_asked() -> None:
    content = b"Date,Currency,Amount,Amount Currency\n2026-10-01,USD,-33.50,-30.00\n"
    found = guessed(content)

    assert found.mapping is not None
    assert found.mapping.currency is None
    assert "currency" in [each.field for each in found.questions]


def test_a_direction_column_gives_the_sign() -> None:
    content = b"Date;Betrag;Soll/Haben\n13.10.2026;5,00;S\n14.10.2026;7,00;H\n"

    assert [line.amount.minor for line in read(content).lines] == [-500, 700]


def test_debits_that_have_their_minus_already_are_not_turned() -> None:
    content = b"Date,Debit,Credit\n2026-10-01,-5.00,\n2026-10-02,,7.00\n"

    assert [line.amount.minor for line in read(content).lines] == [-500, 700]


def test_the_currency_of_a_line_may_stand_beside_it() -> None:
    content = b"Date,Amount,Currency\n2026-10-01,-5,JPY\n2026-10-02,7.5,EUR\n"

    assert [str(line.amount.currency) for line in read(content).lines] == ["JPY", "EUR"]


def test_a_broken_cell_does_not_hide_what_its_column_is() -> None:
    content = BRITISH.replace(b"88.00", b"much") + b"16 Oct 2026,CARD,TESCO,1.00,,1092.00\n"
    found = mapping_of(content)

    assert (found.balance, found.debit, found.decimal) == ("Balance", "Paid out", ".")
    [problem] = read_csv(content, found, "GBP", None).problems
    assert problem == "line 2, field Balance: 'much' is not an amount"


def test_columns_with_one_name_are_told_apart_by_number() -> None:
    content = b"Date,Amount,Text,Text\n2026-10-01,-5.00,a,b\n"

    assert read_sheet(content).delimiter == ","
    assert guessed(content).table.columns == ("Date", "Amount", "3", "4")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "iso-8859-15"])
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str) -> None:
    rows = [["Datum", "Betrag", "Text"], ["13.10.2026", "-5.00", "Café 5 €"]]
    content = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    [line] = read(content).lines

    assert (line.amount.minor, line.description) == (-500, "Café 5 €")


def test_an_encoding_that_can_not_be_found_can_be_told() -> None:
    content = "Date;Amount;Text\n2026-10-01;-5.00;Łódź\n".encode("iso-8859-2")
    told = mapping_of(content).model_copy(update={"encoding": "iso-8859-2"})

    assert read(content, told).lines[0].description == "Łódź"


def test_excels_separator_row_is_believed() -> None:
    content = b"sep=|\nDate|Amount|Text\n2026-10-01|-5.00|a,b;c\n"
    [line] = read(content).lines

    assert (line.description, line.raw["line"]) == ("a,b;c", 3)


def test_a_balance_that_does_not_follow_is_warned_of_with_both_sums() -> None:
    content = BRITISH.replace(b"1,093.00", b"1,094.00")
    [warning] = read(content).warnings

    assert warning.code == "balance_mismatch"
    assert "line 3" in warning.detail
    assert "1093.00" in warning.detail
    assert "1094.00" in warning.detail


ROWS = b"Date,Amount,Text\n2026-10-01,-5.00,a\n"


@pytest.mark.parametrize(
    ("content", "fields", "detail"),
    [
        (ROWS + b"2026-13-01,1.00,b\n", {}, "line 3, field Date: '2026-13-01' is not a date"),
        (ROWS + b"soon,1.00,b\n", {}, "line 3, field Date: 'soon' is not a date (ymd)"),
        (ROWS + b"soon,1.00,b\n", {"description": ["Text"]}, "line 3, field Date: 'soon' is not"),
        (ROWS + b"2026-10-02,seven,b\n", {}, "line 3, field Amount: 'seven' is not an amount"),
        (ROWS + b"2026-10-02,,b\n", {}, "line 3, field Amount: is empty"),
        (ROWS + b"2026-10-02,1.234,b\n", {}, "line 3, field Amount: '1.234': EUR has 2 decimals"),
        (ROWS + b"2026-10-02,1,50,b\n", {}, "line 3, field row: has 4 cells where 3 are expected"),
        (ROWS + b"2026-10-02\n", {}, "line 3, field row: has 1 cells where 3 are expected"),
        (ROWS + b'2026-10-02,1.00,"b\n', {}, "line 3, field row: is no CSV: unexpected end"),
        (ROWS + b"2026-10-02,1.00,a\x00\n", {}, "line 3, field text: holds the byte 0x00"),
        (ROWS + b"2026-10-02,1e5,b\n", {}, "line 3, field Amount: '1e5' is not an amount"),
        (
            ROWS + b"2026-10-02,9999999999999999.00,b\n",
            {},
            "line 3, field Amount: '9999999999999999.00': an amount has at most 15 digits",
        ),
        (
            b"Date,Amount,Cur\n2026-10-01,5,XXQ\n",
            {"currency": "Cur"},
            "line 2, field Cur: 'XXQ' is not an ISO 4217 currency",
        ),
        (
            b"Date,Amount,Way\n2026-10-01,5,up\n",
            {"direction": "Way", "in_words": ["C"], "out_words": ["D"]},
            "line 2, field Way: 'up' is neither money in nor money out",
        ),
        (
            b"Date,Out,In\n2026-10-01,5,6\n",
            {"amount": None, "debit": "Out", "credit": "In"},
            "line 2, field Out: money in and money out stand in one row",
        ),
        (
            b"Date,Amount,IBAN\n2026-10-01,5,A\n2026-10-02,5,B\n",
            {"account": "IBAN"},
            "line 3, field IBAN: names another account than the first line",
        ),
    ],
)
def test_names_the_line_and_the_column_of_what_is_wrong(
    content: bytes, fields: dict[str, object], detail: str
) -> None:
    assert refused(content, **fields).startswith(detail)


def test_every_broken_row_is_named() -> None:
    content = ROWS + b"2026-10-02,one,b\n2026-10-03,2.00,c\n2026-10-04,two,d\n"
    reading = read_csv(content, mapping_of(ROWS), "EUR", None)

    assert [problem.partition(",")[0] for problem in reading.problems] == ["line 3", "line 5"]
    assert len(reading.statement.lines) == 2


def test_a_mapping_of_other_columns_does_not_fit() -> None:
    with pytest.raises(MappingMisfit) as caught:
        refused(ROWS, amount="Betrag")
    assert caught.value.errors[0].pointer == "/mapping/amount"
    assert "'Betrag'" in caught.value.detail


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(StatementUnreadable, match="more than 100000 rows"):
        read_sheet(ROWS + b"2026-10-02,1.00,b\n" * 100_000)


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("1.2.26", "dmy", date(2026, 2, 1)),
        ("1/2/99", "mdy", date(1999, 1, 2)),
        ("Oct 15, 2026", "dmy", date(2026, 10, 15)),
        ("15. Mai 2026", "dmy", date(2026, 5, 15)),
        ("15 févr. 2026", "dmy", date(2026, 2, 15)),
        ("20261015", "ymd", date(2026, 10, 15)),
        ("2026-10-15T23:59:59+02:00", "ymd", date(2026, 10, 15)),
        ("15/10/2026 9:05 PM", "dmy", date(2026, 10, 15)),
        ("31.02.2026", "dmy", None),
        ("2026-10-15", "dmy", None),
        ("15-10", "dmy", None),
        ("1.2.2026 x", "dmy", None),
    ],
)
def test_dates(text: str, order: DateOrder, found: date | None) -> None:
    assert day(text, order) == found


@pytest.mark.parametrize(
    ("text", "mark", "found"),
    [
        ("1,533.50", ".", "1533.50"),
        ("-1.533,50", ",", "-1533.50"),
        ("1 533,50 €", ",", "1533.50"),
        ("1'000.00", ".", "1000.00"),
        ("(12.30)", ".", "-12.30"),
        ("12,30-", ",", "-12.30"),
        ("£12.30 CR", ".", "12.30"),
        ("12.30 DR", ".", "-12.30"),
        ("\u22125", ".", "-5"),
        ("1,23,456.78", ".", "123456.78"),
        ("1,23", ".", None),
        ("1.2.3", ",", None),
        ("--5", ".", None),
        ("(-5)", ".", None),
        ("5 pounds", ".", None),
        ("", ".", None),
        ("9" * 100, ".", None),
    ],
)
def test_amounts(text: str, mark: DecimalMark, found: str | None) -> None:
    assert amount(text, mark) == (None if found is None else Decimal(found))


def test_a_whole_column_tells_what_one_cell_does_not() -> None:
    assert orders(["01/02/2026"]) == ["dmy", "mdy"]
    assert orders(["01/02/2026", "13/02/2026"]) == ["dmy"]
    assert marks(["1,234"], 2) == ["."]
    assert marks(["1,200"], 2) == [".", ","]
    assert marks(["1,200", "1,200.50"], 2) == ["."]
    assert marks(["1" * 29], 2) == []
